//! `POST /api/auth/reauthenticate`: the password once more, before a risky act.

use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, signed_in};
use crate::caller::SignedIn;
use crate::extract::Json;
use crate::routes::me::dto::SignedInView;

/// The password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReauthenticateForm {
    /// The password.
    #[schema(max_length = 256)]
    password: String,
}

/// Makes the authentication fresh. The session goes on under a new token.
#[utoipa::path(post, path = "/api/auth/reauthenticate", tag = "auth", security(("session" = [])),
    request_body = ReauthenticateForm, responses(
    (status = 200, description = "Fresh; the new token is in the cookie.", body = SignedInView),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn reauthenticate(by: SignedIn, Json(form): Json<ReauthenticateForm>) -> Answer {
    let password = Secret::new(form.password);
    let opened = by.accounts().reauthenticate(by.cx(), by.caller(), password).await?;
    signed_in(&by, &opened)
}
