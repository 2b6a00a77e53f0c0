//! A clock whose days pass by hand and whose durations are real, so that timers work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use galen_core::{Clock, UnixMs};

/// 2026-11-23T00:00:00Z.
const START_MS: i64 = 1_795_392_000_000;

pub struct SteadyClock {
    begun: Instant,
    wall_ms: AtomicI64,
    ahead_ns: AtomicU64,
    looks_left: AtomicI64,
}

impl SteadyClock {
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            wall_ms: AtomicI64::new(START_MS),
            ahead_ns: AtomicU64::new(0),
            looks_left: AtomicI64::new(i64::MAX),
        }
    }

    /// Lets wall time pass.
    pub fn pass_ms(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Lets monotonic time pass.
    pub fn pass_monotonic_ms(&self, ms: u64) {
        self.ahead_ns.fetch_add(ms * 1_000_000, Ordering::SeqCst);
    }

    /// After so many more looks at the wall time the next one panics, as a fault of ours would.
    pub fn break_down_after(&self, looks: i64) {
        self.looks_left.store(looks, Ordering::SeqCst);
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> UnixMs {
        let left = self.looks_left.fetch_sub(1, Ordering::SeqCst);
        assert!(left != 0, "the test broke the clock");
        UnixMs(self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic_ns(&self) -> u64 {
        let real = u64::try_from(self.begun.elapsed().as_nanos()).expect("a short test");
        real + self.ahead_ns.load(Ordering::SeqCst) + 1
    }
}

/// The same clock for whoever must not be the one whom it fails: the monitor, which looks at it
/// whenever it likes.
pub struct Onlooker(pub Arc<SteadyClock>);

impl Clock for Onlooker {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic_ns(&self) -> u64 {
        self.0.monotonic_ns()
    }
}
