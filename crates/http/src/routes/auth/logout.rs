//! `POST /api/auth/logout`: the session ends.

use crate::answer::{Answer, nothing, signed_out};
use crate::caller::SignedIn;

/// Ends the session that asks, for good, and removes its cookie.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", security(("session" = [])), responses(
    (status = 204, description = "The session has ended."),
))]
pub(crate) async fn logout(by: SignedIn) -> Answer {
    by.accounts().logout(by.cx(), by.caller()).await?;
    Ok(signed_out(&by, nothing()))
}
