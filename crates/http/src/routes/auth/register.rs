//! `POST /api/auth/register`: somebody makes an account, where that is open.

use galen_account::Registration;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::Next;
use crate::answer::{Answer, accepted};
use crate::caller::Anybody;
use crate::extract::Json;

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterForm {
    /// The address.
    #[schema(max_length = 254)]
    email: String,
    /// What the user wants to be called.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// The password: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    password: String,
}

impl RegisterForm {
    pub(crate) fn into_registration(self) -> Registration {
        Registration { email: self.email, name: self.name, password: Secret::new(self.password) }
    }
}

/// Makes an account, whose address is then to be proven by mail. An address that has an account gets
/// the same answer, and its owner a mail that says so.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = RegisterForm, responses(
    (status = 202, description = "What comes next is in the mailbox.", body = Next),
    (status = 403, description = "Registration is not open."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn register(by: Anybody, Json(form): Json<RegisterForm>) -> Answer {
    by.accounts().register(by.cx(), form.into_registration()).await?;
    accepted(&Next::MAIL)
}
