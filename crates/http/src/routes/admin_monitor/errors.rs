//! `GET /api/admin/monitor/errors`: errors grouped, each with an example.

use galen_monitor::{ErrorGroup, ErrorSample};
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::LedgerView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::time::Time;

/// Errors over a range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorList)]
struct Errors<'a> {
    /// The groups, the most frequent first.
    errors: Vec<GroupView<'a>>,
}

/// Errors of one kind: one code on one route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorGroup)]
struct GroupView<'a> {
    /// The stable code.
    code: &'a str,
    /// The route with its method.
    route: &'a str,
    /// How many there were.
    count: u64,
    /// When one was last seen since the start of the process.
    last_at: Option<Time>,
    /// The newest one, as an example.
    sample: Option<SampleView<'a>>,
}

/// One request that ended in an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorSample)]
struct SampleView<'a> {
    /// When.
    at: Time,
    /// Which request.
    #[schema(format = "uuid")]
    request_id: &'a str,
    /// The status answered; 0 when nothing was.
    status: u16,
    /// Where its time went.
    ledger: LedgerView,
}

impl<'a> From<&'a ErrorSample> for SampleView<'a> {
    fn from(it: &'a ErrorSample) -> Self {
        Self {
            at: it.at.into(),
            request_id: &it.request_id,
            status: it.status,
            ledger: (&it.ledger).into(),
        }
    }
}

impl<'a> From<&'a ErrorGroup> for GroupView<'a> {
    fn from(it: &'a ErrorGroup) -> Self {
        Self {
            code: &it.code,
            route: &it.route,
            count: it.count,
            last_at: it.last_at.map(Time),
            sample: it.sample.as_ref().map(Into::into),
        }
    }
}

/// Groups the errors of a range by code and route.
#[utoipa::path(get, path = "/api/admin/monitor/errors", tag = "monitor", security(("session" = [])), params(
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970; an hour before `until` if nothing is said."),
    ("until" = Option<String>, Query, description = "Up to when; now if nothing is said."),
), responses(
    (status = 200, description = "The groups.", body = Errors),
))]
pub(crate) async fn errors(by: Admin, mut query: Query) -> Answer {
    let (from, until) = query.range(by.app().clock.now());
    query.finish()?;
    let groups = by.app().monitor.errors(from, until).await?;
    ok(&Errors { errors: groups.iter().map(Into::into).collect() })
}
