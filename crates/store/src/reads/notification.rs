//! Reads of notifications: what users were told alone and what was broadcast, merged by place.

use galen_core::model::{InboxAsk, InboxCounts, Missed, Notification, NotificationPage, Shelf};
use galen_core::{Notice, NoticeTo, Notices, Seq, StoreResult, UserId};

use crate::queries::{broadcast, counter, notification as queries, user};
use crate::rows;
use crate::tx::{Tx, all, one};

/// The head of a user's inbox.
pub(crate) struct Head {
    pub(crate) counts: InboxCounts,
    pub(crate) seen: Seq,
    pub(crate) latest: Seq,
    /// Whether any broadcast is with its readers: mostly there is none, and nothing to look for.
    has_broadcasts: bool,
}

/// The head of this user's inbox; nothing when there is no such user.
pub(crate) fn head(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<Option<Head>> {
    one(tx, &user::INBOX, &[user_id.as_bytes().into()], |row| {
        Ok(Head {
            counts: InboxCounts { unread: row.int(0)?, unseen: row.int(1)? },
            seen: Seq(row.int(2)?),
            latest: Seq(row.int(3)?),
            has_broadcasts: row.int(4)? > 0,
        })
    })
}

pub(crate) fn latest(tx: &mut dyn Tx) -> StoreResult<Seq> {
    let found = one(tx, &counter::ONE, &["notice_seq".into()], |row| row.int(0))?;
    Ok(Seq(found.unwrap_or(0)))
}

pub(crate) fn page(
    tx: &mut dyn Tx,
    user_id: UserId,
    ask: InboxAsk,
) -> StoreResult<NotificationPage> {
    let Some(head) = head(tx, user_id)? else {
        let counts = InboxCounts::default();
        return Ok(NotificationPage { items: Vec::new(), next: None, counts, latest: Seq(0) });
    };
    let before = ask.before.map_or(i64::MAX, |seq| seq.0);
    let wanted = i64::from(ask.limit).saturating_add(1);
    let user = user_id.as_bytes();
    let decode = |row: &dyn crate::tx::Row| rows::notification(row, head.seen);
    let mut items = match ask.shelf {
        Shelf::Unread => {
            let values = [user.into(), before.into(), wanted.into()];
            all(tx, &queries::PAGE_UNREAD, &values, decode)?
        }
        shelf => {
            let archived = i64::from(shelf == Shelf::Archive);
            let values = [user.into(), archived.into(), before.into(), wanted.into()];
            all(tx, &queries::PAGE, &values, decode)?
        }
    };
    if head.has_broadcasts {
        let query = match ask.shelf {
            Shelf::Inbox => &broadcast::PAGE_OF_USER,
            Shelf::Unread => &broadcast::PAGE_OF_USER_UNREAD,
            Shelf::Archive => &broadcast::PAGE_OF_USER_ARCHIVED,
        };
        let values = [before.into(), user.into(), wanted.into()];
        items.extend(all(tx, query, &values, decode)?.into_iter().map(shared));
        items.sort_unstable_by_key(|one| std::cmp::Reverse(one.seq));
    }
    let limit = usize::try_from(ask.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|one| one.seq);
    Ok(NotificationPage { items, next, counts: head.counts, latest: head.latest })
}

fn shared(one: Notification) -> Notification {
    Notification { is_broadcast: true, ..one }
}

pub(crate) fn missed(
    tx: &mut dyn Tx,
    user_id: UserId,
    after: Seq,
    limit: u32,
) -> StoreResult<Missed> {
    let Some(head) = head(tx, user_id)? else {
        let counts = InboxCounts::default();
        return Ok(Missed { items: Vec::new(), upto: after, more: false, counts });
    };
    let wanted = i64::from(limit).saturating_add(1);
    let user = user_id.as_bytes();
    let (from, until) = (after.0, head.latest.0);
    let decode = |row: &dyn crate::tx::Row| rows::notification(row, head.seen);
    let mut items = Vec::new();
    // The inbox before the archive: what is put away in between is then found twice, never missed.
    for archived in [0, 1] {
        let values = [user.into(), archived.into(), from.into(), until.into(), wanted.into()];
        items.extend(all(tx, &queries::SINCE, &values, decode)?);
    }
    if head.has_broadcasts {
        let values = [from.into(), until.into(), user.into(), wanted.into()];
        items.extend(all(tx, &broadcast::SINCE, &values, decode)?.into_iter().map(shared));
    }
    items.sort_by_key(|one| one.seq);
    items.dedup_by_key(|one| one.seq);
    let (upto, more) = cut(&mut items, limit, head.latest, |one| one.seq);
    Ok(Missed { items, upto, more, counts: head.counts })
}

/// Everything that was given a place up to the newest one was committed when that was read, so
/// nothing comes late before it.
pub(crate) fn after(tx: &mut dyn Tx, after: Seq, limit: u32) -> StoreResult<Notices> {
    let latest = latest(tx)?;
    if latest <= after {
        return Ok(Notices { items: Vec::new(), upto: after, more: false });
    }
    let wanted = i64::from(limit).saturating_add(1);
    let values = [after.0.into(), latest.0.into(), wanted.into()];
    let mut items = all(tx, &queries::AFTER, &values, |row| {
        let owner = rows::id(row, rows::PUBLISHED_COLUMNS)?;
        let to = NoticeTo::User(UserId::from_bytes(owner));
        Ok(Notice { to, notification: rows::published(row)? })
    })?;
    items.extend(all(tx, &broadcast::AFTER, &values, |row| {
        let to = NoticeTo::Audience(rows::audience(row, rows::PUBLISHED_COLUMNS)?);
        Ok(Notice { to, notification: shared(rows::published(row)?) })
    })?);
    items.sort_unstable_by_key(|one| one.notification.seq);
    let (upto, more) = cut(&mut items, limit, latest, |one| one.notification.seq);
    Ok(Notices { items, upto, more })
}

/// Cuts what is more than `limit` off; says up to where everything is there, and whether there is
/// more.
fn cut<T>(items: &mut Vec<T>, limit: u32, latest: Seq, seq: impl Fn(&T) -> Seq) -> (Seq, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return (latest, false);
    }
    items.truncate(limit);
    (items.last().map_or(latest, seq), true)
}
