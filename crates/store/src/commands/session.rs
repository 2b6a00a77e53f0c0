//! Commands that open sessions and keep them going.

use galen_core::model::{
    Act, AuditCode, EndReason, EndedSession, NewSession, Session, SessionOwner, SessionTouch,
    UserStatus,
};
use galen_core::{
    EndSession, OpenSession, OpenedSession, Secret, SessionId, StoreResult, TokenHash, UnixMs,
};
use serde_json::json;

use super::audit::{Trail, user_target};
use super::{counts, ending, link};
use crate::queries::{session as queries, user as user_queries};
use crate::reads;
use crate::rows;
use crate::tx::{Tx, one};

pub(crate) fn open(
    tx: &mut dyn Tx,
    act: &Act,
    open: &OpenSession,
) -> StoreResult<Option<OpenedSession>> {
    let new = &open.session;
    let Some(credentials) = reads::user::credentials_by_id(tx, new.user_id)? else {
        return Ok(None);
    };
    let mut user = credentials.user;
    if user.status != UserStatus::Active || credentials.password_hash != open.password_hash {
        return Ok(None);
    }
    let mut trail = Trail::new(act);
    let mut ended = Vec::new();
    if let Some(id) = open.replaces {
        let reason = EndReason::Replaced;
        ended.extend(ending::one_ended(tx, &mut trail, EndSession { id, owner: None, reason })?);
    }
    // Before the new one is there, so that it is never the one too many, whatever the clock said
    // when the others were named.
    let others = open.sessions_max.saturating_sub(1);
    ended.extend(ending::beyond_ended(tx, &mut trail, new.user_id, others)?);
    add(tx, new)?;
    let rehash = open.rehash.as_ref().map(|hash| Secret::reveal(hash).as_str());
    let values = [new.created_at.0.into(), rehash.into(), new.user_id.as_bytes().into()];
    tx.run(&user_queries::SIGNED_IN, &values)?;
    let params = json!({ "session": new.id, "user_agent": new.user_agent }).to_string();
    trail.write(tx, AuditCode::LoginSucceeded, Some(&user_target(new.user_id)), &params)?;
    let is_told = match &open.device {
        Some(device) => link::see_device(tx, act, &user, device)?,
        None => false,
    };
    if is_told {
        // With the counts as they are now.
        user = reads::user::by_id(tx, new.user_id)?.unwrap_or(user);
    }
    user.last_login_at = Some(new.created_at);
    let owner = SessionOwner { session: as_kept(new), user };
    Ok(Some(OpenedSession { owner, ended, is_told }))
}

/// Stores a session and counts it.
pub(super) fn add(tx: &mut dyn Tx, new: &NewSession) -> StoreResult<()> {
    let values = [
        new.id.as_bytes().into(),
        (&new.token_hash.0).into(),
        new.user_id.as_bytes().into(),
        new.created_at.0.into(),
        new.expires_at.0.into(),
        new.ends_at.0.into(),
        new.address.as_deref().into(),
        new.user_agent.as_deref().into(),
    ];
    tx.run(&queries::ADD, &values)?;
    counts::session_opened(tx, new.expires_at)
}

fn as_kept(new: &NewSession) -> Session {
    Session {
        id: new.id,
        user_id: new.user_id,
        created_at: new.created_at,
        last_seen_at: new.created_at,
        authenticated_at: new.created_at,
        expires_at: new.expires_at,
        ends_at: new.ends_at,
        address: new.address.clone(),
        user_agent: new.user_agent.clone(),
    }
}

/// Writes uses down. A session that ended, or had expired when it is said to have been used, stays
/// so; an earlier use than the last one known says nothing new.
pub(crate) fn touch(tx: &mut dyn Tx, touches: &[SessionTouch]) -> StoreResult<()> {
    for touch in touches {
        let id = touch.id.as_bytes();
        let Some(from) = one(tx, &queries::EXPIRY, &[id.into()], |row| row.int(0))? else {
            continue;
        };
        let (seen, to) = (touch.last_seen_at, touch.expires_at);
        let values = [seen.0.into(), to.0.into(), id.into(), from.into()];
        if tx.run(&queries::TOUCH, &values)? == 1 {
            counts::session_moved(tx, UnixMs(from), to)?;
        }
    }
    Ok(())
}

pub(crate) fn reauthenticate(
    tx: &mut dyn Tx,
    act: &Act,
    id: SessionId,
    token_hash: &TokenHash,
) -> StoreResult<Option<EndedSession>> {
    let found = one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::session_and_token)?;
    let Some((session, old)) = found.filter(|(session, _)| session.expires_at > act.at) else {
        return Ok(None);
    };
    let values = [(&token_hash.0).into(), act.at.0.into(), id.as_bytes().into(), (&old.0).into()];
    if tx.run(&queries::RENEW, &values)? == 0 {
        return Ok(None);
    }
    let params = json!({ "session": id }).to_string();
    let target = user_target(session.user_id);
    Trail::new(act).write(tx, AuditCode::Reauthenticated, Some(&target), &params)?;
    Ok(Some(EndedSession { id, token_hash: old }))
}
