//! A running read is stopped at its caller's deadline: a long scan must not keep a reader from others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use galen_core::{Clock, Deadline};
use rusqlite::Connection;

/// After so many instructions of SQLite's machine the clock is looked at: some tens of microseconds
/// of work, and so less than a thousandth of it.
const INSTRUCTIONS: i32 = 1_000;

/// The deadline of the read that a connection runs, as its progress handler sees it
/// (<https://www.sqlite.org/c3ref/progress_handler.html>).
#[derive(Debug)]
pub(super) struct Overdue {
    deadline_ns: AtomicU64,
    stopped: AtomicBool,
}

impl Overdue {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { deadline_ns: AtomicU64::new(u64::MAX), stopped: AtomicBool::new(false) })
    }

    /// From now on statements run until this moment.
    pub(super) fn allow(&self, deadline: Deadline) {
        self.deadline_ns.store(deadline.0, Ordering::Relaxed);
        self.stopped.store(false, Ordering::Relaxed);
    }

    /// Whether a statement was stopped since.
    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Lets the deadline stop this connection's statements.
    pub(super) fn watch(
        self: Arc<Self>,
        connection: &mut Connection,
        clock: Arc<dyn Clock>,
    ) -> rusqlite::Result<()> {
        let handler = move || {
            let late = clock.monotonic_ns() > self.deadline_ns.load(Ordering::Relaxed);
            if late {
                self.stopped.store(true, Ordering::Relaxed);
            }
            late
        };
        connection.progress_handler(INSTRUCTIONS, Some(handler))
    }
}
