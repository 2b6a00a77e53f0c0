//! Reads of the audit trail.

use galen_core::model::{AuditEntry, AuditFilter};
use galen_core::{Page, PageRequest, StoreResult};

use super::{before, cut, wanted};
use crate::queries::audit as queries;
use crate::rows;
use crate::tx::{Tx, all};

pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: &AuditFilter,
    page: PageRequest,
) -> StoreResult<Page<AuditEntry>> {
    let before = before(page);
    let actor = filter.actor.as_ref().map(|actor| actor.as_bytes());
    let mut values = Vec::with_capacity(4);
    let query = match (&filter.actor, &filter.code) {
        (None, None) => &queries::PAGE,
        (Some(_), None) => &queries::PAGE_BY_ACTOR,
        (None, Some(_)) => &queries::PAGE_BY_CODE,
        (Some(_), Some(_)) => &queries::PAGE_BY_ACTOR_AND_CODE,
    };
    if let Some(actor) = actor {
        values.push(actor.into());
    }
    if let Some(code) = &filter.code {
        values.push(code.as_str().into());
    }
    values.push((&before).into());
    values.push(wanted(page).into());
    let entries = all(tx, query, &values, rows::audit)?;
    Ok(cut(entries, page, |entry| entry.id.0))
}
