//! `POST /api/auth/accept-invitation`: somebody who was invited makes the account.

use galen_account::Acceptance;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

/// The secret of the invitation, and what the account shall be like.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptanceForm {
    /// What stands behind the `#token=` of the link.
    #[schema(max_length = 256)]
    token: String,
    /// What the user wants to be called.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// The password: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    password: String,
}

/// Makes the account an invitation is for. Its address and its role are the invitation's.
#[utoipa::path(post, path = "/api/auth/accept-invitation", tag = "auth", request_body = AcceptanceForm, responses(
    (status = 201, description = "The account was made; sign in next.", body = UserView),
    (status = 403, description = "The link does not open."),
    (status = 409, description = "There is an account with this address by now."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn accept_invitation(by: Anybody, Json(form): Json<AcceptanceForm>) -> Answer {
    let form =
        Acceptance { token: form.token, name: form.name, password: Secret::new(form.password) };
    let user = by.accounts().accept_invitation(by.cx(), form).await?;
    created(&UserView::from(&user), None)
}
