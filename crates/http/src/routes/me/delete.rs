//! `DELETE /api/me`: a user deletes its own account.

use crate::answer::{Answer, nothing, signed_out};
use crate::caller::Fresh;

/// Deletes the user's own account and all its sessions. Wants a fresh authentication.
#[utoipa::path(delete, path = "/api/me", tag = "me", security(("session" = [])), responses(
    (status = 204, description = "The account is gone."),
    (status = 409, description = "It is the last active admin."),
))]
pub(crate) async fn delete(by: Fresh) -> Answer {
    by.accounts().delete_me(by.cx(), by.caller()).await?;
    Ok(signed_out(&by, nothing()))
}
