//! The real clock: the one place where wall time is read.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use galen_core::{Clock, UnixMs};

/// The machine's clock. Monotonic time is counted from its making.
#[derive(Debug)]
pub struct RealClock {
    origin: Instant,
}

impl RealClock {
    /// A clock whose monotonic time begins now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where wall time is read")]
    fn now(&self) -> UnixMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Nanoseconds since 1970, for those whose protocol wants them.
#[cfg(feature = "otlp")]
#[expect(clippy::disallowed_methods, reason = "this is the one place where wall time is read")]
pub fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A moment as people and logs read it: RFC 3339, UTC, to the second.
pub fn rfc3339(at: UnixMs) -> String {
    let seconds = jiff::Timestamp::from_second(at.0.div_euclid(1_000));
    seconds.map_or_else(|_| format!("{} ms", at.0), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_printed_in_utc_to_the_second() {
        assert_eq!(rfc3339(UnixMs(1_795_468_807_123)), "2026-11-23T21:20:07Z");
    }
}
