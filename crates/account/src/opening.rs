//! A new session: its token, its times, and what becomes of it once it is open.

use std::sync::Arc;

use galen_core::model::{NewSession, SessionOwner};
use galen_core::{Cx, Secret, SessionId, TokenHash, UnixMs, UserId};

use crate::held::{ends_at, expires_at, fresh_until};
use crate::{Accounts, Caller, SignedIn, fields, token};

/// A token that was just made.
pub(crate) struct Minted {
    /// What is given away.
    pub(crate) text: Secret<String>,
    /// What is kept.
    pub(crate) hash: TokenHash,
}

impl Accounts {
    /// A token for a session.
    pub(crate) fn mint_token(&self) -> Minted {
        let (text, hash) = token::mint(self.entropy.as_ref());
        Minted { text, hash }
    }

    /// A session to open for a user, and the token that will open it.
    pub(crate) fn new_session(
        &self,
        cx: &Cx,
        user_id: UserId,
        user_agent: Option<String>,
        now: UnixMs,
    ) -> (Minted, NewSession) {
        let token = self.mint_token();
        let ends_at = ends_at(now, &self.policy.session);
        let session = NewSession {
            id: SessionId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            user_id,
            token_hash: token.hash,
            created_at: now,
            expires_at: expires_at(now, ends_at, &self.policy.session),
            ends_at,
            address: cx.address.map(|address| address.to_canonical().to_string()),
            user_agent: fields::user_agent(user_agent),
        };
        (token, session)
    }

    /// Somebody who is signed in under a token that was just made.
    pub(crate) fn signed_in(&self, token: Minted, owner: SessionOwner) -> SignedIn {
        SignedIn {
            token: token.text,
            caller: Arc::new(Caller {
                fresh_until: fresh_until(&owner.session, &self.policy.session),
                session: owner.session,
                user: Arc::new(owner.user),
                token_hash: token.hash,
            }),
        }
    }
}
