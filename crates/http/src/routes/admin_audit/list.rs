//! `GET /api/admin/audit`: who did what.

use galen_core::model::{AuditCode, AuditEntry, AuditFilter};
use galen_core::{AuditId, RequestId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::notifications::dto::Next;
use crate::time::Time;

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

/// One entry of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct EntryView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: AuditId,
    /// When.
    at: Time,
    /// What happened, a stable code.
    code: &'a str,
    /// Who did it, when somebody is known.
    #[schema(value_type = Option<String>, format = "uuid")]
    actor: Option<UserId>,
    /// To whom or what: `user:…` or `session:…`.
    target: Option<&'a str>,
    /// From which address; none from the command line.
    address: Option<&'a str>,
    /// In which request.
    #[schema(value_type = String, format = "uuid")]
    request_id: RequestId,
    /// Typed parameters.
    #[schema(value_type = Object)]
    params: Value,
}

impl<'a> From<&'a AuditEntry> for EntryView<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.into(),
            code: &entry.code,
            actor: entry.actor,
            target: entry.target.as_deref(),
            address: entry.address.as_deref(),
            request_id: entry.request_id,
            // They are written as an object; a spoiled row is shown as the text it has.
            params: serde_json::from_str(&entry.params)
                .unwrap_or_else(|_| Value::String(entry.params.clone())),
        }
    }
}

/// A code of the trail, as a query names it.
struct KnownCode(String);

impl std::str::FromStr for KnownCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_known = AuditCode::ALL.iter().any(|code| code.text() == text);
        is_known.then(|| Self(text.to_owned())).ok_or(())
    }
}

/// Lists the audit trail.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", security(("session" = [])), params(
    ("actor" = Option<String>, Query, format = "uuid", description = "Only what this user did."),
    ("code" = Option<String>, Query, description = "Only entries with this code."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Trail),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let filter = AuditFilter {
        actor: query.parsed("actor", "Expected a user's identifier."),
        code: query
            .parsed::<KnownCode>("code", "Expected a code of the audit trail.")
            .map(|code| code.0),
    };
    query.finish()?;
    let found = by.accounts().audit(by.cx(), by.caller(), filter, page).await?;
    ok(&Trail { items: found.items.iter().map(Into::into).collect(), next: found.next.map(Next) })
}
