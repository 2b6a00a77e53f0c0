//! Reads of notifications.

use galen_core::model::{Notification, NotificationPage};
use galen_core::{PageRequest, StoreResult, UserId};

use super::{before, cut, wanted};
use crate::queries::notification as queries;
use crate::rows;
use crate::tx::Tx;

/// More rows than this are not provided for in advance: a page is usually of twenty.
const ROWS_AHEAD: i64 = 32;

pub(crate) fn page(
    tx: &mut dyn Tx,
    user_id: UserId,
    unread_only: bool,
    page: PageRequest,
) -> StoreResult<NotificationPage> {
    let query = if unread_only { &queries::PAGE_UNREAD } else { &queries::PAGE };
    let before = before(page);
    let limit = wanted(page);
    let mut unread = 0;
    let ahead = usize::try_from(limit.min(ROWS_AHEAD)).unwrap_or(0);
    let mut items: Vec<Notification> = Vec::with_capacity(ahead);
    let values = [(&before).into(), user_id.as_bytes().into(), limit.into()];
    tx.read(query, &values, &mut |row| {
        unread = row.int(0)?;
        // A row without an identifier is the count of an empty page.
        if row.maybe_blob(1)?.is_some() {
            items.push(rows::notification(row, 1, user_id)?);
        }
        Ok(())
    })?;
    Ok(NotificationPage { page: cut(items, page, |notification| notification.id.0), unread })
}
