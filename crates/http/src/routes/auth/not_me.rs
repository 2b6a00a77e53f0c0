//! `POST /api/auth/not-me`: the owner of an account says that something was somebody else.

use super::dto::{LinkForm, Next};
use crate::answer::{Answer, accepted};
use crate::caller::Anybody;
use crate::extract::Json;

/// Ends every session of the account, locks its password, undoes a change of its address, and mails a
/// link that sets a new password.
#[utoipa::path(post, path = "/api/auth/not-me", tag = "auth", request_body = LinkForm, responses(
    (status = 202, description = "Locked; the way back in is in the mailbox.", body = Next),
    (status = 403, description = "The link does not open."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn not_me(by: Anybody, Json(form): Json<LinkForm>) -> Answer {
    by.accounts().disown(by.cx(), &form.token).await?;
    accepted(&Next::MAIL)
}
