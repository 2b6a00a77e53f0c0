//! Publishing: to some users in one commit, and to many as one row.

use std::collections::HashMap;

use galen_core::model::{
    Act, AuditCode, Author, Content, Delivered, Publication, Published, Recipient,
};
use galen_core::{NotificationId, Seq, StoreError, StoreResult, UnixMs, UserId};
use serde_json::json;

use super::audit::{Trail, user_target};
use super::counts::{self, Counter};
use crate::queries::{api_key, counter, idempotency, notification as queries, user};
use crate::rows;
use crate::tx::{Tx, Value, one};

pub(crate) fn publish(
    tx: &mut dyn Tx,
    act: &Act,
    publication: &Publication,
) -> StoreResult<Published> {
    holds(tx, act, publication.author)?;
    let key = publication.idempotency_key.as_deref();
    if let Some(key) = key
        && let Some(earlier) = before(tx, publication.author, key)?
    {
        return if earlier.content_hash == publication.content_hash {
            earlier.delivered().map(Published::Before)
        } else {
            Ok(Published::KeyMismatch)
        };
    }
    let delivered = deliver(tx, act, publication)?;
    let told = delivered.iter().filter_map(told);
    let Some((first, user_id)) = told.clone().next() else {
        return Ok(Published::Now(delivered));
    };
    if let Some(key) = key {
        let answer = serde_json::to_string(&delivered)
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        let kept = Kept { id: first, content_hash: &publication.content_hash, answer: &answer };
        keep_key(tx, act, publication.author, key, &kept)?;
    }
    let target = (delivered.len() == 1).then(|| user_target(user_id));
    let params = json!({ "notification": first, "category": publication.content.category,
        "users": told.count(), "by": publication.author.kind() });
    Trail::new(act).write(
        tx,
        AuditCode::NotificationPublished,
        target.as_deref(),
        &params.to_string(),
    )?;
    Ok(Published::Now(delivered))
}

const fn told(one: &Delivered) -> Option<(NotificationId, UserId)> {
    match one {
        Delivered::To { user, id, .. } => Some((*id, *user)),
        Delivered::Nobody => None,
    }
}

/// Refuses an API key that works no more.
pub(super) fn holds(tx: &mut dyn Tx, act: &Act, author: Author) -> StoreResult<()> {
    let Author::Key(id) = author else { return Ok(()) };
    let values = [id.as_bytes().into(), act.at.0.into()];
    one(tx, &api_key::HOLDS, &values, |_| Ok(()))?.ok_or(StoreError::KeyEnded)
}

/// Under whose keys a publishing is remembered: nobody's in particular for Galen itself.
fn actor(author: &Author) -> Value<'_> {
    Value::Blob(author.id().map_or(&[][..], |id| &id[..]))
}

/// What was published under a key.
pub(super) struct Earlier {
    pub(super) id: NotificationId,
    pub(super) content_hash: [u8; 32],
    answer: Option<String>,
}

impl Earlier {
    fn delivered(&self) -> StoreResult<Vec<Delivered>> {
        let unreadable = |error: serde_json::Error| StoreError::Engine(error.to_string());
        match &self.answer {
            Some(answer) => serde_json::from_str(answer).map_err(unreadable),
            // Published before answers were kept: to one user, who does not matter to the answer.
            None => {
                let user = UserId::from_bytes(*self.id.as_bytes());
                Ok(vec![Delivered::To { user, id: self.id, seq: Seq(0) }])
            }
        }
    }
}

pub(super) fn before(tx: &mut dyn Tx, author: Author, key: &str) -> StoreResult<Option<Earlier>> {
    one(tx, &idempotency::FIND, &[actor(&author), key.into()], |row| {
        Ok(Earlier {
            id: NotificationId::from_bytes(rows::id(row, 0)?),
            content_hash: rows::hash(row, 1)?,
            answer: row.maybe_text(2)?.map(str::to_owned),
        })
    })
}

/// Tells one user beside what another command does, which has its own row in the trail.
pub(super) fn tell(tx: &mut dyn Tx, act: &Act, publication: &Publication) -> StoreResult<()> {
    deliver(tx, act, publication).map(drop)
}

