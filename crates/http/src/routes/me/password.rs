//! `POST /api/me/password`: a user changes its password.

use galen_account::PasswordChange;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, signed_in};
use crate::caller::{Fresh, UserAgent};
use crate::extract::Json;
use crate::routes::me::dto::SignedInView;

/// The password so far and the one from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordForm {
    /// The password so far.
    #[schema(max_length = 256)]
    current: String,
    /// The password from now on: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    new: String,
}

/// Changes the password, ends all sessions, and goes on with a new one. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/me/password", tag = "me", security(("session" = [])),
    request_body = PasswordForm, responses(
    (status = 200, description = "Changed; the new session's token is in the cookie.", body = SignedInView),
    (status = 409, description = "The account changed meanwhile."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn password(
    by: Fresh,
    UserAgent(user_agent): UserAgent,
    Json(form): Json<PasswordForm>,
) -> Answer {
    let change = PasswordChange {
        current: Secret::new(form.current),
        new: Secret::new(form.new),
        user_agent,
    };
    let opened = by.accounts().change_password(by.cx(), by.caller(), change).await?;
    signed_in(&by, &opened)
}
