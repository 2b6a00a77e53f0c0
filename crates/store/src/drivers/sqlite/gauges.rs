//! What the store's threads are at just now, in cells that anybody may look at without waiting.
//!
//! Each cell has one thread that writes it, so that a plain store does; whoever looks sees each cell
//! whole and several of them nearly of one moment.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use galen_core::model::PoolUse;

/// The bit of a stopwatch's sum that says it runs.
const RUNS: u64 = 1;

/// How many names of statements and commands can be told apart; all of them are literals of this
/// program, and there are fewer. What comes later has no name.
const NAMES_MOST: usize = 256;

/// How many names a thread finds again without a search.
const LABELS: usize = 128;

/// A stopwatch that one thread starts and stops.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    /// The time measured, shifted by one bit for [`RUNS`]; while it runs less the moment it was
    /// started at, so that one look at one cell tells the sum.
    sum: AtomicU64,
    /// Since when it runs; 0 when it does not.
    since_ns: AtomicU64,
}

impl Stopwatch {
    pub(super) fn start(&self, now_ns: u64) {
        let sum_ns = self.sum.load(Ordering::Relaxed) >> 1;
        self.sum.store(sum_ns.wrapping_sub(now_ns) << 1 | RUNS, Ordering::Relaxed);
        self.since_ns.store(now_ns.max(1), Ordering::Relaxed);
    }

    pub(super) fn stop(&self, now_ns: u64) {
        let sum_ns = self.sum.load(Ordering::Relaxed) >> 1;
        self.sum.store(sum_ns.wrapping_add(now_ns) << 1, Ordering::Relaxed);
        self.since_ns.store(0, Ordering::Relaxed);
    }

    /// Everything measured so far, what goes on now included.
    pub(super) fn total_ns(&self, now_ns: u64) -> u64 {
        let sum = self.sum.load(Ordering::Relaxed);
        let total_ns = match sum & RUNS {
            0 => sum >> 1,
            _ => (sum >> 1).wrapping_add(now_ns) & (u64::MAX >> 1),
        };
        // Whoever looked at the clock before it was started could see less than nothing.
        if total_ns > u64::MAX >> 2 { 0 } else { total_ns }
    }

    /// How long it has been running; 0 when it does not.
    pub(super) fn running_ns(&self, now_ns: u64) -> u64 {
        match self.since_ns.load(Ordering::Relaxed) {
            0 => 0,
            since_ns => now_ns.saturating_sub(since_ns),
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.sum.load(Ordering::Relaxed) & RUNS != 0
    }
}

/// What one reader is at. Alone on its lines of the cache, because its reader writes it often.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Desk {
    pub work: Stopwatch,
    /// The number of the statement that runs or ran last; 0 before the first.
    statement: AtomicU32,
}

impl Desk {
    pub(super) fn note(&self, statement: u32) {
        self.statement.store(statement, Ordering::Relaxed);
    }
}

/// What the threads of one store are at.
#[derive(Debug)]
pub(super) struct Gauges {
    names: [OnceLock<&'static str>; NAMES_MOST],
    readers: Box<[Desk]>,
    /// Since when the writer has been at what it does; 0 when it rests.
    writer_since_ns: AtomicU64,
    /// The number of the command it runs; 0: none.
    writer_command: AtomicU32,
    /// Runs while the writer waits for somebody else's lock.
    pub lock: Stopwatch,
}

impl Gauges {
    pub(super) fn new(readers: u32) -> Self {
        Self {
            names: [const { OnceLock::new() }; NAMES_MOST],
            readers: (0..readers).map(|_| Desk::default()).collect(),
            writer_since_ns: AtomicU64::new(0),
            writer_command: AtomicU32::new(0),
            lock: Stopwatch::default(),
        }
    }

    /// What this reader is at.
    pub(super) fn desk(&self, reader: u32) -> Option<&Desk> {
        self.readers.get(usize::try_from(reader).ok()?)
    }

    /// Readers at work.
    pub(super) fn readers_busy(&self) -> u32 {
        let busy = self.readers.iter().filter(|desk| desk.work.runs()).count();
        u32::try_from(busy).unwrap_or(u32::MAX)
    }

    /// The writer took something up.
    pub(super) fn writer_begins(&self, now_ns: u64) {
        self.writer_since_ns.store(now_ns.max(1), Ordering::Relaxed);
    }

    /// The writer runs this command.
    pub(super) fn writer_runs(&self, command: u32) {
        self.writer_command.store(command, Ordering::Relaxed);
    }

    /// The writer is done with it.
    pub(super) fn writer_rests(&self) {
        self.writer_since_ns.store(0, Ordering::Relaxed);
        self.writer_command.store(0, Ordering::Relaxed);
    }

