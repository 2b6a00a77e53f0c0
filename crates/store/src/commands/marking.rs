//! Marking: a user's notifications go from unseen over seen and read to archived.

use galen_core::model::{Act, InboxCounts, Marked, Step};
use galen_core::{NotificationId, Seq, StoreResult, UserId};

use crate::queries::{broadcast, notification as queries, user};
use crate::reads::notification::head;
use crate::tx::{Tx, all, one};

/// How many unread ones may have come after the place a user says it has seen.
const LATER_MAX: i64 = 1_000;

pub(crate) fn mark(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    (step, ids): (Step, &[NotificationId]),
) -> StoreResult<Marked> {
    let mut marked = 0;
    for id in ids {
        let was_read = read(tx, act, user_id, *id)?;
        marked += match step {
            Step::Read => was_read,
            Step::Archived => archive(tx, act, user_id, *id)?,
        };
    }
    outcome(tx, user_id, marked)
}

/// Marks one as read: 1 when it was unread.
fn read(tx: &mut dyn Tx, act: &Act, user_id: UserId, id: NotificationId) -> StoreResult<u64> {
    let values = [act.at.0.into(), id.as_bytes().into(), user_id.as_bytes().into()];
    if let Some(seq) = one(tx, &queries::MARK_READ, &values, |row| row.int(0))? {
        tx.run(&user::UNREAD_LESS, &[seq.into(), user_id.as_bytes().into()])?;
        return Ok(1);
    }
    match of_user(tx, user_id, id)? {
        Some(seq) => read_broadcast(tx, act, user_id, seq),
        None => Ok(0),
    }
}

/// The place of the broadcast with this identifier, when the user has it.
fn of_user(tx: &mut dyn Tx, user_id: UserId, id: NotificationId) -> StoreResult<Option<i64>> {
    let values = [user_id.as_bytes().into(), id.as_bytes().into()];
    one(tx, &broadcast::OF_USER, &values, |row| row.int(0))
}

fn read_broadcast(tx: &mut dyn Tx, act: &Act, user_id: UserId, seq: i64) -> StoreResult<u64> {
    let values = [user_id.as_bytes().into(), seq.into(), act.at.0.into()];
    let read = tx.run(&broadcast::MARK, &values)?;
    if read > 0 {
        tx.run(&broadcast::READ_ADD, &[seq.into()])?;
    }
    Ok(read)
}

/// Puts one away that was read: 1 when it was not put away before.
fn archive(tx: &mut dyn Tx, act: &Act, user_id: UserId, id: NotificationId) -> StoreResult<u64> {
    let values = [act.at.0.into(), id.as_bytes().into(), user_id.as_bytes().into()];
    if tx.run(&queries::MARK_ARCHIVED, &values)? > 0 {
        return Ok(1);
    }
    let Some(seq) = of_user(tx, user_id, id)? else { return Ok(0) };
    let values = [act.at.0.into(), user_id.as_bytes().into(), seq.into()];
    tx.run(&broadcast::MARK_ARCHIVED, &values)
}

pub(crate) fn mark_seen(tx: &mut dyn Tx, user_id: UserId, upto: Seq) -> StoreResult<Marked> {
    let Some(before) = head(tx, user_id)? else { return outcome(tx, user_id, 0) };
    let upto = upto.min(before.latest);
    let values = [user_id.as_bytes().into(), upto.0.into()];
    let later = one(tx, &queries::UNREAD_AFTER, &values, |row| row.int(0))?.unwrap_or(0);
    if later <= LATER_MAX {
        let values = [upto.0.into(), later.into(), user_id.as_bytes().into()];
        tx.run(&user::SEEN, &values)?;
    }
    let after = outcome(tx, user_id, 0)?;
    let seen = before.counts.unseen - after.counts.unseen;
    Ok(Marked { marked: u64::try_from(seen).unwrap_or(0), ..after })
}

pub(crate) fn mark_all_read(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    max_rows: u32,
) -> StoreResult<Marked> {
    let Some(before) = head(tx, user_id)? else { return outcome(tx, user_id, 0) };
    let name = user_id.as_bytes();
    tx.run(&user::SEEN, &[before.latest.0.into(), 0.into(), name.into()])?;
    let values = [act.at.0.into(), name.into(), i64::from(max_rows).into()];
    let mut marked = tx.run(&queries::MARK_ALL_READ, &values)?;
    if marked > 0 {
        let less = i64::try_from(marked).unwrap_or(i64::MAX);
        tx.run(&user::SEEN_UNREAD_LESS, &[less.into(), name.into()])?;
    }
    for seq in all(tx, &broadcast::UNREAD_OF_USER, &[name.into()], |row| row.int(0))? {
        marked += read_broadcast(tx, act, user_id, seq)?;
    }
    outcome(tx, user_id, marked)
}

fn outcome(tx: &mut dyn Tx, user_id: UserId, marked: u64) -> StoreResult<Marked> {
    let counts = head(tx, user_id)?.map_or(InboxCounts::default(), |head| head.counts);
    Ok(Marked { marked, counts })
}
