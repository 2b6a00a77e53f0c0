//! Commands on broadcasts: sent now or at their time, and taken back.

use galen_core::model::{
    Act, Audience, AuditCode, Broadcast, BroadcastState, Broadcasting, NewBroadcast, Reach, Recall,
    Role,
};
use galen_core::{BROADCASTS_MAX, NotificationId, Seq, StoreResult, UnixMs};
use serde_json::json;

use super::audit::Trail;
use super::dispatch;
use super::notification::{Kept, before, holds, keep_key, next_seq, written_actions};
use crate::queries::broadcast as queries;
use crate::tx::{Tx, all, one};
use crate::{reads, rows};

/// How many users are looked at inside a commit to know how many a filter reaches: other commands
/// wait meanwhile, a few milliseconds.
const LOOK_MAX: u32 = 10_000;

pub(crate) fn broadcast(
    tx: &mut dyn Tx,
    act: &Act,
    new: &NewBroadcast,
) -> StoreResult<Broadcasting> {
    holds(tx, act, new.author)?;
    if let Some(key) = &new.idempotency_key
        && let Some(earlier) = before(tx, new.author, key)?
    {
        return Ok(if earlier.content_hash == new.content_hash {
            Broadcasting::Before(earlier.id)
        } else {
            Broadcasting::KeyMismatch
        });
    }
    let standing = one(tx, &queries::STANDING, &[], |row| row.int(0))?.unwrap_or(0);
    if standing >= i64::from(BROADCASTS_MAX) {
        return Ok(Broadcasting::TooMany);
    }
    let kept = store(tx, act, new)?;
    if let Some(key) = &new.idempotency_key {
        let key_kept = Kept { id: new.id, content_hash: &new.content_hash, answer: "[]" };
        keep_key(tx, act, new.author, key, &key_kept)?;
    }
    let params = json!({ "category": new.content.category, "audience": new.audience,
        "users": kept.reach.users, "publish_at": new.publish_at, "by": new.author.kind() });
    note(tx, act, AuditCode::BroadcastPublished, new.id, &params.to_string())?;
    Ok(Broadcasting::Now(Box::new(kept)))
}

fn note(
    tx: &mut dyn Tx,
    act: &Act,
    code: AuditCode,
    id: NotificationId,
    params: &str,
) -> StoreResult<()> {
    Trail::new(act).write(tx, code, Some(&format!("broadcast:{id}")), params)
}

fn store(tx: &mut dyn Tx, act: &Act, new: &NewBroadcast) -> StoreResult<Broadcast> {
    let reach = reads::broadcast::reach(tx, new.audience, LOOK_MAX)?;
    let seq = match new.publish_at {
        None => Some(Seq(next_seq(tx, 1)?)),
        Some(_) => None,
    };
    let kept = Broadcast {
        id: new.id,
        seq,
        state: if seq.is_some() { BroadcastState::Live } else { BroadcastState::Scheduled },
        content: new.content.clone(),
        audience: new.audience,
        author: new.author,
        created_at: act.at,
        publish_at: new.publish_at.unwrap_or(act.at),
        ends_at: new.ends_at,
        reach,
        read: 0,
        carried: Vec::new(),
    };
    add(tx, &kept)?;
    Ok(kept)
}

fn add(tx: &mut dyn Tx, kept: &Broadcast) -> StoreResult<()> {
    let content = &kept.content;
    let actions = written_actions(content)?;
    let moment = |at: Option<UnixMs>| at.map(|at| at.0);
    let values = [
        kept.id.as_bytes().into(),
        kept.seq.map(|seq| seq.0).into(),
        kept.state.name().into(),
        content.category.as_str().into(),
        content.level.name().into(),
        content.code.as_deref().into(),
        content.params.as_deref().into(),
        content.title.as_str().into(),
        content.body.as_str().into(),
        content.link.as_deref().into(),
        actions.as_deref().into(),
        content.data.as_deref().into(),
        kept.author.kind().into(),
        kept.author.id().into(),
        kept.created_at.0.into(),
        moment(content.expires_at).into(),
        kept.audience.role.map(Role::name).into(),
        moment(kept.audience.created_before).into(),
        moment(kept.audience.created_after).into(),
        kept.audience.verified.map(i64::from).into(),
        kept.publish_at.0.into(),
        kept.ends_at.0.into(),
        kept.reach.users.into(),
        i64::from(kept.reach.is_exact).into(),
    ];
    tx.run(&queries::ADD, &values).map(drop)
}

/// Sends what is due: its audience is that of this moment, not of the one it was written at.
pub(crate) fn release(tx: &mut dyn Tx, act: &Act) -> StoreResult<u64> {
    let values = [act.at.0.into(), i64::from(BROADCASTS_MAX).into()];
    let due: Vec<(NotificationId, Audience)> = all(tx, &queries::DUE, &values, |row| {
        Ok((NotificationId::from_bytes(rows::id(row, 0)?), rows::audience(row, 1)?))
    })?;
    for (id, audience) in &due {
        let Reach { users, is_exact } = reads::broadcast::reach(tx, *audience, LOOK_MAX)?;
        let seq = next_seq(tx, 1)?;
        let values = [
            seq.into(),
            act.at.0.into(),
            users.into(),
            i64::from(is_exact).into(),
            id.as_bytes().into(),
        ];
        tx.run(&queries::SEND, &values)?;
    }
    Ok(due.len() as u64)
}

pub(crate) fn recall(tx: &mut dyn Tx, act: &Act, id: NotificationId) -> StoreResult<Recall> {
    let name = id.as_bytes();
    let waited = [act.at.0.into(), name.into()];
    let recalled = tx.run(&queries::RECALL, &[name.into()])? > 0
        || tx.run(&queries::RECALL_SCHEDULED, &waited)? > 0;
    if recalled {
        dispatch::stop(tx, act.at, id)?;
    }
    let Some(broadcast) = reads::broadcast::by_id(tx, id)? else {
        return Ok(Recall::NotFound);
    };
    if !recalled {
        return Ok(Recall::Over);
    }
    let params = json!({ "read": broadcast.read }).to_string();
    note(tx, act, AuditCode::BroadcastRecalled, id, &params)?;
    Ok(Recall::Done(Box::new(broadcast)))
}
