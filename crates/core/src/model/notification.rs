//! Notifications: what a user is told.

use serde::{Deserialize, Serialize};

use crate::{NotificationId, UnixMs, UserId};

/// How much a notification matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something succeeded.
    Success,
    /// Something wants attention.
    Warning,
    /// Something failed.
    Error,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Info, Self::Success, Self::Warning, Self::Error];

    /// The level as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A notification as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its name; newer ones sort later.
    pub id: NotificationId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is about, chosen by the application: `[a-z0-9_.-]`, 1 to 64 characters.
    pub category: String,
    /// How much it matters.
    pub level: Level,
    /// Its one line.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Where it leads: an https URL or a path of the application.
    pub link: Option<String>,
    /// A JSON object for the application, as text.
    pub data: Option<String>,
    /// When it was published.
    pub created_at: UnixMs,
    /// When it was read, if it was.
    pub read_at: Option<UnixMs>,
}

/// One page of a user's notifications with the kept count of unread ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationPage {
    /// The rows, newest first.
    pub page: crate::Page<Notification>,
    /// Unread notifications in all.
    pub unread: i64,
}

/// A notification to be published to one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotification {
    /// Its name, minted by whoever publishes.
    pub id: NotificationId,
    /// Who gets it.
    pub user_id: UserId,
    /// What it is about.
    pub category: String,
    /// How much it matters.
    pub level: Level,
    /// Its one line.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Where it leads.
    pub link: Option<String>,
    /// A JSON object for the application, as text.
    pub data: Option<String>,
}

/// A publishing: the notification and, when the caller gave one, the key that makes it happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What is published.
    pub notification: NewNotification,
    /// The idempotency key, if one was given: 1 to 128 characters, unique per publishing user.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request's content, compared when a key comes again.
    pub content_hash: [u8; 32],
}

/// What became of a publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// It was stored now.
    Now(Notification),
    /// The same content was published under this key before; here is what it became then.
    Before(NotificationId),
    /// The key was used for another content.
    KeyMismatch,
    /// There is no such user.
    UserNotFound,
}

/// What became of marking as read. After a slice of marking all, unread ones that remain are the
/// work of the next slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkedRead {
    /// How many were unread before and are read now.
    pub marked: u64,
    /// Unread ones that remain.
    pub unread: i64,
}
