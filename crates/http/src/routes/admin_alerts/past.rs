//! `GET /api/admin/alerts/past`: what was.

use galen_core::AlertId;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::AlertView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;

/// Alerts when nothing is said, and at the most.
const ROWS: (u32, u32) = (20, 200);

/// A page of past alerts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertPage)]
struct Past<'a> {
    /// The alerts, newest first.
    alerts: Vec<AlertView<'a>>,
    /// What to pass as `before` for the next page, when there may be one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<AlertId>,
}

/// Lists alerts of the past.
#[utoipa::path(get, path = "/api/admin/alerts/past", tag = "monitor", security(("session" = [])), params(
    ("before" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Alerts; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Past),
))]
pub(crate) async fn past(by: Admin, mut query: Query) -> Answer {
    let before: Option<AlertId> = query.parsed("before", "Expected the `next` of the page before.");
    let limit = query.limit(ROWS);
    query.finish()?;
    let alerts = by.app().monitor.past_alerts(before, limit).await?;
    let is_full = u32::try_from(alerts.len()).is_ok_and(|found| found >= limit);
    let next = alerts.last().filter(|_| is_full).map(|last| last.id);
    ok(&Past { alerts: AlertView::all(&alerts, by.app()), next })
}
