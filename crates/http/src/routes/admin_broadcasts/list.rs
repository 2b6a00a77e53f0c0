//! `GET /api/admin/broadcasts`: what was broadcast, and how far it has come.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::notifications::dto::Next;
use crate::routes::notify::answers::BroadcastView;

/// A page of broadcasts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastPage)]
struct Broadcasts {
    /// The broadcasts, newest first: scheduled, live, recalled and ended ones.
    items: Vec<BroadcastView>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Lists broadcasts with how many they reach and how many have read each.
#[utoipa::path(get, path = "/api/admin/broadcasts", tag = "admin", security(("session" = [])), params(
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Broadcasts),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    query.finish()?;
    let found = by.accounts().broadcasts(by.cx(), by.caller(), page).await?;
    let items = found.items.iter().map(Into::into).collect();
    ok(&Broadcasts { items, next: found.next.map(Next) })
}
