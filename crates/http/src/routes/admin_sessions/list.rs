//! `GET /api/admin/sessions`: who is signed in.

use std::net::IpAddr;

use galen_core::model::{SessionFilter, SessionOwner};
use galen_core::{Code, SessionId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::me::dto::SessionView;
use crate::routes::notifications::dto::Next;

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionPage)]
struct Sessions<'a> {
    /// The sessions, newest first, expired ones included until they are swept.
    items: Vec<OwnedSession<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// A session and whose it is.
#[derive(Debug, Serialize, ToSchema)]
struct OwnedSession<'a> {
    /// The session.
    session: SessionView<'a>,
    /// Its user's identifier.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// Its user's address.
    email: &'a str,
}

impl<'a> OwnedSession<'a> {
    fn new(owner: &'a SessionOwner, asking: SessionId) -> Self {
        Self {
            session: SessionView::new(&owner.session, asking),
            user_id: owner.user.id,
            email: &owner.user.email,
        }
    }
}

/// Lists sessions of all users.
#[utoipa::path(get, path = "/api/admin/sessions", tag = "admin", security(("session" = [])), params(
    ("user_id" = Option<String>, Query, format = "uuid", description = "Only this user's."),
    ("address" = Option<String>, Query, description = "Only those opened from this IP address."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Sessions),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let user_id = query.parsed("user_id", "Expected a user's identifier.");
    let address: Option<IpAddr> = query.parsed("address", "Expected an IP address.");
    if user_id.is_some() && address.is_some() {
        query.refuse("address", Code::FieldRange, "Expected a user or an address, not both.");
    }
    let address = address.map(|address| address.to_canonical().to_string());
    let filter = SessionFilter { user_id, address };
    query.finish()?;
    let found = by.accounts().sessions(by.cx(), by.caller(), filter, page).await?;
    let asking = by.caller().session.id;
    let items = found.items.iter();
    ok(&Sessions {
        items: items.map(|owner| OwnedSession::new(owner, asking)).collect(),
        next: found.next.map(Next),
    })
}
