//! `PATCH /api/admin/users/{id}`: an admin changes an account.

use galen_core::UserId;
use galen_core::model::{Role, UserChange, UserStatus};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::FreshAdmin;
use crate::extract::{Json, PathId};
use crate::routes::me::dto::{UserView, role_schema, status_schema};

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeForm {
    /// What the user is called.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// What the user may do. A change ends all its sessions.
    #[schema(schema_with = role_schema)]
    #[serde(default)]
    role: Option<Role>,
    /// Whether the user may sign in. Disabling ends all its sessions.
    #[schema(schema_with = status_schema)]
    #[serde(default)]
    status: Option<UserStatus>,
}

/// Changes a user: its name, its role, whether it may sign in. Wants a fresh authentication.
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The user.")),
    request_body = UserChangeForm, responses(
    (status = 200, description = "The user as it is now.", body = UserView),
    (status = 409, description = "It would leave no active admin."),
))]
pub(crate) async fn change(
    by: FreshAdmin,
    PathId(id): PathId<UserId>,
    Json(form): Json<UserChangeForm>,
) -> Answer {
    let change = UserChange { name: form.name, role: form.role, status: form.status };
    let user = by.accounts().change_user(by.cx(), by.caller(), id, change).await?;
    ok(&UserView::from(&user))
}
