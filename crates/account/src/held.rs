//! A session as it is held in memory: who it stands for, until when, and when it was last used.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use galen_core::model::{Session, SessionTouch, User};
use galen_core::{UnixMs, UserId};

use crate::policy::MINUTE_MS;
use crate::{Caller, SessionPolicy};

/// A session held in memory.
pub(crate) struct Held {
    /// Whose it is; a session never changes hands.
    user_id: UserId,
    /// The caller as of the last request; replaced when its user has changed.
    caller: Mutex<Arc<Caller>>,
    /// When the use that was last written down, or is about to be, was.
    seen_at: AtomicI64,
    /// When the session ends unless it is used before. It moves only together with `seen_at`, so
    /// memory and store agree on it, but for what waits to be flushed.
    expires_at: AtomicI64,
}

impl Held {
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        Self {
            user_id: caller.session.user_id,
            seen_at: AtomicI64::new(caller.session.last_seen_at.0),
            expires_at: AtomicI64::new(caller.session.expires_at.0),
            caller: Mutex::new(caller),
        }
    }

    /// Whether the session has ended at `now`.
    pub(crate) fn has_ended(&self, now: UnixMs) -> bool {
        now.0 >= self.expires_at.load(Ordering::Relaxed)
    }

    /// When the session ends unless it is used before.
    pub(crate) fn expires_at(&self) -> UnixMs {
        UnixMs(self.expires_at.load(Ordering::Relaxed))
    }

    /// Whose session it is.
    pub(crate) fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The caller as it was last put together.
    fn caller(&self) -> Arc<Caller> {
        Arc::clone(&self.caller.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The caller with this user, put together anew only when the user is not the one it was.
    pub(crate) fn caller_with(&self, user: Arc<User>) -> Arc<Caller> {
        let mut caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&caller.user, &user) {
            *caller = Arc::new(Caller {
                session: caller.session.clone(),
                user,
                token_hash: caller.token_hash,
                fresh_until: caller.fresh_until,
            });
        }
        Arc::clone(&caller)
    }

    /// The use at `now`, if it is to be written down: when the last one that was is long enough ago.
    /// Of several requests at once, one gets it.
    pub(crate) fn touch(&self, now: UnixMs, policy: &SessionPolicy) -> Option<Used> {
        let seen_at = self.seen_at.load(Ordering::Relaxed);
        if now.since_ms(UnixMs(seen_at)) < policy.touch_ms.max(1) {
            return None;
        }
        self.seen_at.compare_exchange(seen_at, now.0, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        let caller = self.caller();
        let expires_at = expires_at(now, caller.session.ends_at, policy);
        let expired_at = self.expires_at.swap(expires_at.0, Ordering::Relaxed);
        let touch = SessionTouch { id: caller.session.id, last_seen_at: now, expires_at };
        Some(Used { touch, seen_at, expires_at: expired_at })
    }

    /// Undoes a touch that could not be gathered: the session ends when the store says so, and the
    /// next use tries again.
    pub(crate) fn untouch(&self, used: &Used) {
        self.expires_at.store(used.expires_at, Ordering::Relaxed);
        self.seen_at.store(used.seen_at, Ordering::Relaxed);
    }
}

/// A use to be written down, and what was held before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    /// The use.
    pub(crate) touch: SessionTouch,
    seen_at: i64,
    expires_at: i64,
}

/// When a session used at `seen_at` ends unless it is used before: the earlier of its idle and its
/// absolute end, rounded down to a whole minute (so that a count of expired sessions can be kept by
/// the minute). An idle time of less than two minutes is taken as two minutes.
pub(crate) fn expires_at(seen_at: UnixMs, ends_at: UnixMs, policy: &SessionPolicy) -> UnixMs {
    let idle_ms = policy.idle_ms.max(2 * MINUTE_MS);
    let end = seen_at.plus_ms(idle_ms).min(ends_at).0;
    UnixMs(end - end.rem_euclid(MINUTE_MS))
}

/// When a session opened at `created_at` ends in any case.
pub(crate) fn ends_at(created_at: UnixMs, policy: &SessionPolicy) -> UnixMs {
    created_at.plus_ms(policy.absolute_ms.max(2 * MINUTE_MS))
}

