//! `GET /api/admin/alerts/silences`: what is silenced, why, and until when.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::SilenceView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// Silences in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SilenceList)]
struct Silences<'a> {
    /// The silences, those that end first first.
    silences: Vec<SilenceView<'a>>,
}

/// Lists the silences in force.
#[utoipa::path(get, path = "/api/admin/alerts/silences", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The silences.", body = Silences),
))]
pub(crate) async fn silences(by: Admin) -> Answer {
    let now = by.app().clock.now();
    let silences =
        by.app().store.silences(by.cx(), now).await.map_err(galen_core::Refusal::from)?;
    ok(&Silences { silences: silences.iter().map(Into::into).collect() })
}
