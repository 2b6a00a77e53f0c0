//! The end of sessions: the row goes, its counts go, and the audit trail says why.

use galen_core::model::{Act, AuditCode, EndReason, EndedSession, Revocation, Revoked, RevokedOf};
use galen_core::{EndSession, EndSessions, SessionId, StoreResult, TokenHash, UnixMs, UserId};
use serde_json::json;

use super::audit::Trail;
use super::counts;
use super::outbox::{Bound, owe};
use crate::queries::{Query, session as queries};
use crate::tx::{Row, Tx, Value, all};
use crate::{reads, rows};

/// How many sessions that are too many one sign-in ends: more than it makes, so that a user who has
/// more than a lowered limit allows comes down to it, and few enough for one command.
const TOO_MANY_AT_ONCE: i64 = 50;

/// An identifier no session has: "all but none" of a user's sessions.
const NO_SESSION: [u8; 16] = [0; 16];

pub(crate) fn end_session(
    tx: &mut dyn Tx,
    act: &Act,
    ending: EndSession,
) -> StoreResult<Option<EndedSession>> {
    let mut trail = Trail::new(act);
    one_ended(tx, &mut trail, ending)
}

pub(crate) fn end_sessions(
    tx: &mut dyn Tx,
    act: &Act,
    ending: EndSessions,
) -> StoreResult<Vec<EndedSession>> {
    let mut trail = Trail::new(act);
    all_ended(tx, &mut trail, ending)
}

pub(super) fn one_ended(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    ending: EndSession,
) -> StoreResult<Option<EndedSession>> {
    let id = ending.id.as_bytes().into();
    let ended = match &ending.owner {
        None => removed(tx, &queries::END, &[id])?,
        Some(owner) => removed(tx, &queries::END_OWN, &[id, owner.as_bytes().into()])?,
    };
    Ok(settle(tx, trail, &ended, ending.reason)?.pop())
}

pub(super) fn all_ended(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    ending: EndSessions,
) -> StoreResult<Vec<EndedSession>> {
    let keep = ending.keep.map_or(NO_SESSION, |id| *id.as_bytes());
    let values = [ending.user_id.as_bytes().into(), (&keep).into()];
    let ended = removed(tx, &queries::END_OF_USER, &values)?;
    settle(tx, trail, &ended, ending.reason)
}

/// Ends a user's sessions behind the newest `kept`, the newest of those first.
pub(super) fn beyond_ended(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    user_id: UserId,
    kept: u32,
) -> StoreResult<Vec<EndedSession>> {
    let values = [user_id.as_bytes().into(), TOO_MANY_AT_ONCE.into(), i64::from(kept).into()];
    let ended = removed(tx, &queries::END_BEYOND, &values)?;
    settle(tx, trail, &ended, EndReason::TooMany)
}

/// One slice of an admin's ending of sessions, the newest first.
pub(crate) fn revoke(
    tx: &mut dyn Tx,
    act: &Act,
    revocation: &Revocation,
) -> StoreResult<Vec<Revoked>> {
    let before = revocation.before.as_bytes().into();
    let keep = revocation.keep.as_bytes().into();
    let rows = i64::from(revocation.max_rows).into();
    let ended = match &revocation.of {
        RevokedOf::User(user) => {
            removed(tx, &queries::REVOKE_OF_USER, &[user.as_bytes().into(), before, keep, rows])?
        }
        RevokedOf::Address(address) => {
            let values = [address.as_str().into(), before, keep, rows];
            removed(tx, &queries::REVOKE_OF_ADDRESS, &values)?
        }
        RevokedOf::Everybody => removed(tx, &queries::REVOKE, &[before, keep, rows])?,
    };
    settle(tx, &mut Trail::new(act), &ended, EndReason::RevokedByAdmin)?;
    if let (RevokedOf::User(user), Some(owed), false) =
        (&revocation.of, &revocation.owed, ended.is_empty())
        && let Some(user) = reads::user::by_id(tx, *user)?
    {
        let to = Bound::to(tx, &user)?;
        owe(tx, act, &to, owed)?;
    }
    let revoked = |one: &Removed| Revoked { session: one.session, user_id: one.user_id };
    Ok(ended.iter().map(revoked).collect())
}

/// What a statement that removes sessions says of each.
pub(super) struct Removed {
    pub(super) session: EndedSession,
    pub(super) expires_at: UnixMs,
    user_id: UserId,
}

pub(super) fn removed(
    tx: &mut dyn Tx,
    query: &Query,
    values: &[Value<'_>],
) -> StoreResult<Vec<Removed>> {
    all(tx, query, values, |row: &dyn Row| {
        Ok(Removed {
            session: EndedSession {
                id: SessionId::from_bytes(rows::id(row, 0)?),
                token_hash: TokenHash(rows::hash(row, 1)?),
            },
            expires_at: UnixMs(row.int(2)?),
            user_id: UserId::from_bytes(rows::id(row, 3)?),
        })
    })
}

/// Keeps the counts and writes one row a session: the why-log answers for each by its name.
fn settle(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    ended: &[Removed],
    reason: EndReason,
) -> StoreResult<Vec<EndedSession>> {
    let mut moments: Vec<UnixMs> = ended.iter().map(|one| one.expires_at).collect();
    if !moments.is_empty() {
        counts::sessions_gone(tx, &mut moments)?;
    }
    for one in ended {
        let target = format!("session:{}", one.session.id);
        let params = json!({ "reason": reason, "user": one.user_id }).to_string();
        let row = (AuditCode::SessionEnded, Some(target.as_str()), params.as_str());
        trail.write_of(tx, Some(one.user_id), row)?;
    }
    Ok(ended.iter().map(|one| one.session).collect())
}
