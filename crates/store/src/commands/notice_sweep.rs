//! The sweep of notifications: what is over leaves in bounded slices, each chosen through an index.

use galen_core::model::NoticeSweep;
use galen_core::{StoreResult, UnixMs, UserId};

use super::counts::{self, Counter};
use crate::queries::{broadcast, dispatch, notification as queries, user};
use crate::rows;
use crate::tx::{Tx, all, one};

/// How long admins see a broadcast in the history after its end: as long as the monitor remembers.
const HISTORY_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

/// One slice: broadcasts that end, notifications whose time is over, then rows nobody needs more.
pub(crate) fn slice(tx: &mut dyn Tx, now: UnixMs, max_rows: u32) -> StoreResult<NoticeSweep> {
    let room = u64::from(max_rows);
    let ended = tx.run(&broadcast::END, &[now.0.into()])?;
    let users = gone(tx, now, room)?;
    let removed = users.len() as u64;
    let mut unread: Vec<UserId> = users.into_iter().flatten().collect();
    unread.sort_unstable();
    unread.dedup();
    let forgotten = forget(tx, now, room.saturating_sub(removed))?;
    let more = removed + forgotten >= room.max(1);
    Ok(NoticeSweep { removed, users: unread, ended, forgotten, more })
}

/// Removes notifications; gives, for each that was unread, whose it was.
fn gone(tx: &mut dyn Tx, now: UnixMs, room: u64) -> StoreResult<Vec<Option<UserId>>> {
    let values = [now.0.into(), limit(room).into()];
    let removed = all(tx, &queries::SWEEP, &values, |row| {
        let user = UserId::from_bytes(rows::id(row, 0)?);
        Ok((user, row.int(1)?, row.maybe_int(2)?.is_none()))
    })?;
    for (user_id, seq, is_unread) in &removed {
        if *is_unread {
            tx.run(&user::UNREAD_LESS, &[(*seq).into(), user_id.as_bytes().into()])?;
        }
    }
    counts::add(tx, Counter::Notifications, -limit(removed.len() as u64))?;
    Ok(removed.into_iter().map(|(user, _, is_unread)| is_unread.then_some(user)).collect())
}

/// Removes who read broadcasts that ended, and broadcasts that ended long ago.
fn forget(tx: &mut dyn Tx, now: UnixMs, room: u64) -> StoreResult<u64> {
    let mut forgotten = 0;
    while forgotten < room {
        let Some(seq) = one(tx, &broadcast::MARKED, &[], |row| row.int(0))? else { break };
        let wanted = room - forgotten;
        let gone = tx.run(&broadcast::UNMARK, &[seq.into(), limit(wanted).into()])?;
        forgotten += gone;
        if gone < wanted {
            tx.run(&broadcast::UNMARKED, &[seq.into()])?;
        }
    }
    let long_ago = now.plus_ms(-HISTORY_MS);
    let wanted = room.saturating_sub(forgotten);
    let values = [long_ago.0.into(), limit(wanted).into()];
    let gone = all(tx, &broadcast::FORGET, &values, |row| rows::id(row, 0))?;
    for id in &gone {
        tx.run(&dispatch::FORGET_FAN_OUTS, &[id.into()])?;
    }
    Ok(forgotten + gone.len() as u64)
}

fn limit(room: u64) -> i64 {
    i64::try_from(room).unwrap_or(i64::MAX)
}
