//! `POST /api/auth/register`: somebody makes an account, where that is open.

use galen_account::Registration;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

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

/// Makes an account. Closed by default.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = RegisterForm, responses(
    (status = 201, description = "The account was made; sign in next.", body = UserView),
    (status = 409, description = "There is an account with this address."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn register(by: Anybody, Json(form): Json<RegisterForm>) -> Answer {
    let user = by.accounts().register(by.cx(), form.into_registration()).await?;
    created(&UserView::from(&user), None)
}
