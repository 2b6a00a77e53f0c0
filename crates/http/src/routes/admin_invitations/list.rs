//! `GET /api/admin/invitations`: who was invited.

use galen_core::LinkId;
use galen_core::links::KeptLink;
use galen_core::model::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::me::dto::role_schema;
use crate::routes::notifications::dto::Next;
use crate::time::Time;

/// A page of invitations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitationPage)]
struct Invitations<'a> {
    /// The invitations, newest first; used and expired ones stay for a week.
    items: Vec<InvitationView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationView<'a> {
    /// Its identifier, which opens nothing.
    #[schema(value_type = String, format = "uuid")]
    id: LinkId,
    /// The invited address.
    email: &'a str,
    /// What the invited may do.
    #[schema(schema_with = role_schema)]
    role: Role,
    /// When it was sent.
    created_at: Time,
    /// When it stops opening.
    expires_at: Time,
    /// When it was used, if it was.
    used_at: Option<Time>,
}

impl<'a> From<&'a KeptLink> for InvitationView<'a> {
    fn from(link: &'a KeptLink) -> Self {
        Self {
            id: link.id,
            email: &link.email,
            role: link.role.unwrap_or(Role::User),
            created_at: link.created_at.into(),
            expires_at: link.expires_at.into(),
            used_at: link.used_at.map(Time),
        }
    }
}

/// Lists invitations.
#[utoipa::path(get, path = "/api/admin/invitations", tag = "admin", security(("session" = [])), params(
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Invitations),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    query.finish()?;
    let found = by.accounts().invitations(by.cx(), by.caller(), page).await?;
    ok(&Invitations {
        items: found.items.iter().map(Into::into).collect(),
        next: found.next.map(Next),
    })
}
