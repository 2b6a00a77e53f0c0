//! `GET /api/admin/monitor/causes`: where the time of slow requests went.

use galen_monitor::RouteCause;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;

/// Causes over a range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CauseList)]
struct Causes<'a> {
    /// All routes together first, then each, the one with most time first.
    causes: Vec<CauseView<'a>>,
}

/// Where the time of slow and failed requests of one route went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouteCause)]
struct CauseView<'a> {
    /// The route with its method; empty for all together.
    route: &'a str,
    /// The cause, when one phase holds at least half of their time: `writer_lock`, `pool`,
    /// `hash_queue`, `disk`, `query:NAME`, `executor`, `outbound`, `cpu`, `client`.
    cause: Option<&'a str>,
    /// The phase with the most time.
    phase: Option<&'a str>,
    /// Its share of the wall time, from 0 to 1.
    share: f64,
    /// The share that no phase explains.
    unexplained: f64,
    /// Their wall time together, in nanoseconds.
    wall_ns: f64,
}

impl<'a> From<&'a RouteCause> for CauseView<'a> {
    fn from(it: &'a RouteCause) -> Self {
        Self {
            route: &it.route,
            cause: it.cause.as_deref(),
            phase: it.phase.as_deref(),
            share: it.share,
            unexplained: it.unexplained,
            wall_ns: it.wall_ns,
        }
    }
}

/// Says where the time of slow and failed requests went, and names the cause where one was measured.
#[utoipa::path(get, path = "/api/admin/monitor/causes", tag = "monitor", security(("session" = [])), params(
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970; an hour before `until` if nothing is said."),
    ("until" = Option<String>, Query, description = "Up to when; now if nothing is said."),
), responses(
    (status = 200, description = "The causes.", body = Causes),
))]
pub(crate) async fn causes(by: Admin, mut query: Query) -> Answer {
    let (from, until) = query.range(by.app().clock.now());
    query.finish()?;
    let causes = by.app().monitor.causes(from, until).await?;
    ok(&Causes { causes: causes.iter().map(Into::into).collect() })
}
