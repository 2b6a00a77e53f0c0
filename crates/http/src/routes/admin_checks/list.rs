//! `GET /api/admin/checks`: how the synthetic checks stand.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::checks::CheckStatus;
use crate::time::Time;

/// All synthetic checks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckList)]
struct Checks<'a> {
    /// The checks, in the order of the configuration, own ones first.
    checks: Vec<CheckView<'a>>,
}

/// A synthetic check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
struct CheckView<'a> {
    /// Its name.
    name: &'a str,
    /// What is asked.
    url: &'a str,
    /// Whether it is an endpoint of this server.
    own: bool,
    /// When it was last asked.
    last_at: Option<Time>,
    /// What came of it: `ok`, or what went wrong.
    last_outcome: Option<&'a str>,
    /// Time to the connection, in milliseconds.
    connect_ms: Option<f64>,
    /// Time to the first byte of the answer, in milliseconds.
    first_byte_ms: Option<f64>,
    /// Whole time, in milliseconds.
    total_ms: Option<f64>,
    /// How often it was asked since the start.
    runs: u64,
    /// How often that failed.
    failures: u64,
}

impl<'a> From<&'a CheckStatus> for CheckView<'a> {
    fn from(it: &'a CheckStatus) -> Self {
        Self {
            name: &it.name,
            url: &it.url,
            own: it.own,
            last_at: it.last_at.map(Time),
            last_outcome: it.last_outcome.as_deref(),
            connect_ms: it.connect_ms,
            first_byte_ms: it.first_byte_ms,
            total_ms: it.total_ms,
            runs: it.runs,
            failures: it.failures,
        }
    }
}

/// Lists the synthetic checks with what they found last. Their history is in the series
/// `check_connect_ns`, `check_first_byte_ns`, `check_total_ns` and `check_runs`.
#[utoipa::path(get, path = "/api/admin/checks", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The checks.", body = Checks),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    let checks = (by.app().checks)();
    ok(&Checks { checks: checks.iter().map(Into::into).collect() })
}
