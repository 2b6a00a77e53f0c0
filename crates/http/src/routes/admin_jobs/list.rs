//! `GET /api/admin/jobs`: how the periodic work has done.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::jobs::JobStatus;
use crate::time::Time;

/// The periodic work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobList)]
struct Jobs<'a> {
    /// All of it.
    items: Vec<JobView<'a>>,
}

/// A piece of periodic work, since the start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
struct JobView<'a> {
    /// Its name.
    name: &'a str,
    /// How often it runs, in milliseconds.
    every_ms: u64,
    /// Whether `POST …/run` has it run at once.
    by_hand: bool,
    /// Runs that ended well.
    runs: u64,
    /// Runs that failed, broke or were given up.
    failures: u64,
    /// Turns passed over because the run before still went on.
    skipped: u64,
    /// When the last run began, if there was one.
    last_at: Option<Time>,
    /// When the next one is due.
    next_at: Option<Time>,
    /// How long the last run took, in milliseconds.
    last_took_ms: f64,
    /// What it did, if it ended well.
    #[schema(value_type = Option<Object>)]
    last_did: Option<&'a Value>,
    /// Why it failed, if it did.
    last_error: Option<&'a str>,
}

impl<'a> From<&'a JobStatus> for JobView<'a> {
    fn from(it: &'a JobStatus) -> Self {
        let every_ms = i64::try_from(it.every_ms).unwrap_or(i64::MAX);
        Self {
            name: &it.name,
            every_ms: it.every_ms,
            by_hand: it.by_hand,
            runs: it.runs,
            failures: it.failures,
            skipped: it.skipped,
            last_at: it.last_at.map(Time),
            next_at: it.last_at.map(|at| Time(at.plus_ms(every_ms))),
            last_took_ms: it.last_took_ms,
            last_did: it.last_did.as_ref(),
            last_error: it.last_error.as_deref(),
        }
    }
}

/// Lists the periodic work with how it has done since the start.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The periodic work.", body = Jobs),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    let statuses = by.app().jobs.statuses();
    ok(&Jobs { items: statuses.iter().map(Into::into).collect() })
}