/// Until when the password given at `session.authenticated_at` counts as fresh.
pub(crate) fn fresh_until(session: &Session, policy: &SessionPolicy) -> UnixMs {
    session.authenticated_at.plus_ms(policy.fresh_ms)
}

#[cfg(test)]
mod tests {
    use galen_core::model::{Role, UserStatus};
    use galen_core::{Id, SessionId, TokenHash};

    use super::*;
    use crate::policy::DAY_MS;

    fn held_at(created_at: UnixMs, policy: &SessionPolicy) -> Held {
        let ends_at = ends_at(created_at, policy);
        let session = Session {
            id: SessionId(Id::from_bytes([1; 16])),
            user_id: UserId(Id::from_bytes([2; 16])),
            created_at,
            last_seen_at: created_at,
            authenticated_at: created_at,
            expires_at: expires_at(created_at, ends_at, policy),
            ends_at,
            address: None,
            user_agent: None,
        };
        let user = User {
            id: session.user_id,
            email: "anna@example.org".to_owned(),
            name: String::new(),
            role: Role::User,
            status: UserStatus::Active,
            email_verified_at: None,
            created_at,
            updated_at: created_at,
            last_login_at: None,
            preferences: galen_core::model::Preferences::default(),
            unread: 0,
            unseen: 0,
        };
        Held::new(Arc::new(Caller {
            fresh_until: fresh_until(&session, policy),
            session,
            user: Arc::new(user),
            token_hash: TokenHash([3; 32]),
        }))
    }

    #[test]
    fn a_session_lives_seven_days_without_use_and_thirty_in_any_case() {
        let policy = SessionPolicy::default();
        let start = UnixMs(1_800_000_000_000);
        let held = held_at(start, &policy);
        assert!(!held.has_ended(start.plus_ms(7 * DAY_MS - MINUTE_MS)));
        assert!(held.has_ended(start.plus_ms(7 * DAY_MS)));
        let mut now = start;
        for _ in 0..29 {
            now = now.plus_ms(DAY_MS);
            assert!(!held.has_ended(now));
            assert!(held.touch(now, &policy).is_some());
        }
        assert!(held.has_ended(start.plus_ms(30 * DAY_MS)));
    }

    #[test]
    fn the_end_is_a_whole_minute_and_never_late() {
        let policy = SessionPolicy::default();
        for offset in [0, 1, 59_999, 60_000, 61_001] {
            let seen_at = UnixMs(1_800_000_000_000 + offset);
            let end = expires_at(seen_at, seen_at.plus_ms(30 * DAY_MS), &policy);
            assert_eq!(end.0 % MINUTE_MS, 0);
            assert!(end <= seen_at.plus_ms(policy.idle_ms));
            assert!(end > seen_at.plus_ms(policy.idle_ms - MINUTE_MS));
        }
    }

    #[test]
    fn uses_close_together_are_written_down_once() {
        let policy = SessionPolicy::default();
        let start = UnixMs(1_800_000_000_000);
        let held = held_at(start, &policy);
        assert_eq!(held.touch(start.plus_ms(policy.touch_ms - 1), &policy), None);
        let at = start.plus_ms(policy.touch_ms);
        let used = held.touch(at, &policy).expect("due");
        assert_eq!(used.touch.last_seen_at, at);
        assert_eq!(held.touch(at, &policy), None);
        held.untouch(&used);
        assert!(held.touch(at, &policy).is_some(), "tried again");
    }

    #[test]
    fn a_use_that_found_no_place_prolongs_nothing() {
        let policy = SessionPolicy::default();
        let start = UnixMs(1_800_000_000_000);
        let held = held_at(start, &policy);
        let used = held.touch(start.plus_ms(6 * DAY_MS), &policy).expect("due");
        assert!(!held.has_ended(start.plus_ms(8 * DAY_MS)));
        held.untouch(&used);
        assert!(held.has_ended(start.plus_ms(7 * DAY_MS)), "the store knows of no later end");
    }

    #[test]
    fn a_clock_that_jumps_back_moves_nothing_back() {
        let policy = SessionPolicy::default();
        let start = UnixMs(1_800_000_000_000);
        let held = held_at(start, &policy);
        assert_eq!(held.touch(start.plus_ms(-DAY_MS), &policy), None);
        assert!(held.has_ended(start.plus_ms(7 * DAY_MS)));
    }
}
