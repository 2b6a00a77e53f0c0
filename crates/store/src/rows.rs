//! From rows to the model: one place that knows the order of the columns.

use galen_core::links::{KeptLink, LinkPurpose};
use galen_core::model::{
    AuditEntry, Credentials, EmailKey, Role, RuleChange, Session, SessionOwner, Silence, User,
    UserStatus,
};
use galen_core::outbox::{KeptParcel, ParcelState};
use galen_core::post::{Channel, Language, LetterCode};
use galen_core::webhooks::{Webhook, WebhookState};
use galen_core::{
    AuditId, LinkId, NotificationId, ParcelId, RequestId, Secret, SessionId, SilenceId, StoreError,
    StoreResult, TokenHash, UnixMs, UserId, WebhookId,
};

use crate::tx::Row;

mod dispatch;
mod notice;
mod preference;

pub(crate) use dispatch::{addressee, fan_out, held, progress, push_id, subscription};
pub(crate) use notice::{PUBLISHED_COLUMNS, api_key, audience, broadcast, notification, published};
pub(crate) use preference::{language, preference_rule, preferences};

/// How many columns a session has: where its user's begin.
const SESSION_COLUMNS: usize = 9;

/// How many columns a user has: where its password's hash stands.
const USER_COLUMNS: usize = 12;

pub(crate) fn id(row: &dyn Row, column: usize) -> StoreResult<[u8; 16]> {
    sized(row, column)
}

pub(crate) fn hash(row: &dyn Row, column: usize) -> StoreResult<[u8; 32]> {
    sized(row, column)
}

fn sized<const N: usize>(row: &dyn Row, column: usize) -> StoreResult<[u8; N]> {
    let bytes = row.blob(column)?;
    let wrong = |_| StoreError::Engine(format!("column {column} has {} bytes", bytes.len()));
    bytes.try_into().map_err(wrong)
}

fn at(row: &dyn Row, column: usize) -> StoreResult<UnixMs> {
    row.int(column).map(UnixMs)
}

fn maybe_at(row: &dyn Row, column: usize) -> StoreResult<Option<UnixMs>> {
    Ok(row.maybe_int(column)?.map(UnixMs))
}

fn text(row: &dyn Row, column: usize) -> StoreResult<String> {
    row.text(column).map(str::to_owned)
}

fn maybe_text(row: &dyn Row, column: usize) -> StoreResult<Option<String>> {
    Ok(row.maybe_text(column)?.map(str::to_owned))
}

/// The one of `all` that is stored under the word in this column.
fn word<T: Copy>(
    row: &dyn Row,
    column: usize,
    all: &[T],
    name: fn(T) -> &'static str,
) -> StoreResult<T> {
    let stored = row.text(column)?;
    let known = all.iter().copied().find(|one| name(*one) == stored);
    known.ok_or_else(|| StoreError::Engine(format!("column {column} holds an unknown word")))
}

pub(crate) fn user(row: &dyn Row) -> StoreResult<User> {
    user_from(row, 0)
}

fn user_from(row: &dyn Row, first: usize) -> StoreResult<User> {
    Ok(User {
        id: UserId::from_bytes(id(row, first)?),
        email: text(row, first + 1)?,
        name: text(row, first + 2)?,
        role: word(row, first + 3, &Role::ALL, Role::name)?,
        status: word(row, first + 4, &UserStatus::ALL, UserStatus::name)?,
        email_verified_at: maybe_at(row, first + 5)?,
        created_at: at(row, first + 6)?,
        updated_at: at(row, first + 7)?,
        last_login_at: maybe_at(row, first + 8)?,
        // They are checked when they are written; a spoiled row is not worth keeping anybody out for.
        preferences: serde_json::from_str(row.text(first + 9)?).unwrap_or_default(),
        unread: row.int(first + 10)?,
        unseen: row.int(first + 11)?,
    })
}

pub(crate) fn credentials(row: &dyn Row) -> StoreResult<Credentials> {
    Ok(Credentials {
        user: user_from(row, 0)?,
        password_hash: Secret::new(text(row, USER_COLUMNS)?),
    })
}

pub(crate) fn session(row: &dyn Row) -> StoreResult<Session> {
    Ok(Session {
        id: SessionId::from_bytes(id(row, 0)?),
        user_id: UserId::from_bytes(id(row, 1)?),
        created_at: at(row, 2)?,
        last_seen_at: at(row, 3)?,
        authenticated_at: at(row, 4)?,
        expires_at: at(row, 5)?,
        ends_at: at(row, 6)?,
        address: maybe_text(row, 7)?,
        user_agent: maybe_text(row, 8)?,
    })
}

pub(crate) fn owner(row: &dyn Row) -> StoreResult<SessionOwner> {
    Ok(SessionOwner { session: session(row)?, user: user_from(row, SESSION_COLUMNS)? })
}

