//! Broadcasts: one stored row for many readers, its audience fixed at sending.

use serde::{Deserialize, Serialize};

use super::{Author, Content, Role, User};
use crate::dispatch::FanOutProgress;
use crate::{NotificationId, Seq, UnixMs};

/// Who gets a broadcast: of the users there are when it is sent, those whom all of this fits.
/// Nobody who comes later, and nobody who gets the role later, has it; who loses the role loses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// Only users of this role.
    pub role: Option<Role>,
    /// Only users whose account is older than this moment.
    pub created_before: Option<UnixMs>,
    /// Only users whose account was made at this moment or later.
    pub created_after: Option<UnixMs>,
    /// Only users who had, or had not, proven their address when it was sent.
    pub verified: Option<bool>,
}

impl Audience {
    /// Whether this user, who is there now, is among those it is sent to now.
    #[must_use]
    pub fn includes(&self, user: &User) -> bool {
        self.role.is_none_or(|role| role == user.role)
            && self.created_before.is_none_or(|moment| user.created_at < moment)
            && self.created_after.is_none_or(|moment| user.created_at >= moment)
            && self.verified.is_none_or(|wanted| wanted == user.email_verified_at.is_some())
    }

    /// Whether a kept count says how many it has, without a look at the users.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.created_before.is_none() && self.created_after.is_none() && self.verified.is_none()
    }
}

/// How many users an audience has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// So many.
    pub users: i64,
    /// Whether all users were looked at; `false`: there are at least so many.
    pub is_exact: bool,
}

/// What a broadcast is about to be, is, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// It waits for its time.
    Scheduled,
    /// It was sent, and its readers have it.
    Live,
    /// It was taken back: only those who had read it still have it. A scheduled one that was taken
    /// back is never sent.
    Recalled,
    /// Its time is over; nobody has it any more.
    Ended,
}

impl BroadcastState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Scheduled, Self::Live, Self::Recalled, Self::Ended];

    /// The state as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Live => "live",
            Self::Recalled => "recalled",
            Self::Ended => "ended",
        }
    }
}

/// A broadcast as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Its name; newer ones sort later.
    pub id: NotificationId,
    /// Its place, once it was sent.
    pub seq: Option<Seq>,
    /// What it is.
    pub state: BroadcastState,
    /// What it says.
    pub content: Content,
    /// Who gets it.
    pub audience: Audience,
    /// Who published it.
    pub author: Author,
    /// When it was written.
    pub created_at: UnixMs,
    /// When it is to be sent, or was.
    pub publish_at: UnixMs,
    /// When it ends.
    pub ends_at: UnixMs,
    /// How many had it when it was sent; before that, when it was written.
    pub reach: Reach,
    /// How many have read it: kept with every reading, never counted.
    pub read: i64,
    /// How far it has come by other channels, one row each once it was sent.
    pub carried: Vec<FanOutProgress>,
}

/// A broadcast to be stored, to be sent at once or at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBroadcast {
    /// Its name, minted by whoever publishes.
    pub id: NotificationId,
    /// What it says.
    pub content: Content,
    /// Who gets it.
    pub audience: Audience,
    /// When it is to be sent; `None`: now.
    pub publish_at: Option<UnixMs>,
    /// When it ends: at the end of its retention, or when it expires before.
    pub ends_at: UnixMs,
    /// Who publishes.
    pub author: Author,
    /// The idempotency key, if one was given.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request's content.
    pub content_hash: [u8; 32],
}

/// What became of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcasting {
    /// It was stored now.
    Now(Box<Broadcast>),
    /// The same was published under this key before, and was given this name.
    Before(NotificationId),
    /// The key was used for another content.
    KeyMismatch,
    /// As many wait or are live as there may be.
    TooMany,
}

/// What became of recalling a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// It is taken back.
    Done(Box<Broadcast>),
    /// There is no such broadcast.
    NotFound,
    /// It was taken back before, or is over.
    Over,
}
