//! `POST /api/admin/users`: an admin makes an account for somebody.

use galen_account::AdminUser;
use galen_core::Secret;
use galen_core::model::Role;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created};
use crate::caller::FreshAdmin;
use crate::extract::Json;
use crate::routes::me::dto::{UserView, role_schema};

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserForm {
    /// The address.
    #[schema(max_length = 254)]
    email: String,
    /// What the user is called.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// The first password: at least 15 characters by default, any Unicode.
    #[schema(max_length = 256)]
    password: String,
    /// What the user may do; `user` if nothing is said.
    #[serde(default = "user")]
    #[schema(schema_with = role_schema)]
    role: Role,
}

const fn user() -> Role {
    Role::User
}

/// Makes an account. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/users", tag = "admin", security(("session" = [])),
    request_body = UserForm, responses(
    (status = 201, description = "Made.", body = UserView),
    (status = 409, description = "There is an account with this address."),
))]
pub(crate) async fn create(by: FreshAdmin, Json(form): Json<UserForm>) -> Answer {
    let wanted = AdminUser {
        email: form.email,
        name: form.name,
        password: Secret::new(form.password),
        role: form.role,
    };
    let user = by.accounts().create_user(by.cx(), Some(by.caller()), wanted).await?;
    let location = format!("/api/admin/users/{}", user.id);
    created(&UserView::from(&user), Some(&location))
}
