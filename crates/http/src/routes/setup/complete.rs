//! `POST /api/setup`: the setup link is redeemed, and the first admin made.

use galen_account::Registration;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

/// The first admin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupForm {
    /// The secret of the setup link: what stands behind its `#`.
    #[schema(max_length = 256)]
    token: String,
    /// The address.
    #[schema(max_length = 254)]
    email: String,
    /// What the admin wants to be called.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// The password: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    password: String,
}

/// Makes the first admin. Works once, with the link that the server printed when it first started.
#[utoipa::path(post, path = "/api/setup", tag = "setup", request_body = SetupForm, responses(
    (status = 201, description = "Made; sign in next.", body = UserView),
    (status = 409, description = "There is an account with this address."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn complete(by: Anybody, Json(form): Json<SetupForm>) -> Answer {
    let registration =
        Registration { email: form.email, name: form.name, password: Secret::new(form.password) };
    let user = by.accounts().complete_setup(by.cx(), &form.token, registration).await?;
    created(&UserView::from(&user), None)
}
