//! Who asks: from a token to a session and its user, out of memory or out of the store.

use std::sync::Arc;

use galen_core::model::{User, UserStatus};
use galen_core::{Code, Cx, Refusal, UnixMs, UserId};

use crate::held::{Held, fresh_until};
use crate::{Accounts, Caller, Identity, token};

impl Accounts {
    /// Finds who a token stands for. A session that was revoked, by whatever way, is not found by
    /// any request that begins after the revocation was answered; a change of its user is seen by
    /// the next request. A token under which there is nothing is not remembered, so unknown tokens
    /// cost the store a look-up each and memory nothing.
    ///
    /// # Errors
    /// Those of the store. A store that cannot be read signs nobody in (ASVS 5.0 16.5.3).
    pub async fn identify(&self, cx: &Cx, token: &str) -> Result<Identity, Refusal> {
        let Some(hash) = token::hash_of(token) else {
            return Ok(Identity::Nobody(Code::NotSignedIn));
        };
        let now = self.clock.now();
        if let Some(held) = self.desk.sessions.get(&hash) {
            return self.answer(cx, &held, now).await;
        }
        let sessions_epoch = self.desk.sessions.begin();
        let users_epoch = self.desk.users.begin();
        let Some(owner) = self.desk.store.session_by_token(cx, hash).await? else {
            return Ok(Identity::Nobody(Code::SessionEnded));
        };
        let user = Arc::new(owner.user);
        let held = Arc::new(Held::new(Arc::new(Caller {
            fresh_until: fresh_until(&owner.session, &self.policy.session),
            session: owner.session,
            user: Arc::clone(&user),
            token_hash: hash,
        })));
        if held.has_ended(now) || user.status != UserStatus::Active {
            return Ok(Identity::Nobody(Code::SessionEnded));
        }
        self.desk.users.keep(user.id, Arc::clone(&user), users_epoch);
        self.desk.sessions.keep(hash, Arc::clone(&held), sessions_epoch);
        Ok(self.used(&held, user, now))
    }

    /// Until when a caller's session goes on unless it is used before; `None`: it has ended. A long
    /// stream asks again when that moment comes; it is no use of the session by itself.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn goes_on_until(&self, cx: &Cx, caller: &Caller) -> Result<Option<UnixMs>, Refusal> {
        let now = self.clock.now();
        if let Some(held) = self.desk.sessions.get(&caller.token_hash) {
            return Ok(Some(held.expires_at()).filter(|end| now < *end));
        }
        let owner = self.desk.store.session_by_token(cx, caller.token_hash).await?;
        let owner = owner.filter(|owner| owner.user.status == UserStatus::Active);
        Ok(owner.map(|owner| owner.session.expires_at).filter(|end| now < *end))
    }

    /// Answers for a session that is held in memory.
    async fn answer(&self, cx: &Cx, held: &Held, now: UnixMs) -> Result<Identity, Refusal> {
        // Only the clock ends it here; the entry leaves memory when the cache needs its place.
        if held.has_ended(now) {
            return Ok(Identity::Nobody(Code::SessionEnded));
        }
        match self.known_user(cx, held.user_id()).await? {
            Some(user) if user.status == UserStatus::Active => Ok(self.used(held, user, now)),
            _ => Ok(Identity::Nobody(Code::SessionEnded)),
        }
    }

    /// The user as of now: from memory, or from the store when it changed or was pushed out.
    async fn known_user(&self, cx: &Cx, id: UserId) -> Result<Option<Arc<User>>, Refusal> {
        if let Some(user) = self.desk.users.get(&id) {
            return Ok(Some(user));
        }
        let epoch = self.desk.users.begin();
        let Some(user) = self.desk.store.user(cx, id).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.desk.users.keep(id, Arc::clone(&user), epoch);
        Ok(Some(user))
    }

    /// Notes the use and gives the caller.
    fn used(&self, held: &Held, user: Arc<User>, now: UnixMs) -> Identity {
        let policy = &self.policy.session;
        if let Some(used) = held.touch(now, policy)
            && !self.touches.gather(used.touch)
        {
            held.untouch(&used);
        }
        Identity::Caller(held.caller_with(user))
    }
}
