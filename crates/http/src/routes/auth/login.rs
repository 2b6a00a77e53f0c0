//! `POST /api/auth/login`: somebody signs in.

use galen_account::Login;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, signed_in};
use crate::caller::{Anybody, UserAgent};
use crate::extract::Json;
use crate::routes::me::dto::SignedInView;

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginForm {
    /// The address.
    #[schema(max_length = 254)]
    email: String,
    /// The password.
    #[schema(max_length = 256)]
    password: String,
}

/// Signs in: opens a session under a new token, ends the one this browser had.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = LoginForm, responses(
    (status = 200, description = "Signed in; the session's token is in the cookie.", body = SignedInView),
    (status = 401, description = "The address or the password is wrong."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn login(
    by: Anybody,
    UserAgent(user_agent): UserAgent,
    Json(form): Json<LoginForm>,
) -> Answer {
    let login = Login {
        email: form.email,
        password: Secret::new(form.password),
        user_agent,
        replaces: by.caller().map(|caller| caller.session.id),
    };
    let opened = by.accounts().login(by.cx(), login).await?;
    signed_in(&by, &opened)
}
