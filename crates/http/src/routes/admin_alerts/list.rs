//! `GET /api/admin/alerts`: what is not over.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::AlertView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// Alerts that are not over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertList)]
struct Alerts<'a> {
    /// The alerts, the worst first: one a cause, with its symptoms.
    alerts: Vec<AlertView<'a>>,
}

/// Lists the alerts that are not over.
#[utoipa::path(get, path = "/api/admin/alerts", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The alerts.", body = Alerts),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    let alerts = by.app().monitor.alerts();
    ok(&Alerts { alerts: AlertView::all(&alerts, by.app()) })
}
