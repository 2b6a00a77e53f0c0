//! `GET /api/admin/alerts/rules`: by which rules alerts are raised.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::RuleView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// ALL rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleList)]
struct Rules<'a> {
    /// The rules, in the order in which they are judged.
    rules: Vec<RuleView<'a>>,
}

/// Lists the rules as they stand, with what admins changed.
#[utoipa::path(get, path = "/api/admin/alerts/rules", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The rules.", body = Rules),
))]
pub(crate) async fn rules(by: Admin) -> Answer {
    let rules = by.app().monitor.rules();
    ok(&Rules { rules: rules.iter().map(Into::into).collect() })
}
