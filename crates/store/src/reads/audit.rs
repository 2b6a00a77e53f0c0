//! Reads of the audit trail.

use galen_core::model::{AuditEntry, AuditFilter};
use galen_core::{Page, PageRequest, StoreResult, UserId};

use super::{between, cut, wanted};
use crate::queries::audit as queries;
use crate::rows;
use crate::tx::{Tx, Value, all};

/// What concerns a user comes before who did it: of a user's own rows there are few, and those of
/// one actor are looked for among them.
pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: &AuditFilter,
    page: PageRequest,
) -> StoreResult<Page<AuditEntry>> {
    let (before, least) = between(page, filter.from, filter.until);
    let whose = filter.subject.as_ref().or(filter.actor.as_ref()).map(UserId::as_bytes);
    let mut values = Vec::with_capacity(5);
    let query = match (filter.subject.is_some(), filter.actor.is_some(), filter.code.is_some()) {
        (false, false, false) => &queries::PAGE,
        (false, true, false) => &queries::PAGE_BY_ACTOR,
        (false, false, true) => &queries::PAGE_BY_CODE,
        (false, true, true) => &queries::PAGE_BY_ACTOR_AND_CODE,
        (true, _, false) => &queries::PAGE_BY_SUBJECT,
        (true, _, true) => &queries::PAGE_BY_SUBJECT_AND_CODE,
    };
    if let Some(whose) = whose {
        values.push(whose.into());
    }
    if let Some(code) = &filter.code {
        values.push(code.as_str().into());
    }
    let span: [Value<'_>; 3] = [(&before).into(), (&least).into(), wanted(page).into()];
    values.extend(span);
    let entries = all(tx, query, &values, rows::audit)?;
    Ok(cut(entries, page, |entry| entry.id.0))
}
