//! The counters behind each statement, command and connection, and how they read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::{CommandRecord, ConnectionEvent, StatementRecord};
use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, Quantiles};
use crate::metric::Metric;
use crate::names::Key;
use crate::point::{Point, as_float};
use crate::sketches::Sketches;

pub(crate) fn add(cell: &AtomicU64, n: u64) {
    cell.fetch_add(n, Ordering::Relaxed);
}

pub(crate) fn get(cell: &AtomicU64) -> u64 {
    cell.load(Ordering::Relaxed)
}

/// Where drained points go.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Metric, &Arc<str>, Point);

/// Something that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Counter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        if n > 0 {
            add(&self.sum, n);
            add(&self.count, 1);
        }
    }

    /// Takes out what was counted since the last drain. Sum and count of one increment may come in
    /// two windows; neither is lost.
    pub(crate) fn drain(&self) -> Option<Point> {
        let count = self.count.swap(0, Ordering::Relaxed);
        let sum = self.sum.swap(0, Ordering::Relaxed);
        (count > 0 || sum > 0).then(|| Point::counter(count, as_float(sum)))
    }
}

pub(crate) fn give(sink: Sink<'_>, metric: Metric, object: &Arc<str>, point: Option<Point>) {
    if let Some(point) = point {
        sink(metric, object, point);
    }
}

/// What is counted for one named statement.
pub(crate) struct StatementCell {
    object: Arc<str>,
    run_ns: Histogram,
    wait_ns: Histogram,
    rows: Counter,
    scanned_rows: Counter,
    pages: Counter,
    failed: Counter,
}

/// One named statement since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatementStats {
    /// The query's name.
    pub name: String,
    /// Time in the statement, in nanoseconds.
    pub run_ns: Quantiles,
    /// Rows given or changed.
    pub rows: u64,
    /// Rows visited by full scans.
    pub scanned_rows: u64,
    /// Pages asked of the page cache.
    #[serde(default)]
    pub pages: u64,
    /// Runs that failed.
    pub failed: u64,
}

/// What was counted of an object since the start.
fn counted(total: &Sketches, metric: Metric, object: &str) -> u64 {
    total.get(metric, object).map_or(0, |point| Quantiles::of(point).sum)
}

/// The quantiles of an object since the start.
fn quantiles(total: &Sketches, metric: Metric, object: &str) -> Quantiles {
    total.get(metric, object).map(Quantiles::of).unwrap_or_default()
}

impl StatementCell {
    pub(crate) fn new([name]: Key<1>) -> Self {
        Self {
            object: Arc::from(name),
            run_ns: Histogram::default(),
            wait_ns: Histogram::default(),
            rows: Counter::default(),
            scanned_rows: Counter::default(),
            pages: Counter::default(),
            failed: Counter::default(),
        }
    }

    pub(crate) fn count(&self, record: &StatementRecord) {
        self.run_ns.record(record.run_ns);
        // A caller waits once, before its first statement: only waits are values.
        if record.wait_ns > 0 {
            self.wait_ns.record(record.wait_ns);
        }
        self.rows.add(record.rows);
        self.scanned_rows.add(record.scanned_rows);
        self.pages.add(record.pages);
        self.failed.add(u64::from(record.failed));
    }

    pub(crate) fn drain(&self, sink: Sink<'_>) {
        give(sink, Metric::QueryNs, &self.object, self.run_ns.drain());
        give(sink, Metric::QueryWaitNs, &self.object, self.wait_ns.drain());
        give(sink, Metric::QueryRows, &self.object, self.rows.drain());
        give(sink, Metric::QueryScannedRows, &self.object, self.scanned_rows.drain());
        give(sink, Metric::QueryPages, &self.object, self.pages.drain());
        give(sink, Metric::QueryFailed, &self.object, self.failed.drain());
    }

