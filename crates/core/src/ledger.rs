//! The slow-request ledger: where the wall time of one request went, in phases that add up.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A place in which a request can spend its time. The sum of all phases is compared with the wall
/// time of the request; what is left is shown as `unexplained`, never spread over the others.
///
/// Phases are exclusive: time counted in one is not counted in another. Waits are wall time,
/// [`Phase::Handler`] is time on the CPU by the thread's own clock and not a remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Phase {
    /// From the connection's acceptance by the program to its first polled request.
    AcceptQueue,
    /// Runnable but not running: from the wake-up of the request's task to its next poll.
    ExecutorQueue,
    /// Waiting for and reading the request's body.
    BodyRead,
    /// Deciding about limits: size, rate, load.
    Limits,
    /// Deciding about the origin (CORS), preflights included.
    Cors,
    /// Finding who asks: cookie, hash, cache; a look-up in the database counts as its own phases.
    Session,
    /// Deciding whether an unsafe request was forged.
    Csrf,
    /// Waiting for a database reader, or for the writer to take the command up.
    PoolWait,
    /// Waiting for a lock on the database that somebody else holds.
    LockWait,
    /// Running statements.
    Query,
    /// From the end of the command's own statements to its durable commit.
    CommitWait,
    /// Waiting for a permit to hash a password.
    HashWait,
    /// Hashing a password.
    Hash,
    /// Waiting for another service.
    Outbound,
    /// Waiting on purpose, so that the time of an answer does not say what its words keep back.
    Evened,
    /// The handler's own time on the CPU.
    Handler,
    /// Off the CPU in the middle of the handler's own work: it blocked its thread, or the machine
    /// had none to spare. Everybody else on that thread waited too.
    Blocked,
    /// Handing the answer to the kernel.
    Write,
}

impl Phase {
    /// Every phase, in the order a request meets them.
    pub const ALL: [Self; PHASES] = [
        Self::AcceptQueue,
        Self::ExecutorQueue,
        Self::BodyRead,
        Self::Limits,
        Self::Cors,
        Self::Session,
        Self::Csrf,
        Self::PoolWait,
        Self::LockWait,
        Self::Query,
        Self::CommitWait,
        Self::HashWait,
        Self::Hash,
        Self::Outbound,
        Self::Evened,
        Self::Handler,
        Self::Blocked,
        Self::Write,
    ];

    /// The phase's stable name, as metrics, `Server-Timing` and reports print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AcceptQueue => "accept_queue",
            Self::ExecutorQueue => "executor_queue",
            Self::BodyRead => "body_read",
            Self::Limits => "limits",
            Self::Cors => "cors",
            Self::Session => "session",
            Self::Csrf => "csrf",
            Self::PoolWait => "pool_wait",
            Self::LockWait => "lock_wait",
            Self::Query => "query",
            Self::CommitWait => "commit_wait",
            Self::HashWait => "hash_wait",
            Self::Hash => "hash",
            Self::Outbound => "outbound",
            Self::Evened => "evened",
            Self::Handler => "handler",
            Self::Blocked => "blocked",
            Self::Write => "write",
        }
    }
}

/// How many phases there are.
pub const PHASES: usize = 18;

/// The running account of one request. Shared by reference between the phases of the request, so
/// its cells are atomics; they are never contended, because a request runs in one place at a time.
#[derive(Debug, Default)]
pub struct Ledger {
    spent_ns: [AtomicU64; PHASES],
}

/// The beginning of a stretch of time that [`Ledger::close`] will count.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at_ns: u64,
    sum_ns: u64,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts `ns` nanoseconds in `phase`.
    pub fn add(&self, phase: Phase, ns: u64) {
        self.spent_ns[phase as usize].fetch_add(ns, Ordering::Relaxed);
    }

    /// What `phase` has counted so far, in nanoseconds.
    #[must_use]
    pub fn get(&self, phase: Phase) -> u64 {
        self.spent_ns[phase as usize].load(Ordering::Relaxed)
    }

    /// Begins a stretch at the monotonic time `now_ns`.
    #[must_use]
    pub fn open(&self, now_ns: u64) -> Mark {
        Mark { at_ns: now_ns, sum_ns: self.sum_ns() }
    }

    /// Ends a stretch: counts in `phase` the time since `mark`, less whatever other phases counted
    /// meanwhile, so that nested phases are never counted twice.
    pub fn close(&self, phase: Phase, mark: Mark, now_ns: u64) {
        let wall_ns = now_ns.saturating_sub(mark.at_ns);
        let nested_ns = self.sum_ns().saturating_sub(mark.sum_ns);
        self.add(phase, wall_ns.saturating_sub(nested_ns));
    }

    /// The sum of all phases so far, in nanoseconds.
    #[must_use]
    pub fn sum_ns(&self) -> u64 {
        self.spent_ns.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    /// A copy of the account, closed against the request's wall time.
    #[must_use]
    pub fn snapshot(&self, wall_ns: u64) -> LedgerSnapshot {
        let mut spent_ns = [0; PHASES];
        for (spent, cell) in spent_ns.iter_mut().zip(&self.spent_ns) {
            *spent = cell.load(Ordering::Relaxed);
        }
        LedgerSnapshot { spent_ns, wall_ns }
    }
}

/// The closed account of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSnapshot {
    /// Nanoseconds by phase, in the order of [`Phase::ALL`].
    pub spent_ns: [u64; PHASES],
    /// The wall time of the request in nanoseconds.
    pub wall_ns: u64,
}

impl LedgerSnapshot {
    /// Nanoseconds spent in `phase`.
    #[must_use]
    pub const fn get(&self, phase: Phase) -> u64 {
        self.spent_ns[phase as usize]
    }

    /// The part of the wall time that no phase accounts for, in nanoseconds.
    #[must_use]
    pub fn unexplained_ns(&self) -> u64 {
        self.wall_ns.saturating_sub(self.spent_ns.iter().sum())
    }

    /// Phases with time in them and that time, in the order a request meets them.
    pub fn spent(&self) -> impl Iterator<Item = (Phase, u64)> + '_ {
        Phase::ALL.into_iter().zip(self.spent_ns).filter(|(_, ns)| *ns > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phases_are_listed_in_the_order_of_their_cells() {
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, index, "{}", phase.name());
        }
    }

    #[test]
    fn nested_time_is_counted_once_and_the_rest_is_unexplained() {
        let ledger = Ledger::new();
        let mark = ledger.open(100);
        ledger.add(Phase::Query, 30);
        ledger.close(Phase::Session, mark, 150);
        let closed = ledger.snapshot(60);
        assert_eq!(closed.get(Phase::Query), 30);
        assert_eq!(closed.get(Phase::Session), 20);
        assert_eq!(closed.unexplained_ns(), 10);
    }
}
