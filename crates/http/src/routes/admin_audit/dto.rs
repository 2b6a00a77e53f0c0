//! How the audit trail looks from outside, and which entries are wanted.

use galen_core::model::{AuditCode, AuditEntry, AuditFilter};
use galen_core::{AuditId, Code, RequestId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::Query;
use crate::time::Time;

/// One entry of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView<'a> {
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
pub(crate) struct KnownCode(pub(crate) String);

impl std::str::FromStr for KnownCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_known = AuditCode::ALL.iter().any(|code| code.text() == text);
        is_known.then(|| Self(text.to_owned())).ok_or(())
    }
}

/// Takes the parameters of a filter.
pub(crate) fn filter(query: &mut Query) -> AuditFilter {
    let filter = AuditFilter {
        actor: query.parsed("actor", "Expected a user's identifier."),
        subject: query.parsed("subject", "Expected a user's identifier."),
        ..own_filter(query)
    };
    if filter.actor.is_some() && filter.subject.is_some() {
        query.refuse("subject", Code::FieldRange, "Expected an actor or a subject, not both.");
    }
    filter
}

/// Takes those of a filter of one's own entries.
pub(crate) fn own_filter(query: &mut Query) -> AuditFilter {
    let code = query.parsed::<KnownCode>("code", "Expected a code of the audit trail.");
    AuditFilter {
        code: code.map(|code| code.0),
        from: query.time("from"),
        until: query.time("until"),
        ..AuditFilter::default()
    }
}
