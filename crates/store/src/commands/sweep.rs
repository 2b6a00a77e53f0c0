//! The sweep: what has expired leaves in bounded slices, each chosen through an index.

use galen_core::model::{EndedSession, SweepSlice, SweepWork};
use galen_core::{StoreResult, UnixMs, UserId};

use super::counts::{self, Counter};
use super::ending;
use crate::queries::{
    broadcast, counter as counter_queries, idempotency, notification, purge, session as queries,
};
use crate::rows;
use crate::tx::{Tx, one};

/// How long a key that makes a publishing happen once is kept behind the sweep's moment: whoever
/// repeats a request does so within a day, and the room for doubt is free.
const IDEMPOTENCY_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// One slice. Expired sessions go first; what room is left goes to the notifications of deleted
/// users. Moments without sessions and old idempotency keys leave on the way.
///
/// Swept sessions get no row each in the audit trail: they ended when they expired, nobody acted,
/// and a million rows would bury those that somebody did cause. The sweep's report has their number.
pub(crate) fn slice(tx: &mut dyn Tx, work: SweepWork) -> StoreResult<SweepSlice> {
    let room = u64::from(work.max_rows);
    let ended = sessions(tx, work.expired_at, room)?;
    let sessions = ended.len() as u64;
    let orphans = orphans(tx, room.saturating_sub(sessions))?;
    let forgotten = if sessions < room { forget(tx, work.expired_at, room)? } else { 0 };
    let more = forgotten == room || left(tx, work.expired_at)?;
    Ok(SweepSlice { ended, orphans, more })
}

fn sessions(tx: &mut dyn Tx, expired_at: UnixMs, room: u64) -> StoreResult<Vec<EndedSession>> {
    let removed = ending::removed(tx, &queries::SWEEP, &[expired_at.0.into(), limit(room).into()])?;
    if !removed.is_empty() {
        let mut moments: Vec<UnixMs> = removed.iter().map(|one| one.expires_at).collect();
        counts::sessions_gone(tx, &mut moments)?;
    }
    Ok(removed.into_iter().map(|one| one.session).collect())
}

fn orphans(tx: &mut dyn Tx, room: u64) -> StoreResult<u64> {
    let mut removed = 0;
    // Each turn either uses the room up or finishes with one deleted user.
    while removed < room {
        let Some(user_id) = next_purge(tx)? else { break };
        let id = user_id.as_bytes();
        let wanted = room - removed;
        let gone = tx.run(&notification::PURGE, &[id.into(), limit(wanted).into()])?;
        counts::add(tx, Counter::Notifications, -limit(gone))?;
        let rest = wanted - gone;
        let unmarked = tx.run(&broadcast::PURGE, &[id.into(), limit(rest).into()])?;
        removed += gone + unmarked;
        if unmarked < rest {
            tx.run(&purge::DONE, &[id.into()])?;
        }
    }
    Ok(removed)
}

fn next_purge(tx: &mut dyn Tx) -> StoreResult<Option<UserId>> {
    one(tx, &purge::NEXT, &[], |row| rows::id(row, 0).map(UserId::from_bytes))
}

fn forget(tx: &mut dyn Tx, expired_at: UnixMs, room: u64) -> StoreResult<u64> {
    tx.run(&counter_queries::EXPIRY_FORGET, &[expired_at.0.into()])?;
    let kept_since = expired_at.plus_ms(-IDEMPOTENCY_KEPT_MS);
    tx.run(&idempotency::FORGET, &[kept_since.0.into(), limit(room).into()])
}

fn left(tx: &mut dyn Tx, expired_at: UnixMs) -> StoreResult<bool> {
    let expired = one(tx, &queries::ANY_EXPIRED, &[expired_at.0.into()], |_| Ok(()))?;
    Ok(expired.is_some() || next_purge(tx)?.is_some())
}

fn limit(room: u64) -> i64 {
    i64::try_from(room).unwrap_or(i64::MAX)
}
