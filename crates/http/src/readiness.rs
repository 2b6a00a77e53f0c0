//! What the canary found, kept so that asking for it costs nothing.

use std::sync::{Arc, Mutex, PoisonError};

use galen_core::{Code, Health, Kind, UnixMs};

use crate::connection::MS_NS;

/// A canary older than this says nothing about now, in nanoseconds: eight missed turns.
const STALE_NS: u64 = 2_000 * MS_NS;

/// The last canary's word.
pub(crate) struct Readiness(Mutex<Kept>);

#[derive(Clone)]
struct Kept {
    health: Arc<Health>,
    outcome: Result<(), Code>,
    /// When it was noted, on the monotonic clock; nothing before the first canary.
    at_ns: Option<u64>,
}

impl Kept {
    fn outcome(&self, now_ns: u64) -> Result<(), Code> {
        match self.at_ns {
            Some(at_ns) if now_ns.saturating_sub(at_ns) < STALE_NS => self.outcome,
            _ => Err(Code::NotReady),
        }
    }
}

impl Readiness {
    /// Nothing was looked at yet, as of `now`.
    pub(crate) fn new(now: UnixMs) -> Self {
        let health = Health {
            ready: false,
            code: Some(Code::NotReady.text().to_owned()),
            since: now,
            checked_at: now,
            resources: Vec::new(),
        };
        let outcome = Err(Code::NotReady);
        Self(Mutex::new(Kept { health: Arc::new(health), outcome, at_ns: None }))
    }

    /// Keeps what a canary found at the monotonic time `now_ns`.
    pub(crate) fn note(&self, health: Health, now_ns: u64) {
        let outcome = if health.ready { Ok(()) } else { Err(told(health.code.as_deref())) };
        let kept = Kept { health: Arc::new(health), outcome, at_ns: Some(now_ns) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// What the last canary found, if it is not too old at `now_ns`.
    pub(crate) fn ask(&self, now_ns: u64) -> Result<(), Code> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).outcome(now_ns)
    }

    /// The last canary's whole word. One that is too old at `now_ns` is no longer ready.
    pub(crate) fn health(&self, now_ns: u64) -> Health {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let health = Health::clone(&kept.health);
        match kept.outcome(now_ns) {
            // A canary that says no may name its reason more closely than anybody else is told.
            Err(code) if health.ready => {
                Health { ready: false, code: Some(code.text().to_owned()), ..health }
            }
            _ => health,
        }
    }
}

/// The code that anybody is told: of those that mean "not just now", or that in general.
fn told(code: Option<&str>) -> Code {
    let known = Code::ALL.iter().copied().find(|known| Some(known.text()) == code);
    known.filter(|code| code.kind() == Kind::Unavailable).unwrap_or(Code::NotReady)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(code: Option<&str>) -> Health {
        Health {
            ready: code.is_none(),
            code: code.map(str::to_owned),
            since: UnixMs(1),
            checked_at: UnixMs(2),
            resources: Vec::new(),
        }
    }

    #[test]
    fn an_old_canary_says_nothing_about_now() {
        let readiness = Readiness::new(UnixMs(0));
        assert_eq!(readiness.ask(0), Err(Code::NotReady));
        assert!(!readiness.health(0).ready);
        readiness.note(health(None), 0);
        assert_eq!(readiness.ask(STALE_NS - 1), Ok(()));
        assert!(readiness.health(STALE_NS - 1).ready);
        assert_eq!(readiness.ask(STALE_NS), Err(Code::NotReady));
        let stale = readiness.health(STALE_NS);
        assert_eq!((stale.ready, stale.code.as_deref()), (false, Some("server.not_ready")));
        readiness.note(health(Some("server.database_busy")), STALE_NS);
        assert_eq!(readiness.ask(STALE_NS), Err(Code::DatabaseBusy));
    }

    #[test]
    fn anybody_is_told_only_codes_that_mean_not_just_now() {
        let readiness = Readiness::new(UnixMs(0));
        for (code, expected) in [
            ("server.disk_full", Code::DiskFull),
            ("server.internal", Code::NotReady),
            ("auth.not_admin", Code::NotReady),
            ("writer held by pid 4711", Code::NotReady),
        ] {
            readiness.note(health(Some(code)), 0);
            assert_eq!(readiness.ask(0), Err(expected), "{code}");
            assert_eq!(readiness.health(0).code.as_deref(), Some(code), "admins see it all");
        }
    }
}