    pub(crate) fn stats(&self, total: &Sketches) -> StatementStats {
        StatementStats {
            name: self.object.to_string(),
            run_ns: quantiles(total, Metric::QueryNs, &self.object),
            rows: counted(total, Metric::QueryRows, &self.object),
            scanned_rows: counted(total, Metric::QueryScannedRows, &self.object),
            pages: counted(total, Metric::QueryPages, &self.object),
            failed: counted(total, Metric::QueryFailed, &self.object),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.run_ns.bytes() + self.wait_ns.bytes()
    }
}

/// What is counted for one named write command.
pub(crate) struct CommandCell {
    object: Arc<str>,
    queue_ns: Histogram,
    lock_ns: Histogram,
    run_ns: Histogram,
    commit_ns: Histogram,
    failed: Counter,
    batched: AtomicU64,
}

/// One named write command since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandStats {
    /// The command's name.
    pub name: String,
    /// Time in the writer's queue, in nanoseconds.
    pub queue_ns: Quantiles,
    /// Time waiting for somebody else's lock, in nanoseconds.
    pub lock_ns: Quantiles,
    /// Time in its own statements, in nanoseconds.
    pub run_ns: Quantiles,
    /// Time from its last statement to the durable commit, in nanoseconds.
    pub commit_ns: Quantiles,
    /// The sum of the sizes of the batches it was in; over the count, the mean batch.
    pub batched: u64,
    /// Runs that failed.
    pub failed: u64,
}

impl CommandCell {
    pub(crate) fn new([name]: Key<1>) -> Self {
        Self {
            object: Arc::from(name),
            queue_ns: Histogram::default(),
            lock_ns: Histogram::default(),
            run_ns: Histogram::default(),
            commit_ns: Histogram::default(),
            failed: Counter::default(),
            batched: AtomicU64::new(0),
        }
    }

    pub(crate) fn count(&self, record: &CommandRecord) {
        self.queue_ns.record(record.queue_ns);
        self.lock_ns.record(record.lock_ns);
        self.run_ns.record(record.run_ns);
        self.commit_ns.record(record.commit_ns);
        self.failed.add(u64::from(record.failed));
        add(&self.batched, u64::from(record.batch));
    }

    pub(crate) fn drain(&self, sink: Sink<'_>) {
        give(sink, Metric::CommandQueueNs, &self.object, self.queue_ns.drain());
        give(sink, Metric::CommandLockNs, &self.object, self.lock_ns.drain());
        give(sink, Metric::CommandRunNs, &self.object, self.run_ns.drain());
        give(sink, Metric::CommandCommitNs, &self.object, self.commit_ns.drain());
        give(sink, Metric::CommandFailed, &self.object, self.failed.drain());
    }

    pub(crate) fn stats(&self, total: &Sketches) -> CommandStats {
        CommandStats {
            name: self.object.to_string(),
            queue_ns: quantiles(total, Metric::CommandQueueNs, &self.object),
            lock_ns: quantiles(total, Metric::CommandLockNs, &self.object),
            run_ns: quantiles(total, Metric::CommandRunNs, &self.object),
            commit_ns: quantiles(total, Metric::CommandCommitNs, &self.object),
            batched: get(&self.batched),
            failed: counted(total, Metric::CommandFailed, &self.object),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let times = [&self.queue_ns, &self.lock_ns, &self.run_ns, &self.commit_ns];
        size_of::<Self>() + times.iter().map(|times| times.bytes()).sum::<usize>()
    }
}

/// What is counted of connections.
#[derive(Debug, Default)]
pub(crate) struct ConnectionCell {
    accepted: AtomicU64,
    refused: AtomicU64,
    reset: AtomicU64,
    timed_out: AtomicU64,
    closed: AtomicU64,
}

/// Connections since the start. Each accepted one ends as reset, timed out or closed; the rest are
/// open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionCounts {
    /// Accepted and served.
    pub accepted: u64,
    /// Closed at once, because a cap was reached.
    pub refused: u64,
    /// Reset by the peer.
    pub reset: u64,
    /// Closed for silence or slowness.
    pub timed_out: u64,
    /// Ended in the ordinary way.
    pub closed: u64,
    /// Open now.
    pub open: u64,
}

impl ConnectionCell {
    pub(crate) fn count(&self, event: ConnectionEvent) {
        let cell = match event {
            ConnectionEvent::Accepted => &self.accepted,
            ConnectionEvent::Refused => &self.refused,
            ConnectionEvent::Reset => &self.reset,
            ConnectionEvent::TimedOut => &self.timed_out,
            ConnectionEvent::Closed => &self.closed,
        };
        add(cell, 1);
    }

    pub(crate) fn counts(&self) -> ConnectionCounts {
        // The ends are read before the beginnings, so that `open` cannot come out negative.
        let (reset, timed_out, closed) =
            (get(&self.reset), get(&self.timed_out), get(&self.closed));
        let accepted = get(&self.accepted);
        let open = accepted.saturating_sub(reset + timed_out + closed);
        ConnectionCounts { accepted, refused: get(&self.refused), reset, timed_out, closed, open }
    }
}
