//! Users: who may be whom.

use serde::{Deserialize, Serialize};

use super::Preferences;
use crate::links::KeptLink;
use crate::outbox::KeptParcel;
use crate::{Secret, UnixMs, UserId};

/// The one canonical form of an e-mail address, under which it is unique. Made only by the account
/// room; two addresses that a case fold or a compatibility form confuses share one key, so neither
/// can be registered beside the other (compare CVE-2019-19844). Mail goes to [`User::email`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailKey(pub String);

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns itself.
    User,
    /// Runs the installation.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::User, Self::Admin];

    /// The role as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not, and has no sessions.
    Disabled,
}

impl UserStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Disabled];

    /// The status as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// A user as everybody but the password check sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name for programs.
    pub id: UserId,
    /// The address as the user wrote it; mail goes here.
    pub email: String,
    /// What the user wants to be called; may be empty.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// When the address was proven, if it was.
    pub email_verified_at: Option<UnixMs>,
    /// When the account was made.
    pub created_at: UnixMs,
    /// When the account last changed.
    pub updated_at: UnixMs,
    /// When the user last signed in.
    pub last_login_at: Option<UnixMs>,
    /// How the user wants to see things.
    pub preferences: Preferences,
    /// Unread notifications, broadcasts included: kept with every write, never counted.
    pub unread: i64,
    /// Those of them the user has not even seen.
    pub unseen: i64,
}

/// A user with the hash its password is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: Secret<String>,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its identifier.
    pub id: UserId,
    /// The address as it was written.
    pub email: String,
    /// The address' canonical form.
    pub email_key: EmailKey,
    /// What the user wants to be called; may be empty.
    pub name: String,
    /// The password's hash, a PHC string.
    pub password_hash: Secret<String>,
    /// What the user may do.
    pub role: Role,
}

/// What became of making a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCreation {
    /// It was made.
    Created(User),
    /// There is an account under this canonical address already.
    EmailTaken,
    /// It hung on a setup token that is unknown, used or expired, or an admin exists already.
    TokenRefused,
}

/// A user's change of its own profile; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// A new name to be called by.
    pub name: Option<String>,
    /// How the user wants to see things from now on, in place of what was kept.
    pub preferences: Option<Preferences>,
}

/// An admin's change of a user; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// A new name to be called by.
    pub name: Option<String>,
    /// A new role.
    pub role: Option<Role>,
    /// A new status; `Disabled` ends every session.
    pub status: Option<UserStatus>,
}

/// What became of changing or deleting a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserChangeOutcome {
    /// It was done; these sessions ended with it and must leave every cache.
    Done {
        /// The user as it is now (as it was, when it was deleted).
        user: User,
        /// The sessions that ended.
        ended: Vec<super::EndedSession>,
    },
    /// There is no such user.
    NotFound,
    /// It would have left the installation without an active admin.
    LastAdmin,
}

/// Which users are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// The beginning of the canonical address.
    pub email_prefix: Option<String>,
    /// Only users of this role.
    pub role: Option<Role>,
    /// Only users of this status.
    pub status: Option<UserStatus>,
    /// Only users who have, or have not, proven their address.
    pub verified: Option<bool>,
    /// Only users whose account was made at this moment or later.
    pub created_from: Option<UnixMs>,
    /// Only users whose account was made before this moment.
    pub created_until: Option<UnixMs>,
    /// Only users who signed in at this moment or later.
    pub seen_from: Option<UnixMs>,
    /// Only users who never signed in, or last did before this moment.
    pub seen_until: Option<UnixMs>,
}

/// What is kept of a user beside the account, its sessions, its notifications and the trail; 200 of
/// each at the most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptOf {
    /// When each device was last signed in from; of a device only a digest is kept.
    pub devices: Vec<UnixMs>,
    /// Links that were mailed.
    pub links: Vec<KeptLink>,
    /// What waits to be sent to the user, or was.
    pub parcels: Vec<KeptParcel>,
}
