//! Commands on notifications.

use galen_core::model::{
    Act, AuditCode, MarkedRead, NewNotification, Notification, Publication, Published,
};
use galen_core::{NotificationId, StoreResult, UnixMs, UserId};
use serde_json::json;

use super::audit::{Trail, user_target};
use super::counts::{self, Counter};
use crate::queries::{idempotency, notification as queries, user as user_queries};
use crate::rows;
use crate::tx::{Tx, Value, one};

pub(crate) fn publish(
    tx: &mut dyn Tx,
    act: &Act,
    publication: Publication,
) -> StoreResult<Published> {
    // Nobody in particular (the command line) publishes under the empty actor.
    let actor = act.actor.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]);
    let key = publication.idempotency_key.as_deref();
    if let Some(key) = key
        && let Some(earlier) = published_before(tx, actor, key, &publication.content_hash)?
    {
        return Ok(earlier);
    }
    let new = publication.notification;
    let raised = [1.into(), new.user_id.as_bytes().into()];
    if tx.run(&user_queries::UNREAD_ADD, &raised)? == 0 {
        return Ok(Published::UserNotFound);
    }
    if let Some(key) = key {
        let values = [
            Value::Blob(actor),
            key.into(),
            new.id.as_bytes().into(),
            (&publication.content_hash).into(),
            act.at.0.into(),
        ];
        tx.run(&idempotency::ADD, &values)?;
    }
    add(tx, act.at, &new)?;
    let params = json!({ "notification": new.id, "category": new.category }).to_string();
    let target = user_target(new.user_id);
    Trail::new(act).write(tx, AuditCode::NotificationPublished, Some(&target), &params)?;
    Ok(Published::Now(as_kept(act.at, new)))
}

fn published_before(
    tx: &mut dyn Tx,
    actor: &[u8],
    key: &str,
    content_hash: &[u8; 32],
) -> StoreResult<Option<Published>> {
    one(tx, &idempotency::FIND, &[Value::Blob(actor), key.into()], |row| {
        Ok(if rows::hash(row, 1)? == *content_hash {
            Published::Before(NotificationId::from_bytes(rows::id(row, 0)?))
        } else {
            Published::KeyMismatch
        })
    })
}

/// Stores a notification beside what another command does, which has its own row in the trail.
pub(super) fn tell(tx: &mut dyn Tx, at: UnixMs, new: &NewNotification) -> StoreResult<()> {
    tx.run(&user_queries::UNREAD_ADD, &[1.into(), new.user_id.as_bytes().into()])?;
    add(tx, at, new)
}

fn add(tx: &mut dyn Tx, at: UnixMs, new: &NewNotification) -> StoreResult<()> {
    let values = [
        new.user_id.as_bytes().into(),
        new.id.as_bytes().into(),
        new.category.as_str().into(),
        new.level.name().into(),
        new.title.as_str().into(),
        new.body.as_str().into(),
        new.link.as_deref().into(),
        new.data.as_deref().into(),
        at.0.into(),
    ];
    tx.run(&queries::ADD, &values)?;
    counts::add(tx, Counter::Notifications, 1)
}

fn as_kept(at: UnixMs, new: NewNotification) -> Notification {
    Notification {
        id: new.id,
        user_id: new.user_id,
        category: new.category,
        level: new.level,
        title: new.title,
        body: new.body,
        link: new.link,
        data: new.data,
        created_at: at,
        read_at: None,
    }
}

pub(crate) fn mark_read(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    ids: &[NotificationId],
) -> StoreResult<MarkedRead> {
    let mut marked = 0;
    for id in ids {
        let values = [act.at.0.into(), user_id.as_bytes().into(), id.as_bytes().into()];
        marked += tx.run(&queries::MARK_READ, &values)?;
    }
    lower(tx, user_id, marked)
}

pub(crate) fn mark_all_read(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    max_rows: u32,
) -> StoreResult<MarkedRead> {
    let values = [act.at.0.into(), user_id.as_bytes().into(), i64::from(max_rows).into()];
    let marked = tx.run(&queries::MARK_ALL_READ, &values)?;
    lower(tx, user_id, marked)
}

/// Lowers the user's count of unread ones by what was marked, and says what remains.
fn lower(tx: &mut dyn Tx, user_id: UserId, marked: u64) -> StoreResult<MarkedRead> {
    let id = user_id.as_bytes();
    if marked > 0 {
        let less = -i64::try_from(marked).unwrap_or(i64::MAX);
        tx.run(&user_queries::UNREAD_ADD, &[less.into(), id.into()])?;
    }
    let unread = one(tx, &user_queries::UNREAD, &[id.into()], |row| row.int(0))?;
    Ok(MarkedRead { marked, unread: unread.unwrap_or(0) })
}
