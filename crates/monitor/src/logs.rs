//! Log lines that wait for the next flush: bounded, the least important ones dropped first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use galen_core::{LogLevel, LogLine};

use crate::gauges::Gauges;
use crate::metric::Metric;

/// How many lines wait at the most.
const LINES_MAX: usize = 2_000;
/// How much they may take, in bytes.
const BYTES_MAX: usize = 1 << 20;
/// What is written at once, at the most: the smallest history takes a megabyte at a time.
const SLICE_BYTES: usize = 256 << 10;
const SLICE_LINES: usize = 256;
const LEVELS: usize = LogLevel::ALL.len();

/// The lines. They are counted by level even when they are dropped.
#[derive(Default)]
pub(crate) struct Logs {
    waiting: Mutex<Waiting>,
    came: [AtomicU64; LEVELS],
    dropped: AtomicU64,
    only_warnings: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    /// By level, the least important first; each with its place among all.
    lines: [VecDeque<(u64, LogLine)>; LEVELS],
    count: usize,
    bytes: usize,
    next: u64,
}

/// What a line takes in memory, about.
fn bytes_of(line: &LogLine) -> usize {
    let texts = [&line.room, &line.message, &line.fields];
    let maybe = [&line.code, &line.route, &line.trace_id];
    size_of::<(u64, LogLine)>()
        + texts.iter().map(|text| text.len()).sum::<usize>()
        + maybe.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>()
}

impl Waiting {
    /// Makes room for a line of this level by dropping less important ones, the oldest first. Gives
    /// how many were dropped, and whether there is room now.
    fn make_room(&mut self, level: usize, bytes: usize) -> (u64, bool) {
        let mut dropped = 0;
        while self.count >= LINES_MAX || self.bytes + bytes > BYTES_MAX {
            let least = self.lines[..level].iter_mut().find(|lines| !lines.is_empty());
            let Some((_, line)) = least.and_then(VecDeque::pop_front) else {
                return (dropped, false);
            };
            self.count -= 1;
            self.bytes -= bytes_of(&line);
            dropped += 1;
        }
        (dropped, true)
    }

    /// Takes a line in; gives how many were dropped for it, itself included.
    fn take(&mut self, place: u64, line: LogLine) -> u64 {
        let (level, bytes) = (line.level as usize, bytes_of(&line));
        let (dropped, has_room) = self.make_room(level, bytes);
        if !has_room {
            return dropped + 1;
        }
        self.count += 1;
        self.bytes += bytes;
        self.lines[level].push_back((place, line));
        dropped
    }
}

impl Logs {
    /// Takes a line for the next flush, or drops it.
    pub fn push(&self, line: LogLine) {
        self.came[line.level as usize].fetch_add(1, Ordering::Relaxed);
        if line.level < LogLevel::Warn && self.only_warnings.load(Ordering::Relaxed) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut waiting = self.lock();
        let place = waiting.next;
        waiting.next += 1;
        let dropped = waiting.take(place, line);
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Whether lines below `warn` are dropped as they come.
    pub fn keep_only_warnings(&self, only: bool) {
        self.only_warnings.store(only, Ordering::Relaxed);
    }

    /// Takes all waiting lines out, oldest first. They come back unless they are said to be kept.
    pub fn take(&self) -> Taken<'_> {
        let mut waiting = self.lock();
        let mut lines: Vec<_> = waiting.lines.iter_mut().flat_map(std::mem::take).collect();
        (waiting.count, waiting.bytes) = (0, 0);
        drop(waiting);
        lines.sort_unstable_by_key(|(place, _)| *place);
        Taken { logs: self, lines }
    }

    /// Tells how many lines came and how many were dropped since the last time.
    pub fn tell(&self, gauges: &Gauges) {
        for (level, came) in LogLevel::ALL.into_iter().zip(&self.came) {
            let n = came.swap(0, Ordering::Relaxed);
            if n > 0 {
                gauges.add(Metric::LogLines, level.text(), n);
            }
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            gauges.add(Metric::LogDropped, "", dropped);
        }
    }

    /// What they take in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A poisoned lock means that taking a line panicked before; the others are still wanted.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines that are being written. Dropped without [`Taken::keep`], they wait again: a flush that
/// failed or was given up loses none, within the bound.
pub(crate) struct Taken<'a> {
    logs: &'a Logs,
    lines: Vec<(u64, LogLine)>,
}

