//! Notifications, broadcasts and API keys out of rows.

use galen_core::model::{
    Action, ApiKey, Audience, Author, Broadcast, BroadcastState, Content, Level, Notification,
    Reach, Role, Scope,
};
use galen_core::{ApiKeyId, NotificationId, Seq, StoreError, StoreResult, UnixMs, UserId};

use super::{at, id, maybe_at, maybe_text, maybe_user, text, word};
use crate::tx::Row;

/// How many columns what was published has.
pub(crate) const PUBLISHED_COLUMNS: usize = 15;

/// What was published, whatever became of it: nobody's state is in it.
pub(crate) fn published(row: &dyn Row) -> StoreResult<Notification> {
    Ok(Notification {
        seq: Seq(row.int(0)?),
        id: NotificationId::from_bytes(id(row, 1)?),
        is_broadcast: false,
        content: content(row)?,
        author: author(row)?,
        created_at: at(row, 14)?,
        is_seen: false,
        read_at: None,
        archived_at: None,
    })
}

/// A user's notification, with what the user made of it behind what was published.
pub(crate) fn notification(row: &dyn Row, seen: Seq) -> StoreResult<Notification> {
    let published = published(row)?;
    let read_at = maybe_at(row, PUBLISHED_COLUMNS)?;
    Ok(Notification {
        is_seen: read_at.is_some() || published.seq <= seen,
        read_at,
        archived_at: maybe_at(row, PUBLISHED_COLUMNS + 1)?,
        ..published
    })
}

fn content(row: &dyn Row) -> StoreResult<Content> {
    Ok(Content {
        category: text(row, 2)?,
        level: word(row, 3, &Level::ALL, Level::name)?,
        code: maybe_text(row, 4)?,
        params: maybe_text(row, 5)?,
        title: text(row, 6)?,
        body: text(row, 7)?,
        link: maybe_text(row, 8)?,
        actions: actions(row, 9)?,
        data: maybe_text(row, 10)?,
        expires_at: maybe_at(row, 11)?,
    })
}

fn actions(row: &dyn Row, column: usize) -> StoreResult<Vec<Action>> {
    let unreadable = |error| StoreError::Engine(format!("column {column}: {error}"));
    match row.maybe_text(column)? {
        None => Ok(Vec::new()),
        Some(json) => serde_json::from_str(json).map_err(unreadable),
    }
}

fn author(row: &dyn Row) -> StoreResult<Author> {
    match row.text(12)? {
        "user" => Ok(Author::User(UserId::from_bytes(id(row, 13)?))),
        "api_key" => Ok(Author::Key(ApiKeyId::from_bytes(id(row, 13)?))),
        "system" => Ok(Author::System),
        "monitor" => Ok(Author::Monitor),
        _ => Err(StoreError::Engine("an unknown kind of author".to_owned())),
    }
}

/// An audience whose four columns begin at `first`.
pub(crate) fn audience(row: &dyn Row, first: usize) -> StoreResult<Audience> {
    Ok(Audience {
        role: match row.maybe_text(first)? {
            None => None,
            Some(_) => Some(word(row, first, &Role::ALL, Role::name)?),
        },
        created_before: maybe_at(row, first + 1)?,
        created_after: maybe_at(row, first + 2)?,
        verified: row.maybe_int(first + 3)?.map(|flag| flag != 0),
    })
}

/// A broadcast, as admins see it.
pub(crate) fn broadcast(row: &dyn Row) -> StoreResult<Broadcast> {
    let rest = PUBLISHED_COLUMNS + 4;
    Ok(Broadcast {
        seq: row.maybe_int(0)?.map(Seq),
        id: NotificationId::from_bytes(id(row, 1)?),
        content: content(row)?,
        author: author(row)?,
        created_at: at(row, 14)?,
        audience: audience(row, PUBLISHED_COLUMNS)?,
        state: word(row, rest, &BroadcastState::ALL, BroadcastState::name)?,
        publish_at: at(row, rest + 1)?,
        ends_at: at(row, rest + 2)?,
        reach: Reach { users: row.int(rest + 3)?, is_exact: row.int(rest + 4)? != 0 },
        read: row.int(rest + 5)?,
        carried: Vec::new(),
    })
}

/// An API key. Scopes that this version does not know allow nothing here.
pub(crate) fn api_key(row: &dyn Row) -> StoreResult<ApiKey> {
    let scopes = row.text(2)?;
    let known = |name: &str| Scope::ALL.into_iter().find(|scope| scope.name() == name);
    Ok(ApiKey {
        id: ApiKeyId::from_bytes(id(row, 0)?),
        name: text(row, 1)?,
        scopes: scopes.split(' ').filter_map(known).collect(),
        created_at: at(row, 3)?,
        created_by: maybe_user(row, 4)?,
        expires_at: maybe_at(row, 5)?,
        last_used_at: row.maybe_int(6)?.map(UnixMs),
        revoked_at: maybe_at(row, 7)?,
    })
}
