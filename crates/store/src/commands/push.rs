//! Commands on the browsers users let be told.

use galen_core::model::{Act, AuditCode};
use galen_core::push::{BROWSERS_MAX, NewSubscription, Subscription};
use galen_core::{PushId, StoreError, StoreResult, UserId};

use super::audit::Trail;
use crate::queries::push as queries;
use crate::rows;
use crate::tx::{Tx, Value, one};

pub(crate) fn subscribe(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    new: &NewSubscription,
) -> StoreResult<Subscription> {
    let user = user_id.as_bytes();
    tx.run(&queries::TAKE_OVER, &[(&new.endpoint_hash).into(), user.into()])?;
    let values = [
        new.id.as_bytes().into(),
        user.into(),
        new.endpoint.reveal().as_str().into(),
        (&new.endpoint_hash).into(),
        Value::Blob(&new.p256dh),
        Value::Blob(new.auth.reveal()),
        new.user_agent.as_deref().into(),
        act.at.0.into(),
    ];
    let kept = one(tx, &queries::ADD, &values, rows::subscription)?;
    let kept = kept.ok_or_else(|| StoreError::Engine("a subscription was not kept".to_owned()))?;
    if kept.id == new.id {
        tx.run(&queries::FORGET_BEYOND, &[user.into(), BROWSERS_MAX.into()])?;
        note(tx, act, AuditCode::PushSubscribed, kept.id)?;
    }
    Ok(kept)
}

pub(crate) fn forget(
    tx: &mut dyn Tx,
    act: &Act,
    id: PushId,
    owner: Option<UserId>,
) -> StoreResult<bool> {
    let gone = match owner {
        Some(owner) => {
            tx.run(&queries::FORGET_OF_USER, &[id.as_bytes().into(), owner.as_bytes().into()])?
        }
        None => tx.run(&queries::FORGET, &[id.as_bytes().into()])?,
    };
    if gone > 0 {
        note(tx, act, AuditCode::PushForgotten, id)?;
    }
    Ok(gone > 0)
}

fn note(tx: &mut dyn Tx, act: &Act, code: AuditCode, id: PushId) -> StoreResult<()> {
    Trail::new(act).write(tx, code, Some(&format!("push:{id}")), "{}")
}

/// Forgets the browsers of a user who is deleted.
pub(super) fn forget_user(tx: &mut dyn Tx, id: UserId) -> StoreResult<()> {
    tx.run(&queries::FORGET_EVERY, &[id.as_bytes().into()]).map(drop)
}
