//! What the canary found, kept so that asking for it costs nothing.

use std::sync::Mutex;
use std::sync::PoisonError;

use galen_core::Code;

use crate::connection::MS_NS;

/// A canary older than this says nothing about now, in nanoseconds: five missed turns.
const STALE_NS: u64 = 5_000 * MS_NS;

/// The last canary's word.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Result<(), Code>, u64)>>);

impl Readiness {
    /// Keeps what a canary found at the monotonic time `now_ns`.
    pub(crate) fn note(&self, outcome: Result<(), Code>, now_ns: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((outcome, now_ns));
    }

    /// What the last canary found, if it is not too old at `now_ns`.
    pub(crate) fn ask(&self, now_ns: u64) -> Result<(), Code> {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((outcome, at_ns)) if now_ns.saturating_sub(at_ns) < STALE_NS => outcome,
            _ => Err(Code::NotReady),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_canary_says_nothing_about_now() {
        let readiness = Readiness::default();
        assert_eq!(readiness.ask(0), Err(Code::NotReady));
        readiness.note(Ok(()), 0);
        assert_eq!(readiness.ask(STALE_NS - 1), Ok(()));
        assert_eq!(readiness.ask(STALE_NS), Err(Code::NotReady));
        readiness.note(Err(Code::DatabaseBusy), STALE_NS);
        assert_eq!(readiness.ask(STALE_NS), Err(Code::DatabaseBusy));
    }
}
