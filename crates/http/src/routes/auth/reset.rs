//! `POST /api/auth/reset`: a mailed link sets a new password.

use galen_account::NewPassword;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

/// The secret of the link and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetForm {
    /// What stands behind the `#token=` of the link.
    #[schema(max_length = 256)]
    token: String,
    /// The password from now on: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    password: String,
}

/// Sets a new password and ends every session. It signs nobody in.
#[utoipa::path(post, path = "/api/auth/reset", tag = "auth", request_body = ResetForm, responses(
    (status = 200, description = "Set; sign in next.", body = UserView),
    (status = 403, description = "The link does not open."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn reset(by: Anybody, Json(form): Json<ResetForm>) -> Answer {
    let form = NewPassword { token: form.token, password: Secret::new(form.password) };
    let user = by.accounts().reset_password(by.cx(), form).await?;
    ok(&UserView::from(&user))
}
