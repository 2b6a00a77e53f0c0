//! `POST /api/auth/forgot`: somebody forgot a password.

use super::dto::{AddressForm, Next};
use crate::answer::{Answer, accepted};
use crate::caller::Anybody;
use crate::extract::Json;

/// Mails a link that sets a new password, if the address has an account. The answer is the same
/// either way.
#[utoipa::path(post, path = "/api/auth/forgot", tag = "auth", request_body = AddressForm, responses(
    (status = 202, description = "If there is an account, a mail is on its way.", body = Next),
    (status = 429, description = "Too many mails for this address, or from yours."),
))]
pub(crate) async fn forgot(by: Anybody, Json(form): Json<AddressForm>) -> Answer {
    by.accounts().forgot_password(by.cx(), &form.email).await?;
    accepted(&Next::MAIL)
}
