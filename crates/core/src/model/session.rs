//! Sessions: who is signed in, from where, until when.

use serde::{Deserialize, Serialize};

use crate::links::Owed;
use crate::{SessionId, TokenHash, UnixMs, UserId};

/// A session as it is kept. Its token is not: only the token's hash is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public name; it opens nothing.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it was opened.
    pub created_at: UnixMs,
    /// When it was last used, to within the touch interval.
    pub last_seen_at: UnixMs,
    /// When its user last gave a password.
    pub authenticated_at: UnixMs,
    /// When it ends unless it is used before: the earlier of idle and absolute end, rounded down to
    /// a whole minute so that expired sessions can be kept counted by minute, exactly.
    pub expires_at: UnixMs,
    /// When it ends in any case.
    pub ends_at: UnixMs,
    /// The address it was opened from.
    pub address: Option<String>,
    /// The user agent it was opened with, cut to 256 characters.
    pub user_agent: Option<String>,
}

/// A session with the user it belongs to, in one look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOwner {
    /// The session.
    pub session: Session,
    /// Its user.
    pub user: super::User,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What it will be called.
    pub id: SessionId,
    /// Whose it will be.
    pub user_id: UserId,
    /// The hash of its token.
    pub token_hash: TokenHash,
    /// Now: its opening, its last use and its authentication.
    pub created_at: UnixMs,
    /// When it ends unless it is used before; a whole minute.
    pub expires_at: UnixMs,
    /// When it ends in any case.
    pub ends_at: UnixMs,
    /// The address it is opened from.
    pub address: Option<String>,
    /// The user agent it is opened with.
    pub user_agent: Option<String>,
}

/// A use of a session to be written down. Touches are gathered and written in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTouch {
    /// Which session.
    pub id: SessionId,
    /// When it was used.
    pub last_seen_at: UnixMs,
    /// When it now ends unless it is used again; a whole minute.
    pub expires_at: UnixMs,
}

/// Why a session ended. Every ended session has one of these in the audit trail (the why-log).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its user signed out.
    Logout,
    /// Its user signed out everywhere.
    LogoutAll,
    /// Its user ended it from another session.
    RevokedByUser,
    /// An admin ended it.
    RevokedByAdmin,
    /// The password changed.
    PasswordChanged,
    /// The role changed.
    RoleChanged,
    /// The user was disabled.
    UserDisabled,
    /// The user was deleted.
    UserDeleted,
    /// A sign-in replaced it.
    Replaced,
    /// Its user had as many as one may have and signed in once more; it was the oldest.
    TooMany,
    /// Its user said of something that it was somebody else.
    Disowned,
    /// It was not used for too long, or too old, and was swept.
    Expired,
}

impl EndReason {
    /// The reason as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::RevokedByUser => "revoked_by_user",
            Self::RevokedByAdmin => "revoked_by_admin",
            Self::PasswordChanged => "password_changed",
            Self::RoleChanged => "role_changed",
            Self::UserDisabled => "user_disabled",
            Self::UserDeleted => "user_deleted",
            Self::Replaced => "replaced",
            Self::TooMany => "too_many",
            Self::Disowned => "disowned",
            Self::Expired => "expired",
        }
    }
}

/// A session that ended: what caches need to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Its name.
    pub id: SessionId,
    /// The hash it was looked up by.
    pub token_hash: TokenHash,
}

/// Which sessions an admin wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only this user's.
    pub user_id: Option<UserId>,
    /// Only those opened from this address, as it is written in them; not together with a user.
    pub address: Option<String>,
}

/// Whose sessions an admin ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokedOf {
    /// A user's.
    User(UserId),
    /// Those opened from an address, as it is written in them.
    Address(String),
    /// Everybody's.
    Everybody,
}

/// One slice of an admin's ending of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Whose.
    pub of: RevokedOf,
    /// Only sessions opened before this one: what is opened meanwhile keeps no slice going.
    pub before: SessionId,
    /// The one that goes on: the admin's own.
    pub keep: SessionId,
    /// At most so many in this slice.
    pub max_rows: u32,
    /// The letter to the user, when the sessions are one user's and the slice ends some.
    pub owed: Option<Owed>,
}

/// A session that an admin ended, and whose it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The session.
    pub session: EndedSession,
    /// Its user.
    pub user_id: UserId,
}

/// One slice of the sweep: at most so many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepWork {
    /// Sessions that ended at or before this moment go.
    pub expired_at: UnixMs,
    /// At most so many rows in this slice.
    pub max_rows: u32,
}

/// What one slice of the sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepSlice {
    /// Expired sessions removed: caches forget them, because a session that is held in memory and
    /// has no row could not be revoked any more.
    pub ended: Vec<EndedSession>,
    /// Notifications of deleted users removed.
    pub orphans: u64,
    /// Whether there is more to do.
    pub more: bool,
}
