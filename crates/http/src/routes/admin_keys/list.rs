//! `GET /api/admin/keys`: which API keys there are.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::KeyView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// The API keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeys)]
struct Keys<'a> {
    /// Newest first, at most a thousand; revoked ones stay, so that their use can be traced.
    items: Vec<KeyView<'a>>,
}

/// Lists API keys.
#[utoipa::path(get, path = "/api/admin/keys", tag = "admin", security(("session" = [])), responses(
    (status = 200, description = "The keys.", body = Keys),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    let keys = by.accounts().api_keys(by.cx(), Some(by.caller())).await?;
    ok(&Keys { items: keys.iter().map(Into::into).collect() })
}
