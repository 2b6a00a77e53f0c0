//! `DELETE /api/admin/sessions/{id}`: an admin ends a session.

use galen_core::SessionId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Ends a session of any user at once.
#[utoipa::path(delete, path = "/api/admin/sessions/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The session.")), responses(
    (status = 204, description = "The session has ended."),
))]
pub(crate) async fn end(by: Admin, PathId(id): PathId<SessionId>) -> Answer {
    by.accounts().end_session(by.cx(), by.caller(), id).await?;
    Ok(nothing())
}
