//! `DELETE /api/me/email`: a user takes the wish for another address back.

use crate::answer::{Answer, nothing};
use crate::caller::SignedIn;

/// Forgets the change of address that waits to be confirmed; the link that was mailed opens nothing
/// any more. That none waits is no error.
#[utoipa::path(delete, path = "/api/me/email", tag = "me", security(("session" = [])), responses(
    (status = 204, description = "Nothing waits to be confirmed."),
))]
pub(crate) async fn cancel_email(by: SignedIn) -> Answer {
    by.accounts().cancel_email_change(by.cx(), by.caller()).await?;
    Ok(nothing())
}
