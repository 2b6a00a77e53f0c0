//! A clock that moves when a test says so.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use galen_core::{Clock, UnixMs};

/// 2026-01-01T00:00:00Z, where a hand-moved clock begins: a whole minute.
const BEGINNING: UnixMs = UnixMs(1_767_225_600_000);

/// A clock that moves only by hand, and, when it is told so, by a step at each look at its monotonic
/// side, so that every stretch of time has a length a test can add up.
#[derive(Debug)]
pub struct HandClock {
    wall_ms: AtomicI64,
    monotonic_ns: AtomicU64,
    step_ns: u64,
}

impl HandClock {
    /// A clock at the beginning of 2026 that stands still.
    #[must_use]
    pub const fn new() -> Self {
        Self::stepping(0)
    }

    /// A clock whose monotonic side goes on by `step_ns` at each look.
    #[must_use]
    pub const fn stepping(step_ns: u64) -> Self {
        Self {
            wall_ms: AtomicI64::new(BEGINNING.0),
            monotonic_ns: AtomicU64::new(1_000_000_000),
            step_ns,
        }
    }

    /// Moves both sides on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: u32) {
        self.wall_ms.fetch_add(i64::from(ms), Ordering::SeqCst);
        self.monotonic_ns.fetch_add(u64::from(ms) * 1_000_000, Ordering::SeqCst);
    }

    /// Lets the wall side jump to `at`, as an operator or a time server does; durations go on.
    pub fn jump_to(&self, at: UnixMs) {
        self.wall_ms.store(at.0, Ordering::SeqCst);
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic_ns(&self) -> u64 {
        self.monotonic_ns.fetch_add(self.step_ns, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let clock = HandClock::new();
        assert_eq!((clock.now(), clock.monotonic_ns()), (clock.now(), clock.monotonic_ns()));
        let (wall, monotonic) = (clock.now(), clock.monotonic_ns());
        clock.advance_ms(1_500);
        assert_eq!(clock.now().since_ms(wall), 1_500);
        assert_eq!(clock.monotonic_ns() - monotonic, 1_500_000_000);
    }
}
