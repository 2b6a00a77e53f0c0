//! `POST /api/auth/resend-verification`: the mail that proves an address, once more.

use super::dto::{AddressForm, Next};
use crate::answer::{Answer, accepted};
use crate::caller::Anybody;
use crate::extract::Json;

/// Sends the link that proves an address once more, if it belongs to an account whose address is not
/// proven. The answer is the same either way.
#[utoipa::path(post, path = "/api/auth/resend-verification", tag = "auth", request_body = AddressForm, responses(
    (status = 202, description = "If there is something to prove, a mail is on its way.", body = Next),
    (status = 429, description = "Too many mails for this address, or from yours."),
))]
pub(crate) async fn resend_verification(by: Anybody, Json(form): Json<AddressForm>) -> Answer {
    by.accounts().resend_verification(by.cx(), &form.email).await?;
    accepted(&Next::MAIL)
}
