//! `DELETE /api/admin/keys/{id}`: an API key works no more.

use galen_core::ApiKeyId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Revokes an API key at once.
#[utoipa::path(delete, path = "/api/admin/keys/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The key.")), responses(
    (status = 204, description = "It works no more."),
))]
pub(crate) async fn revoke(by: Admin, PathId(id): PathId<ApiKeyId>) -> Answer {
    by.accounts().revoke_api_key(by.cx(), Some(by.caller()), id).await?;
    Ok(nothing())
}
