//! `GET /api/me/security-log`: what concerns a user in the audit trail.

use galen_core::model::AuditEntry;
use galen_core::{AuditId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Query;
use crate::routes::admin_audit::dto::own_filter;
use crate::routes::me::dto::words;
use crate::routes::notifications::dto::{Next, object};
use crate::time::Time;

/// A page of a user's security log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecurityLogPage)]
struct SecurityLog<'a> {
    /// The entries, newest first.
    items: Vec<EventView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Something that concerns the user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecurityEvent)]
pub(super) struct EventView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: AuditId,
    /// When.
    at: Time,
    /// What happened, a stable code.
    code: &'a str,
    /// Who did it: the user itself, somebody else (an admin), or nobody who was signed in.
    #[schema(schema_with = by_schema)]
    by: &'static str,
    /// From which address; where somebody else did it, theirs is not told.
    address: Option<&'a str>,
    /// What it was done with, where that was written down: the program as it called itself.
    user_agent: Option<String>,
    /// Typed parameters.
    #[schema(value_type = Object)]
    params: Value,
}

fn by_schema() -> utoipa::openapi::schema::Schema {
    words(&["self", "other", "nobody"])
}

impl<'a> EventView<'a> {
    /// The entry as the user `me` sees it.
    pub(super) fn new(entry: &'a AuditEntry, me: UserId) -> Self {
        let by = match entry.actor {
            Some(actor) if actor == me => "self",
            Some(_) => "other",
            None => "nobody",
        };
        let mut params = object(Some(&entry.params)).unwrap_or_default();
        let user_agent = params.as_object_mut().and_then(|params| params.remove("user_agent"));
        Self {
            id: entry.id,
            at: entry.at.into(),
            code: &entry.code,
            by,
            address: entry.address.as_deref().filter(|_| by != "other"),
            user_agent: user_agent.and_then(|agent| agent.as_str().map(str::to_owned)),
            params,
        }
    }
}

/// Lists what concerns the user: sign-ins and failed ones, what became of its sessions, its password
/// and its address, and what admins changed.
#[utoipa::path(get, path = "/api/me/security-log", tag = "me", security(("session" = [])), params(
    ("code" = Option<String>, Query, description = "Only entries with this code."),
    ("from" = Option<String>, Query, format = "date-time", description = "Only entries of this moment or later."),
    ("until" = Option<String>, Query, format = "date-time", description = "Only entries before this moment."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = SecurityLog),
))]
pub(crate) async fn security_log(by: SignedIn, mut query: Query) -> Answer {
    let page = query.page();
    let filter = own_filter(&mut query);
    query.finish()?;
    let found = by.accounts().my_trail(by.cx(), by.caller(), filter, page).await?;
    let me = by.caller().user.id;
    let items = found.items.iter().map(|entry| EventView::new(entry, me)).collect();
    ok(&SecurityLog { items, next: found.next.map(Next) })
}
