//! `DELETE /api/me/sessions/{id}`: a user ends one of its sessions.

use galen_core::SessionId;

use crate::answer::{Answer, nothing, signed_out};
use crate::caller::SignedIn;
use crate::extract::PathId;

/// Ends one of the user's own sessions. Another user's is not found.
#[utoipa::path(delete, path = "/api/me/sessions/{id}", tag = "me", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The session.")), responses(
    (status = 204, description = "The session has ended."),
))]
pub(crate) async fn end_session(by: SignedIn, PathId(id): PathId<SessionId>) -> Answer {
    by.accounts().end_my_session(by.cx(), by.caller(), id).await?;
    Ok(if id == by.caller().session.id { signed_out(&by, nothing()) } else { nothing() })
}
