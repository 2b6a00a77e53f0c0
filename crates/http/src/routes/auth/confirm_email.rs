//! `POST /api/auth/confirm-email`: a new address is confirmed by the link that was mailed to it.

use super::dto::LinkForm;
use crate::answer::{Answer, ok};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

/// Makes a new address the account's. The old one is told.
#[utoipa::path(post, path = "/api/auth/confirm-email", tag = "auth", request_body = LinkForm, responses(
    (status = 200, description = "It is the account's address now.", body = UserView),
    (status = 403, description = "The link does not open."),
    (status = 409, description = "Another account has this address by now."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn confirm_email(by: Anybody, Json(form): Json<LinkForm>) -> Answer {
    let user = by.accounts().confirm_email(by.cx(), &form.token).await?;
    ok(&UserView::from(&user))
}