/// What is kept under a key.
pub(super) struct Kept<'a> {
    pub(super) id: NotificationId,
    pub(super) content_hash: &'a [u8; 32],
    pub(super) answer: &'a str,
}

pub(super) fn keep_key(
    tx: &mut dyn Tx,
    act: &Act,
    author: Author,
    key: &str,
    kept: &Kept<'_>,
) -> StoreResult<()> {
    let values = [
        actor(&author),
        key.into(),
        kept.id.as_bytes().into(),
        kept.content_hash.into(),
        act.at.0.into(),
        kept.answer.into(),
    ];
    tx.run(&idempotency::ADD, &values).map(drop)
}

/// The first of so many places, given here and now.
pub(super) fn next_seq(tx: &mut dyn Tx, places: usize) -> StoreResult<i64> {
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    let last = one(tx, &counter::NEXT_SEQ, &[places.into()], |row| row.int(0))?;
    let last =
        last.ok_or_else(|| StoreError::Engine("there is no counter of places".to_owned()))?;
    Ok(last - places + 1)
}

fn deliver(tx: &mut dyn Tx, act: &Act, publication: &Publication) -> StoreResult<Vec<Delivered>> {
    // Whoever is named twice is told once.
    let mut told: HashMap<UserId, Delivered> = HashMap::new();
    let mut delivered = Vec::with_capacity(publication.recipients.len());
    let mut stored = 0;
    let actions = written_actions(&publication.content)?;
    let first = next_seq(tx, publication.recipients.len())?;
    for (id, recipient) in &publication.recipients {
        let Some(user) = find(tx, recipient)? else {
            delivered.push(Delivered::Nobody);
            continue;
        };
        if let Some(before) = told.get(&user) {
            delivered.push(*before);
            continue;
        }
        if tx.run(&user::TOLD, &[user.as_bytes().into()])? == 0 {
            delivered.push(Delivered::Nobody);
            continue;
        }
        let seq = Seq(first + stored);
        stored += 1;
        add(tx, &Row { act, publication, actions: actions.as_deref() }, (user, *id, seq))?;
        told.insert(user, Delivered::To { user, id: *id, seq });
        delivered.push(Delivered::To { user, id: *id, seq });
    }
    counts::add(tx, Counter::Notifications, stored)?;
    Ok(delivered)
}

fn find(tx: &mut dyn Tx, recipient: &Recipient) -> StoreResult<Option<UserId>> {
    match recipient {
        Recipient::Id(id) => Ok(Some(*id)),
        Recipient::Email(key) => one(tx, &user::EMAIL_TAKEN, &[key.0.as_str().into()], |row| {
            rows::id(row, 0).map(UserId::from_bytes)
        }),
    }
}

/// The actions as they are stored: nothing when there are none.
pub(super) fn written_actions(content: &Content) -> StoreResult<Option<String>> {
    if content.actions.is_empty() {
        return Ok(None);
    }
    let written = serde_json::to_string(&content.actions);
    written.map(Some).map_err(|error| StoreError::Engine(error.to_string()))
}

/// What all rows of a publishing share.
struct Row<'a> {
    act: &'a Act,
    publication: &'a Publication,
    actions: Option<&'a str>,
}

fn add(
    tx: &mut dyn Tx,
    row: &Row<'_>,
    (user, id, seq): (UserId, NotificationId, Seq),
) -> StoreResult<()> {
    let content = &row.publication.content;
    let values = [
        user.as_bytes().into(),
        seq.0.into(),
        id.as_bytes().into(),
        content.category.as_str().into(),
        content.level.name().into(),
        content.code.as_deref().into(),
        content.params.as_deref().into(),
        content.title.as_str().into(),
        content.body.as_str().into(),
        content.link.as_deref().into(),
        row.actions.into(),
        content.data.as_deref().into(),
        row.publication.author.kind().into(),
        row.publication.author.id().into(),
        row.act.at.0.into(),
        content.expires_at.map(|UnixMs(at)| at).into(),
        row.publication.gone_at.0.into(),
    ];
    tx.run(&queries::ADD, &values).map(drop)
}
