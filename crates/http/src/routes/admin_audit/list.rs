//! `GET /api/admin/audit`: who did what.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::{EntryView, filter};
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::notifications::dto::Next;

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
struct Trail<'a> {
    /// The entries, newest first.
    items: Vec<EntryView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Lists the audit trail.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", security(("session" = [])), params(
    ("actor" = Option<String>, Query, format = "uuid", description = "Only what this user did."),
    ("subject" = Option<String>, Query, format = "uuid", description = "Only what concerns this user: done to it, or to a session of its. Not together with `actor`."),
    ("code" = Option<String>, Query, description = "Only entries with this code."),
    ("from" = Option<String>, Query, format = "date-time", description = "Only entries of this moment or later."),
    ("until" = Option<String>, Query, format = "date-time", description = "Only entries before this moment."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Trail),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let filter = filter(&mut query);
    query.finish()?;
    let found = by.accounts().audit(by.cx(), by.caller(), filter, page).await?;
    ok(&Trail { items: found.items.iter().map(Into::into).collect(), next: found.next.map(Next) })
}
