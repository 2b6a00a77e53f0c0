//! Time as a parameter: wall time for what is stored, monotonic time for what is measured.

use serde::{Deserialize, Serialize};

/// A point in wall time: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// This moment plus `ms` milliseconds, saturating at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the time comes from: the binary's real clock, or a test's hand-moved one.
pub trait Clock: Send + Sync {
    /// Wall time. It may jump; never measure a duration with it.
    fn now(&self) -> UnixMs;

    /// Nanoseconds on a clock that only goes forward, from an arbitrary origin.
    fn monotonic_ns(&self) -> u64;
}
