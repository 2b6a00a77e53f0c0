//! The thread's own clock, read sparingly: a reading is a system call and costs as much as a handler.

use std::cell::Cell;

use crate::cpu_time::CpuTime;

/// How old a reading may be to begin a stretch with, and how long a stretch may be to be believed by
/// the wall clock, in nanoseconds. Whoever is put off the CPU is off for longer than this, so a
/// shorter stretch was spent on the CPU; a longer one is read from the thread's clock, and this is
/// how far that can be wrong.
const GRAIN_NS: u64 = 100_000;

thread_local! {
    /// The thread's last reading and when it was taken, on the monotonic clock.
    static LAST: Cell<Reading> = const { Cell::new(Reading { cpu_ns: 0, at_ns: 0 }) };
}

#[derive(Clone, Copy)]
struct Reading {
    cpu_ns: u64,
    at_ns: u64,
}

impl Reading {
    fn take(at_ns: u64) -> Self {
        let reading = Self { cpu_ns: CpuTime::Thread.ns(), at_ns };
        LAST.set(reading);
        reading
    }
}

/// A stretch of work on one thread, without a pause of its own.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    reading: Reading,
    begun_ns: u64,
}

impl Stretch {
    /// Begins at the monotonic time `now_ns`.
    pub(super) fn begin(now_ns: u64) -> Self {
        let last = LAST.get();
        let is_new = last.at_ns != 0 && now_ns.saturating_sub(last.at_ns) < GRAIN_NS;
        Self { reading: if is_new { last } else { Reading::take(now_ns) }, begun_ns: now_ns }
    }

    /// What the stretch took of the CPU until the monotonic time `now_ns`, in nanoseconds.
    pub(super) fn end(self, now_ns: u64) -> u64 {
        let wall_ns = now_ns.saturating_sub(self.begun_ns);
        if wall_ns < GRAIN_NS {
            return wall_ns;
        }
        // What the thread did between the reading and the beginning is not of this stretch.
        let before_ns = self.begun_ns.saturating_sub(self.reading.at_ns);
        let since_ns = Reading::take(now_ns).cpu_ns.saturating_sub(self.reading.cpu_ns);
        since_ns.saturating_sub(before_ns).min(wall_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_that_was_slept_through_took_nothing_of_the_cpu() {
        let stretch = Stretch::begin(1);
        std::thread::sleep(std::time::Duration::from_millis(50));
        // Told that a whole second passed, it asks the thread's clock, which knows better.
        assert!(stretch.end(1_000_000_000) < 40_000_000);
    }

    #[test]
    fn a_short_stretch_is_what_the_wall_clock_says() {
        assert_eq!(Stretch::begin(1_000).end(1_900), 900);
    }
}