/// A session and the hash of its token, which stands behind its columns.
pub(crate) fn session_and_token(row: &dyn Row) -> StoreResult<(Session, TokenHash)> {
    Ok((session(row)?, TokenHash(hash(row, SESSION_COLUMNS)?)))
}

pub(crate) fn audit(row: &dyn Row) -> StoreResult<AuditEntry> {
    let actor = maybe_user(row, 3)?;
    Ok(AuditEntry {
        id: AuditId::from_bytes(id(row, 0)?),
        at: at(row, 1)?,
        code: text(row, 2)?,
        actor,
        target: maybe_text(row, 4)?,
        address: maybe_text(row, 5)?,
        request_id: RequestId::from_bytes(id(row, 6)?),
        params: text(row, 7)?,
    })
}

fn maybe_user(row: &dyn Row, column: usize) -> StoreResult<Option<UserId>> {
    Ok(match row.maybe_blob(column)? {
        Some(_) => Some(UserId::from_bytes(id(row, column)?)),
        None => None,
    })
}

/// The name of a notification in this column, if there is one.
pub(crate) fn maybe_notification(
    row: &dyn Row,
    column: usize,
) -> StoreResult<Option<NotificationId>> {
    Ok(match row.maybe_blob(column)? {
        Some(_) => Some(NotificationId::from_bytes(id(row, column)?)),
        None => None,
    })
}

pub(crate) fn rule_change(row: &dyn Row) -> StoreResult<RuleChange> {
    let pending_s = match row.maybe_int(4)?.map(u32::try_from) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(error)) => return Err(StoreError::Engine(format!("column 4: {error}"))),
    };
    Ok(RuleChange {
        rule: text(row, 0)?,
        object: text(row, 1)?,
        enabled: row.int(2)? != 0,
        threshold: row.maybe_real(3)?,
        pending_s,
    })
}

pub(crate) fn silence(row: &dyn Row) -> StoreResult<Silence> {
    Ok(Silence {
        id: SilenceId::from_bytes(id(row, 0)?),
        matches: text(row, 1)?,
        reason: text(row, 2)?,
        created_at: at(row, 3)?,
        ends_at: at(row, 4)?,
        created_by: maybe_user(row, 5)?,
    })
}

pub(crate) fn link(row: &dyn Row) -> StoreResult<KeptLink> {
    let role = match row.maybe_text(5)? {
        Some(_) => Some(word(row, 5, &Role::ALL, Role::name)?),
        None => None,
    };
    Ok(KeptLink {
        id: LinkId::from_bytes(id(row, 0)?),
        purpose: word(row, 1, &LinkPurpose::ALL, LinkPurpose::name)?,
        user_id: maybe_user(row, 2)?,
        email: text(row, 3)?,
        email_key: EmailKey(text(row, 4)?),
        role,
        created_at: at(row, 6)?,
        expires_at: at(row, 7)?,
        used_at: maybe_at(row, 8)?,
    })
}

/// A channel in the first column.
pub(crate) fn channel(row: &dyn Row) -> StoreResult<Channel> {
    word(row, 0, &Channel::ALL, Channel::name)
}

pub(crate) fn parcel(row: &dyn Row) -> StoreResult<KeptParcel> {
    let attempts = u32::try_from(row.int(9)?)
        .map_err(|error| StoreError::Engine(format!("column 9: {error}")))?;
    Ok(KeptParcel {
        id: ParcelId::from_bytes(id(row, 0)?),
        channel: word(row, 1, &Channel::ALL, Channel::name)?,
        user_id: maybe_user(row, 2)?,
        destination: text(row, 3)?,
        code: word(row, 4, LetterCode::ALL, LetterCode::text)?,
        language: word(row, 5, &Language::ALL, Language::tag)?,
        params: json(row, 6)?,
        links: json(row, 7)?,
        state: word(row, 8, &ParcelState::ALL, ParcelState::name)?,
        attempts,
        created_at: at(row, 10)?,
        next_at: at(row, 11)?,
        expires_at: maybe_at(row, 12)?,
        ended_at: maybe_at(row, 13)?,
        says: maybe_text(row, 14)?,
        broadcast: maybe_notification(row, 15)?,
    })
}

pub(crate) fn webhook(row: &dyn Row) -> StoreResult<Webhook> {
    Ok(Webhook {
        id: WebhookId::from_bytes(id(row, 0)?),
        url: text(row, 1)?,
        label: text(row, 2)?,
        state: word(row, 3, &WebhookState::ALL, WebhookState::name)?,
        rotation: row.int(4)?,
        rotated_at: maybe_at(row, 5)?,
        created_at: at(row, 6)?,
    })
}

/// The JSON in this column.
fn json<T: serde::de::DeserializeOwned>(row: &dyn Row, column: usize) -> StoreResult<T> {
    serde_json::from_str(row.text(column)?)
        .map_err(|error| StoreError::Engine(format!("column {column}: {error}")))
}