impl Taken<'_> {
    /// A copy of the next slice with the lines' places, oldest first; nothing when none waits any more.
    pub fn slice(&self) -> Option<Vec<(u64, LogLine)>> {
        let mut bytes = 0;
        let fits = |(_, line): &&(u64, LogLine)| {
            bytes += bytes_of(line);
            bytes <= SLICE_BYTES
        };
        let n = self.lines.iter().take_while(fits).count().clamp(1, SLICE_LINES);
        let slice: Vec<_> = self.lines.iter().take(n).cloned().collect();
        (!slice.is_empty()).then_some(slice)
    }

    /// The first `n` lines were written.
    pub fn kept(&mut self, n: usize) {
        self.lines.drain(..n.min(self.lines.len()));
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let mut waiting = self.logs.lock();
        // Those that came meanwhile wait behind them, so that each level stays in order.
        let mut all = std::mem::take(&mut self.lines);
        all.extend(waiting.lines.iter_mut().flat_map(std::mem::take));
        (waiting.count, waiting.bytes) = (0, 0);
        let dropped: u64 = all.into_iter().map(|(place, line)| waiting.take(place, line)).sum();
        self.logs.dropped.fetch_add(dropped, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use galen_core::UnixMs;
    use galen_testkit::HandClock;

    use super::*;

    fn line(level: LogLevel, message: &str) -> LogLine {
        LogLine {
            at: UnixMs(0),
            level,
            room: "http".to_owned(),
            message: message.to_owned(),
            code: None,
            route: None,
            status: None,
            user_id: None,
            request_id: None,
            trace_id: None,
            fields: "{}".to_owned(),
        }
    }

    fn messages(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.message.as_str()).collect()
    }

    /// All lines that wait, written slice by slice.
    fn written(logs: &Logs) -> Vec<LogLine> {
        let mut taken = logs.take();
        let mut all = Vec::new();
        while let Some(slice) = taken.slice() {
            let bytes: usize = slice.iter().map(|(_, line)| bytes_of(line)).sum();
            assert!(slice.len() == 1 || bytes <= SLICE_BYTES);
            taken.kept(slice.len());
            all.extend(slice.into_iter().map(|(_, line)| line));
        }
        all
    }

    #[test]
    fn a_slice_that_was_written_does_not_come_again() {
        let logs = Logs::default();
        for number in 0..300 {
            logs.push(line(LogLevel::Info, &number.to_string()));
        }
        let mut taken = logs.take();
        let first = taken.slice().unwrap();
        taken.kept(first.len());
        drop(taken);
        let rest = written(&logs);
        assert_eq!(first.len() + rest.len(), 300);
        assert_eq!(rest[0].message, first.len().to_string());
    }

    #[test]
    fn a_flood_of_small_talk_does_not_push_an_error_out() {
        let logs = Logs::default();
        logs.push(line(LogLevel::Error, "first"));
        for _ in 0..5_000 {
            logs.push(line(LogLevel::Info, "talk"));
        }
        for _ in 0..10 {
            logs.push(line(LogLevel::Error, "later"));
        }
        let lines = written(&logs);
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines.iter().filter(|line| line.level == LogLevel::Error).count(), 11);
        assert_eq!((lines[0].message.as_str(), lines[1_999].message.as_str()), ("first", "later"));
        let gauges = Gauges::new(Arc::new(HandClock::new()));
        logs.tell(&gauges);
        let told = gauges.drain();
        assert_eq!(told.get(Metric::LogDropped, "").map(|p| p.sum), Some(3_011.0));
        assert_eq!(told.get(Metric::LogLines, "info").map(|p| p.sum), Some(5_000.0));
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let logs = Logs::default();
        for _ in 0..100 {
            logs.push(line(LogLevel::Warn, &"x".repeat(100_000)));
        }
        assert!(logs.bytes() <= BYTES_MAX, "{}", logs.bytes());
        assert_eq!(written(&logs).len(), 10);
    }

    #[test]
    fn lines_whose_flush_failed_come_again_before_those_that_came_meanwhile() {
        let logs = Logs::default();
        logs.push(line(LogLevel::Info, "one"));
        logs.push(line(LogLevel::Error, "two"));
        let failed = logs.take();
        logs.push(line(LogLevel::Info, "three"));
        drop(failed);
        assert_eq!(messages(&written(&logs)), ["one", "two", "three"]);
        assert!(logs.take().slice().is_none());
        assert_eq!(logs.bytes(), 0);
    }
}
