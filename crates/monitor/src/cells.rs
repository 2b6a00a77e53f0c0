//! The counters behind each route, statement, command and connection, and how they read.

use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::{CommandRecord, ConnectionEvent, RequestOutcome, RequestRecord, StatementRecord};
use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, Quantiles};

fn add(cell: &AtomicU64, n: u64) {
    cell.fetch_add(n, Ordering::Relaxed);
}

fn get(cell: &AtomicU64) -> u64 {
    cell.load(Ordering::Relaxed)
}

/// What is counted for one route and method.
#[derive(Debug, Default)]
pub(crate) struct RouteCell {
    wall_ns: Histogram,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    timed_out: AtomicU64,
    given_up: AtomicU64,
    panicked: AtomicU64,
}

/// One route and method since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteStats {
    /// The matched pattern; empty for requests that matched none.
    pub route: String,
    /// The method.
    pub method: String,
    /// Wall time in nanoseconds.
    pub wall_ns: Quantiles,
    /// Answers from 400 to 499.
    pub client_errors: u64,
    /// Answers from 500 on.
    pub server_errors: u64,
    /// Requests that ran past their deadline.
    pub timed_out: u64,
    /// Requests whose client went away first.
    pub given_up: u64,
    /// Requests whose handler panicked.
    pub panicked: u64,
}

impl RouteCell {
    pub(crate) fn count(&self, record: &RequestRecord) {
        self.wall_ns.record(record.ledger.wall_ns);
        match record.status {
            400..=499 => add(&self.client_errors, 1),
            500.. => add(&self.server_errors, 1),
            _ => {}
        }
        match record.outcome {
            RequestOutcome::Answered => {}
            RequestOutcome::TimedOut => add(&self.timed_out, 1),
            RequestOutcome::GivenUp => add(&self.given_up, 1),
            RequestOutcome::Panicked => add(&self.panicked, 1),
        }
    }

    pub(crate) fn stats(&self, route: &str, method: &str) -> RouteStats {
        RouteStats {
            route: route.to_owned(),
            method: method.to_owned(),
            wall_ns: self.wall_ns.quantiles(),
            client_errors: get(&self.client_errors),
            server_errors: get(&self.server_errors),
            timed_out: get(&self.timed_out),
            given_up: get(&self.given_up),
            panicked: get(&self.panicked),
        }
    }
}

/// What is counted for one named statement.
#[derive(Debug, Default)]
pub(crate) struct StatementCell {
    run_ns: Histogram,
    rows: AtomicU64,
    scanned_rows: AtomicU64,
    failed: AtomicU64,
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
    /// Runs that failed.
    pub failed: u64,
}

impl StatementCell {
    pub(crate) fn count(&self, record: &StatementRecord) {
        self.run_ns.record(record.run_ns);
        add(&self.rows, record.rows);
        add(&self.scanned_rows, record.scanned_rows);
        add(&self.failed, u64::from(record.failed));
    }

    pub(crate) fn stats(&self, name: &str) -> StatementStats {
        StatementStats {
            name: name.to_owned(),
            run_ns: self.run_ns.quantiles(),
            rows: get(&self.rows),
            scanned_rows: get(&self.scanned_rows),
            failed: get(&self.failed),
        }
    }
}

/// What is counted for one named write command.
#[derive(Debug, Default)]
pub(crate) struct CommandCell {
    queue_ns: Histogram,
    lock_ns: Histogram,
    run_ns: Histogram,
    commit_ns: Histogram,
    batched: AtomicU64,
    failed: AtomicU64,
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
    pub(crate) fn count(&self, record: &CommandRecord) {
        self.queue_ns.record(record.queue_ns);
        self.lock_ns.record(record.lock_ns);
        self.run_ns.record(record.run_ns);
        self.commit_ns.record(record.commit_ns);
        add(&self.batched, u64::from(record.batch));
        add(&self.failed, u64::from(record.failed));
    }

    pub(crate) fn stats(&self, name: &str) -> CommandStats {
        CommandStats {
            name: name.to_owned(),
            queue_ns: self.queue_ns.quantiles(),
            lock_ns: self.lock_ns.quantiles(),
            run_ns: self.run_ns.quantiles(),
            commit_ns: self.commit_ns.quantiles(),
            batched: get(&self.batched),
            failed: get(&self.failed),
        }
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
