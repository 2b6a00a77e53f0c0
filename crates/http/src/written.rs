//! Answers to `GET /api/me` kept as they were written: every page of every application asks for one.

use std::sync::{Arc, Weak};

use galen_account::Caller;
use galen_core::{SessionId, UnixMs};
use quick_cache::sync::Cache;

use crate::answer::Written;
use crate::fault::Fault;
use crate::routes::MeView;

/// How many answers are kept at the most, of about 700 bytes each.
const KEPT_MAX: usize = 2_048;

/// What the account room gives as the caller is immutable, and another object after every change. So
/// an answer is right for as long as it is the very same object and as fresh as it was, and nobody
/// has to be told of changes.
pub(crate) struct WrittenMe(Cache<SessionId, Arc<Kept>>);

struct Kept {
    /// Keeps the object's place from being used again, so that equal addresses are the same object.
    caller: Weak<Caller>,
    is_fresh: bool,
    written: Written,
}

impl Default for WrittenMe {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl WrittenMe {
    /// The answer for `caller` as of `now`.
    pub(crate) fn get(&self, caller: &Arc<Caller>, now: UnixMs) -> Result<Written, Fault> {
        let id = caller.session.id;
        let is_fresh = caller.is_fresh(now);
        if let Some(kept) = self.0.get(&id)
            && std::ptr::eq(kept.caller.as_ptr(), Arc::as_ptr(caller))
            && kept.is_fresh == is_fresh
        {
            return Ok(kept.written.clone());
        }
        let written = Written::new(&MeView::new(caller, now))?;
        let kept = Kept { caller: Arc::downgrade(caller), is_fresh, written: written.clone() };
        self.0.insert(id, Arc::new(kept));
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::UserId;
    use galen_core::model::{Role, Session, User, UserStatus};

    fn caller(name: &str) -> Arc<Caller> {
        let user = User {
            id: UserId::from_bytes([1; 16]),
            email: "ann@example.org".to_owned(),
            name: name.to_owned(),
            role: Role::User,
            status: UserStatus::Active,
            email_verified_at: None,
            created_at: UnixMs(0),
            updated_at: UnixMs(0),
            last_login_at: None,
            preferences: galen_core::model::Preferences::default(),
            unread: 0,
            unseen: 0,
        };
        let session = Session {
            id: SessionId::from_bytes([2; 16]),
            user_id: user.id,
            created_at: UnixMs(0),
            last_seen_at: UnixMs(0),
            authenticated_at: UnixMs(0),
            expires_at: UnixMs(0),
            ends_at: UnixMs(0),
            address: None,
            user_agent: None,
        };
        let token_hash = galen_core::TokenHash([3; 32]);
        Arc::new(Caller { session, user: Arc::new(user), token_hash, fresh_until: UnixMs(1_000) })
    }

    fn text(written: &WrittenMe, caller: &Arc<Caller>, now: i64) -> String {
        let written = written.get(caller, UnixMs(now)).expect("an answer");
        String::from_utf8(written.body().to_vec()).expect("text")
    }

    #[test]
    fn an_answer_is_kept_for_the_same_caller_and_for_no_other() {
        let written = WrittenMe::default();
        let before = caller("Before");
        let first = written.get(&before, UnixMs(0)).expect("an answer");
        let again = written.get(&before, UnixMs(1)).expect("an answer");
        assert!(std::ptr::eq(first.body().as_ptr(), again.body().as_ptr()), "it was kept");
        let after = caller("After");
        assert!(text(&written, &after, 1).contains("After"));
        drop(before);
        // However the allocator reuses places, another object is never taken for the one before.
        for round in 0..100 {
            let name = format!("Round {round}");
            assert!(text(&written, &caller(&name), 1).contains(&name));
        }
    }

    #[test]
    fn what_was_fresh_does_not_stay_so() {
        let written = WrittenMe::default();
        let ann = caller("Ann");
        assert!(text(&written, &ann, 999).contains("\"fresh\":true"));
        assert!(text(&written, &ann, 1_000).contains("\"fresh\":false"));
    }
}
