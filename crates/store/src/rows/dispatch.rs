//! What carrying on needs, and the browsers it goes to, out of rows.

use galen_core::dispatch::{Addressee, FanOut, FanOutProgress, FanOutState, Held};
use galen_core::model::{Notification, UserStatus};
use galen_core::preferences::CategoryRule;
use galen_core::push::Subscription;
use galen_core::{NotificationId, PushId, Secret, Seq, StoreError, StoreResult, UserId};

use super::{PUBLISHED_COLUMNS, at, channel, id, maybe_at, maybe_text, published, text, word};
use crate::rows::preferences;
use crate::tx::Row;

/// A user with what it wants of a category and of every other; its browsers are not among it.
pub(crate) fn addressee(row: &dyn Row) -> StoreResult<Addressee> {
    let status = word(row, 2, &UserStatus::ALL, UserStatus::name)?;
    let mut wishes = preferences(row, 4)?;
    wishes.rules = [9, 12]
        .into_iter()
        .filter_map(|first| rule(row, first).transpose())
        .collect::<StoreResult<_>>()?;
    Ok(Addressee {
        user_id: UserId::from_bytes(id(row, 0)?),
        email: text(row, 1)?,
        is_active: status == UserStatus::Active,
        is_proven: maybe_at(row, 3)?.is_some(),
        preferences: wishes,
        browsers: Vec::new(),
    })
}

/// A rule an outer join may have found.
fn rule(row: &dyn Row, first: usize) -> StoreResult<Option<CategoryRule>> {
    let Some(category) = maybe_text(row, first)? else { return Ok(None) };
    let flag = |column| Ok::<_, StoreError>(row.maybe_int(column)?.map(|flag| flag != 0));
    Ok(Some(CategoryRule { category, email: flag(first + 1)?, push: flag(first + 2)? }))
}

pub(crate) fn fan_out(row: &dyn Row) -> StoreResult<FanOut> {
    let after = match row.blob(PUBLISHED_COLUMNS)? {
        [] => None,
        _ => Some(UserId::from_bytes(id(row, PUBLISHED_COLUMNS)?)),
    };
    Ok(FanOut { notification: Notification { is_broadcast: true, ..published(row)? }, after })
}

pub(crate) fn progress(row: &dyn Row) -> StoreResult<FanOutProgress> {
    Ok(FanOutProgress {
        channel: channel(row)?,
        state: word(row, 1, &FanOutState::ALL, FanOutState::name)?,
        looked: row.int(2)?,
        queued: row.int(3)?,
        held: row.int(4)?,
        sent: row.int(5)?,
        failed: row.int(6)?,
        captured: row.int(7)?,
        cancelled: row.int(8)?,
    })
}

pub(crate) fn held(row: &dyn Row) -> StoreResult<Held> {
    Ok(Held {
        user_id: UserId::from_bytes(id(row, 0)?),
        seq: Seq(row.int(1)?),
        notification: NotificationId::from_bytes(id(row, 2)?),
        due_at: at(row, 3)?,
    })
}

/// The name of a subscription in the first column.
pub(crate) fn push_id(row: &dyn Row) -> StoreResult<PushId> {
    id(row, 0).map(PushId::from_bytes)
}

pub(crate) fn subscription(row: &dyn Row) -> StoreResult<Subscription> {
    Ok(Subscription {
        id: push_id(row)?,
        user_id: UserId::from_bytes(id(row, 1)?),
        endpoint: Secret::new(text(row, 2)?),
        p256dh: row.blob(3)?.to_vec(),
        auth: Secret::new(row.blob(4)?.to_vec()),
        user_agent: maybe_text(row, 5)?,
        created_at: at(row, 6)?,
    })
}