    /// How the threads are used at a moment; the queues are filled in by whoever asked.
    pub(super) fn pool(&self, now_ns: u64) -> PoolUse {
        let longest = self.readers.iter().filter(|desk| desk.work.runs());
        let longest = longest.max_by_key(|desk| desk.work.running_ns(now_ns));
        let since_ns = self.writer_since_ns.load(Ordering::Relaxed);
        PoolUse {
            readers: u32::try_from(self.readers.len()).unwrap_or(u32::MAX),
            readers_busy: self.readers_busy(),
            readers_busy_ns: self.readers.iter().map(|desk| desk.work.total_ns(now_ns)).sum(),
            longest_read_ns: longest.map_or(0, |desk| desk.work.running_ns(now_ns)),
            longest_read: longest.and_then(|desk| self.name(&desk.statement)),
            writer_busy_ns: if since_ns == 0 { 0 } else { now_ns.saturating_sub(since_ns) },
            writer_command: self.name(&self.writer_command),
            lock_wait_ns: self.lock.running_ns(now_ns),
            ..PoolUse::default()
        }
    }

    fn name(&self, number: &AtomicU32) -> Option<&'static str> {
        let number = usize::try_from(number.load(Ordering::Relaxed)).ok()?;
        self.names.get(number.checked_sub(1)?)?.get().copied()
    }

    /// The number of a name, given to it when it is met for the first time; 0 when there are too
    /// many names.
    fn number(&self, name: &'static str) -> u32 {
        let known = self.names.iter().position(|cell| *cell.get_or_init(|| name) == name);
        known.and_then(|index| u32::try_from(index + 1).ok()).unwrap_or(0)
    }
}

/// The numbers of the names one thread meets, found again by where a name lies in memory.
pub(super) struct Labels {
    slots: [Cell<(&'static str, u32)>; LABELS],
}

impl Labels {
    pub(super) const fn new() -> Self {
        Self { slots: [const { Cell::new(("", 0)) }; LABELS] }
    }

    pub(super) fn number(&self, gauges: &Gauges, name: &'static str) -> u32 {
        let place = name.as_ptr().addr();
        let Some(slot) = self.slots.get((place ^ place >> 7) % LABELS) else { return 0 };
        let (known, number) = slot.get();
        if std::ptr::eq(known, name) {
            return number;
        }
        let number = gauges.number(name);
        slot.set((name, number));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_adds_its_stretches_up_and_counts_the_one_that_goes_on() {
        let watch = Stopwatch::default();
        watch.start(1_000);
        assert_eq!((watch.total_ns(1_300), watch.running_ns(1_300)), (300, 300));
        watch.stop(1_500);
        assert_eq!((watch.total_ns(9_000), watch.running_ns(9_000)), (500, 0));
        watch.start(10_000);
        assert!(watch.runs());
        assert_eq!((watch.total_ns(10_007), watch.running_ns(10_007)), (507, 7));
    }

    #[test]
    fn whoever_looked_at_the_clock_too_early_sees_no_time_rather_than_ages() {
        let watch = Stopwatch::default();
        watch.start(1_000);
        assert_eq!((watch.total_ns(900), watch.running_ns(900)), (0, 0));
    }

    #[test]
    fn a_name_keeps_its_number_and_the_reader_that_works_longest_is_named_with_it() {
        let gauges = Gauges::new(3);
        let labels = Labels::new();
        for (reader, name, at_ns) in [(0, "user.page", 500), (2, "audit.page", 100)] {
            let desk = gauges.desk(reader).unwrap();
            desk.work.start(at_ns);
            desk.note(labels.number(&gauges, name));
        }
        assert_eq!(labels.number(&gauges, "user.page"), Labels::new().number(&gauges, "user.page"));
        let pool = gauges.pool(1_000);
        assert_eq!((pool.readers, pool.readers_busy, pool.readers_busy_ns), (3, 2, 1_400));
        assert_eq!((pool.longest_read, pool.longest_read_ns), (Some("audit.page"), 900));
        gauges.desk(2).unwrap().work.stop(1_100);
        assert_eq!(gauges.pool(1_100).longest_read, Some("user.page"));
    }

    #[test]
    fn more_names_than_there_is_room_for_have_none() {
        let gauges = Gauges::new(1);
        for n in 0..NAMES_MOST {
            assert_eq!(gauges.number(Box::leak(n.to_string().into_boxed_str())) as usize, n + 1);
        }
        assert_eq!(gauges.number("one too many"), 0);
        gauges.writer_runs(gauges.number("one too many"));
        assert_eq!(gauges.pool(0).writer_command, None);
    }
}
