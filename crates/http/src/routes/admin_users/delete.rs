//! `DELETE /api/admin/users/{id}`: an admin deletes an account.

use galen_core::UserId;

use crate::answer::{Answer, nothing};
use crate::caller::FreshAdmin;
use crate::extract::PathId;

/// Deletes a user and all its sessions. Wants a fresh authentication.
#[utoipa::path(delete, path = "/api/admin/users/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The user.")), responses(
    (status = 204, description = "The account is gone."),
    (status = 409, description = "It is the last active admin."),
))]
pub(crate) async fn delete(by: FreshAdmin, PathId(id): PathId<UserId>) -> Answer {
    by.accounts().delete_user(by.cx(), by.caller(), id).await?;
    Ok(nothing())
}
