//! Who asks: a session with its user, and what that allows.

use std::sync::Arc;

use galen_core::model::{Role, Session, User};
use galen_core::{Code, Refusal, TokenHash, UnixMs};

/// Who a token stands for.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Somebody is signed in.
    Caller(Arc<Caller>),
    /// Nobody is, for this reason: [`Code::NotSignedIn`] when the token is no token of ours,
    /// [`Code::SessionEnded`] when there is no session under it, or none any more.
    Nobody(Code),
}

/// Somebody who is signed in, as of this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The session. Its `last_seen_at` may lag behind by the touch interval.
    pub session: Session,
    /// The session's user; shared between the user's sessions, and read again after every change.
    pub user: Arc<User>,
    /// The hash of the token the session was found under: what memory forgets when it ends.
    pub token_hash: TokenHash,
    /// Until when the last given password counts as fresh.
    pub fresh_until: UnixMs,
}

impl Caller {
    /// Whether the user runs the installation.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.user.role == Role::Admin
    }

    /// Whether the user gave the password recently enough for a risky act (ASVS 5.0 7.5.3). A clock
    /// that was set back to before that moment says nothing about how long ago it was, so then it is
    /// not: otherwise the freshness would last as much longer.
    #[must_use]
    pub fn is_fresh(&self, now: UnixMs) -> bool {
        self.session.authenticated_at <= now && now < self.fresh_until
    }

    /// Refuses whoever is not an admin.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub fn require_admin(&self) -> Result<(), Refusal> {
        if self.is_admin() { Ok(()) } else { Err(Refusal::new(Code::NotAdmin)) }
    }

    /// Refuses whoever gave the password too long ago.
    ///
    /// # Errors
    /// [`Code::FreshAuthenticationNeeded`].
    pub fn require_fresh(&self, now: UnixMs) -> Result<(), Refusal> {
        if self.is_fresh(now) { Ok(()) } else { Err(Refusal::new(Code::FreshAuthenticationNeeded)) }
    }
}
