//! The port through which AUTO repairs are carried out by the running server itself.

use galen_core::{Fut, UnixMs};
use serde::{Deserialize, Serialize};

/// What the server is asked to do. Each is bounded, idempotent and takes no user's data away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Delete expired sessions in batches until none is left or the budget is used up.
    SweepSessions,
    /// `PRAGMA optimize`.
    Optimize,
    /// `PRAGMA wal_checkpoint(PASSIVE)`, then `TRUNCATE`, within a second.
    Checkpoint,
    /// Remove this lock or PID file after checking once more that its owner is gone.
    RemoveStaleLock {
        /// The file.
        file: String,
    },
    /// Continue a stopped process (SIGCONT). By hand.
    Continue {
        /// The process.
        pid: u32,
        /// When it started, in Unix milliseconds: a number is used again.
        started_at: i64,
    },
    /// Raise a process' soft limit of descriptors to its hard one. By hand.
    RaiseDescriptors {
        /// The process.
        pid: u32,
        /// When it started, in Unix milliseconds.
        started_at: i64,
    },
    /// Ask a process to end (SIGTERM) and wait for it; nothing stronger. By hand.
    Terminate {
        /// The process.
        pid: u32,
        /// When it started, in Unix milliseconds.
        started_at: i64,
    },
    /// Switch a SQLite database to a write-ahead log, after a backup, while nobody has it open. By hand.
    SwitchToWal {
        /// The database.
        database: String,
    },
    /// Create an index in a SQLite database. By hand.
    CreateIndex {
        /// The database.
        database: String,
        /// The statement.
        sql: String,
    },
}

impl Action {
    /// Whether the doctor does it by hand, ordered by a person at a terminal, and not the server.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        match self {
            Self::SweepSessions
            | Self::Optimize
            | Self::Checkpoint
            | Self::RemoveStaleLock { .. } => false,
            Self::Continue { .. }
            | Self::RaiseDescriptors { .. }
            | Self::Terminate { .. }
            | Self::SwitchToWal { .. }
            | Self::CreateIndex { .. } => true,
        }
    }
}

/// What an action would do, found out without doing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// How many rows, bytes or files it would change; 0 means that it is useless.
    pub would_change: u64,
    /// The exact statement or system call it would use.
    pub statement: String,
}

/// What an action did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// How many rows, bytes or files it changed.
    pub changed: u64,
    /// The exact statement or system call.
    pub statement: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended.
    pub ended_at: UnixMs,
}

/// Why an action was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepairError {
    /// The server could not be reached.
    #[error("the running server cannot be reached: {0}")]
    Unreachable(String),
    /// The server's own precondition does not hold.
    #[error("the server refused: {0}")]
    Refused(String),
    /// It failed half-way; what was changed is durable and harmless.
    #[error("it failed: {0}")]
    Failed(String),
}

/// Carries actions out. The galen binary implements it over its control socket.
pub trait Repairer: Send + Sync {
    /// Says what an action would do.
    fn dry_run<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<DryRun, RepairError>>;

    /// Does it, and returns when it is durable.
    fn apply<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<Receipt, RepairError>>;

    /// Takes it back; `Ok(false)` when this action cannot be taken back.
    fn undo<'a>(
        &'a self,
        action: &'a Action,
        receipt: &'a Receipt,
    ) -> Fut<'a, Result<bool, RepairError>>;
}
