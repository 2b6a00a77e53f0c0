//! `POST /api/me/email`: a user asks for another address.

use crate::answer::{Answer, accepted};
use crate::caller::Fresh;
use crate::extract::Json;
use crate::routes::auth::dto::{AddressForm, Next};

/// Asks for another address. Nothing changes until the link that is mailed to it is used; the old
/// address is told at once. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/me/email", tag = "me", security(("session" = [])),
    request_body = AddressForm, responses(
    (status = 202, description = "What comes next is in the new mailbox.", body = Next),
    (status = 429, description = "Too many mails for this address, or from yours."),
))]
pub(crate) async fn ask_email(by: Fresh, Json(form): Json<AddressForm>) -> Answer {
    by.accounts().ask_email_change(by.cx(), by.caller(), &form.email).await?;
    accepted(&Next::MAIL)
}
