//! Notifications: what a user is told, alone or with many others.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, NotificationId, Seq, UnixMs, UserId};

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

/// Something a reader can do about a notification: a button that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What the button says.
    pub label: String,
    /// Where it leads: an https URL or a path of the application.
    pub link: String,
}

/// What a notification says. It has a title, or a code with parameters that clients put into words;
/// with a code, title and text are what a client shows that does not know the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it is about, chosen by the application: `[a-z0-9_.-]`, 1 to 64 characters.
    pub category: String,
    /// How much it matters.
    pub level: Level,
    /// A stable code for clients to put into words, such as `alert.firing`.
    pub code: Option<String>,
    /// The code's parameters: a JSON object, as text.
    pub params: Option<String>,
    /// Its one line; empty only beside a code.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Where it leads: an https URL or a path of the application.
    pub link: Option<String>,
    /// What can be done about it, at most three.
    pub actions: Vec<Action>,
    /// A JSON object for the application, as text.
    pub data: Option<String>,
    /// When it says nothing any more, if it ever does.
    pub expires_at: Option<UnixMs>,
}

/// Who published a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// A signed-in admin.
    User(UserId),
    /// An application, by its key. The command looks whether the key still holds.
    Key(ApiKeyId),
    /// Galen itself, or whoever runs its command line.
    System,
    /// Galen's monitor.
    Monitor,
}

impl Author {
    /// The kind as it is stored and printed.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Key(_) => "api_key",
            Self::System => "system",
            Self::Monitor => "monitor",
        }
    }

    /// The identifier of the user or the key.
    #[must_use]
    pub const fn id(&self) -> Option<&[u8; 16]> {
        match self {
            Self::User(id) => Some(id.as_bytes()),
            Self::Key(id) => Some(id.as_bytes()),
            Self::System | Self::Monitor => None,
        }
    }
}

/// A notification as one user has it: told alone, or a broadcast with what this user made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its name.
    pub id: NotificationId,
    /// Its place in the order of all that was published; newer ones have higher ones.
    pub seq: Seq,
    /// Whether others have it, too.
    pub is_broadcast: bool,
    /// What it says.
    pub content: Content,
    /// Who published it.
    pub author: Author,
    /// When it was published.
    pub created_at: UnixMs,
    /// Whether the user has seen that it is there.
    pub is_seen: bool,
    /// When it was read, if it was.
    pub read_at: Option<UnixMs>,
    /// When it was put away, if it was.
    pub archived_at: Option<UnixMs>,
}

/// Which of a user's notifications are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// All that were not put away.
    #[default]
    Inbox,
    /// Those of them that were not read.
    Unread,
    /// Those that were put away.
    Archive,
}

/// Which page of a user's notifications is wanted. Rows come newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxAsk {
    /// Which of them.
    pub shelf: Shelf,
    /// Only those published before this one; `None` for the first page.
    pub before: Option<Seq>,
    /// How many rows at the most: 1 to 200, checked where the request is read.
    pub limit: u32,
}

/// The counts kept of a user's notifications, broadcasts included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxCounts {
    /// Those that were not read.
    pub unread: i64,
    /// Those of them the user has not even seen.
    pub unseen: i64,
}

/// One page of a user's notifications with the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationPage {
    /// The rows, newest first.
    pub items: Vec<Notification>,
    /// What to pass as `before` for the next page, when there is one.
    pub next: Option<Seq>,
    /// The counts.
    pub counts: InboxCounts,
    /// The newest place given in the whole store: what is published later comes after it.
    pub latest: Seq,
}

/// What a user was told after a place, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The rows, the oldest first, whatever their state.
    pub items: Vec<Notification>,
    /// Everything up to here is among `items`: where the next page begins, or the stream goes on.
    pub upto: Seq,
    /// Whether there is more.
    pub more: bool,
    /// The counts.
    pub counts: InboxCounts,
}

/// To whom a notification is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// To the user with this identifier.
    Id(UserId),
    /// To the user with this canonical address.
    Email(super::EmailKey),
}

/// A publishing to some users, in one commit, and, when the caller gave one, the key that makes it
/// happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Who gets it, each with the name its notification will have: at most a thousand.
    pub recipients: Vec<(NotificationId, Recipient)>,
    /// What it says.
    pub content: Content,
    /// When it leaves: at the end of its retention, or when it expires before.
    pub gone_at: UnixMs,
    /// Who publishes.
    pub author: Author,
    /// The idempotency key, if one was given: 1 to 128 characters, unique per author.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request's content, compared when a key comes again.
    pub content_hash: [u8; 32],
}

/// What became of one recipient of a publishing. It is kept under the idempotency key, so that the
/// same request has the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivered {
    /// It was stored for this user.
    #[serde(rename = "to")]
    To {
        /// Whose it is.
        user: UserId,
        /// Its name.
        id: NotificationId,
        /// Its place.
        seq: Seq,
    },
    /// There is no such user.
    #[serde(rename = "nobody")]
    Nobody,
}

/// What became of a publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// It was stored now: what became of each recipient, in their order.
    Now(Vec<Delivered>),
    /// The same content was published under this key before; here is what it became then.
    Before(Vec<Delivered>),
    /// The key was used for another content.
    KeyMismatch,
}

/// A step of a notification from unseen over seen and read to archived. Steps back there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It was read.
    Read,
    /// It was put away, and counts as read.
    Archived,
}

/// What became of marking. After a slice of marking all, unread ones that remain are the work of the
/// next slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// How many took the step now.
    pub marked: u64,
    /// The counts after it.
    pub counts: InboxCounts,
}

/// One slice of removing notifications whose time is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeSweep {
    /// Notifications of single users removed.
    pub removed: u64,
    /// Users whose counts changed with it.
    pub users: Vec<UserId>,
    /// Broadcasts that ended, whose readers' counts change with it.
    pub ended: u64,
    /// Rows of who read an ended broadcast, and old broadcasts, removed.
    pub forgotten: u64,
    /// Whether there is more to do.
    pub more: bool,
}
