//! What the room is given and what it gives back: plain data, checked by the verbs that take it.

use std::sync::Arc;

use galen_core::model::{Action, ApiKey, Audience, Level, Role};
use galen_core::{Secret, SessionId, UnixMs, UserId};

use crate::Caller;

/// Somebody wants an account. Field errors point at `/email`, `/name` and `/password`.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The address, as it was written.
    pub email: String,
    /// What the user wants to be called; may be empty, at most 100 characters.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
}

/// Somebody wants to sign in. Field errors point at `/email` and `/password`.
#[derive(Clone, Debug)]
pub struct Login {
    /// The address, as it was written.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
    /// The user agent, kept with the session, cut to 256 characters.
    pub user_agent: Option<String>,
    /// The session the same browser presented, which ends when the sign-in succeeds.
    pub replaces: Option<SessionId>,
}

/// Somebody is signed in, under a token that was just made.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The token for the cookie: 43 characters of base64url. It is kept nowhere.
    pub token: Secret<String>,
    /// Who is signed in.
    pub caller: Arc<Caller>,
}

/// A signed-in user wants another password. Field errors point at `/current` and `/new`.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The password so far.
    pub current: Secret<String>,
    /// The password from now on.
    pub new: Secret<String>,
    /// The user agent, kept with the session the user goes on with.
    pub user_agent: Option<String>,
}

/// Somebody proves an address. Field errors point at `/password` and `/new_password`.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The secret of the mailed link.
    pub token: String,
    /// The password of the account; it shows that whoever registered is who owns the address.
    pub password: Option<Secret<String>>,
    /// A new password: whoever registered is locked out.
    pub new_password: Option<Secret<String>>,
}

/// Somebody sets a password by a mailed link. Field errors point at `/password`.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// The secret of the mailed link.
    pub token: String,
    /// The password from now on.
    pub password: Secret<String>,
}

/// Somebody accepts an invitation. Field errors point at `/name` and `/password`.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The secret of the mailed link.
    pub token: String,
    /// What the user wants to be called; may be empty, at most 100 characters.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
}

/// An admin, or the command line, makes a user. Field errors point at `/email`, `/name` and
/// `/password`.
#[derive(Clone, Debug)]
pub struct AdminUser {
    /// The address, as it was written.
    pub email: String,
    /// What the user is called; may be empty, at most 100 characters.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
    /// What the user may do.
    pub role: Role,
}

/// Who gets a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The user with this identifier.
    Id(UserId),
    /// The user with this address. Field errors point at `/email`.
    Email(String),
}

/// What a notification is to say. Field errors point at the fields' names.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it is about: `[a-z0-9_.-]`, 1 to 64 characters.
    pub category: String,
    /// How much it matters.
    pub level: Level,
    /// A stable code for clients to put into words: as a category.
    pub code: Option<String>,
    /// The code's parameters: a JSON object of at most 4096 octets.
    pub params: Option<serde_json::Value>,
    /// Its one line: 1 to 200 characters; may be empty beside a code.
    pub title: String,
    /// Its text: at most 4000 characters.
    pub body: String,
    /// Where it leads: an https URL or a path that begins with one slash, at most 2048 octets.
    pub link: Option<String>,
    /// What can be done about it: at most three, each with a label of 1 to 50 characters.
    pub actions: Vec<Action>,
    /// Data for the application: a JSON object of at most 4096 octets.
    pub data: Option<serde_json::Value>,
    /// When it says nothing any more, if it ever does: in the future.
    pub expires_at: Option<UnixMs>,
}

/// A notification to publish to some users.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// Who gets it: 1 to 1000. Field errors point at `/users`.
    pub to: Vec<Recipient>,
    /// What it says.
    pub message: Message,
    /// The key that makes the publishing happen once: 1 to 128 visible ASCII characters.
    pub idempotency_key: Option<String>,
}

/// A notification to broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct Announce {
    /// Who gets it.
    pub audience: Audience,
    /// When it is to be sent: in the future; `None`: now.
    pub publish_at: Option<UnixMs>,
    /// What it says.
    pub message: Message,
    /// The key that makes it happen once, as above.
    pub idempotency_key: Option<String>,
}

/// Who publishes.
#[derive(Clone, Copy, Debug)]
pub enum Publisher<'a> {
    /// A signed-in user, who must be an admin.
    Admin(&'a Caller),
    /// An application, by a key that was just found to work.
    Key(&'a ApiKey),
    /// Galen itself, or whoever runs its command line.
    System,
    /// Galen's monitor.
    Monitor,
}
