//! `POST /api/admin/invitations`: an admin invites an address.

use galen_core::LinkId;
use galen_core::model::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created};
use crate::caller::FreshAdmin;
use crate::extract::Json;
use crate::routes::me::dto::role_schema;

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationForm {
    /// The address.
    #[schema(max_length = 254)]
    email: String,
    /// What the invited may do; `user` if nothing is said.
    #[serde(default = "user")]
    #[schema(schema_with = role_schema)]
    role: Role,
}

const fn user() -> Role {
    Role::User
}

/// An invitation that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentInvitation)]
struct SentView {
    /// Its identifier, which opens nothing.
    #[schema(value_type = String, format = "uuid")]
    id: LinkId,
}

/// Invites an address, in place of an earlier invitation of it: whoever owns it sets the password.
/// Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/invitations", tag = "admin", security(("session" = [])),
    request_body = InvitationForm, responses(
    (status = 201, description = "The mail is on its way.", body = SentView),
    (status = 409, description = "There is an account with this address."),
))]
pub(crate) async fn send(by: FreshAdmin, Json(form): Json<InvitationForm>) -> Answer {
    let id = by.accounts().invite(by.cx(), by.caller(), &form.email, form.role).await?;
    created(&SentView { id }, None)
}
