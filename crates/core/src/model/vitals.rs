//! What the store says of itself: counts it keeps, facts of its file, how pressed it is.

use serde::{Deserialize, Serialize};

/// Counts that are kept with every write, never counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Accounts.
    pub users: i64,
    /// Accounts that are admins and active.
    pub active_admins: i64,
    /// Sessions that have not ended.
    pub sessions_active: i64,
    /// Sessions that have expired and wait for the sweep.
    pub sessions_expired: i64,
    /// Notifications kept.
    pub notifications: i64,
}

/// Facts of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// The engine and its version, `SQLite 3.54.1`.
    pub engine: String,
    /// Where it is: a path or a URL without credentials.
    pub location: String,
    /// Size of the database in bytes.
    pub size_bytes: u64,
    /// Size of the write-ahead log in bytes.
    pub wal_bytes: u64,
    /// Pages in the file.
    pub pages: u64,
    /// Bytes a page.
    pub page_bytes: u64,
    /// Pages that hold nothing.
    pub freelist_pages: u64,
    /// The number of the newest migration applied.
    pub schema_version: u32,
    /// Readers there are.
    pub readers: u32,
    /// Commands that wait for the writer, and how many may.
    pub pressure: Pressure,
    /// Time of a one-row look-up made to learn these facts, in nanoseconds.
    pub query_ns: u64,
}

/// How pressed the store is just now; free to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressure {
    /// Live commands in the writer's queue.
    pub writes_waiting: u32,
    /// How many commands the queue takes.
    pub writes_capacity: u32,
    /// Reads in the readers' queue.
    pub reads_waiting: u32,
    /// Readers at work.
    pub readers_busy: u32,
    /// Readers there are.
    pub readers: u32,
    /// What the last commit took, in nanoseconds.
    pub last_commit_ns: u64,
}

/// How the readers and the writer are used just now; free to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// Readers there are.
    pub readers: u32,
    /// Readers at work.
    pub readers_busy: u32,
    /// Reads that wait for one.
    pub reads_waiting: u32,
    /// Time all readers together were at work since the start, what goes on now included, in
    /// nanoseconds: its growth over the time times the readers is the time-weighted use.
    pub readers_busy_ns: u64,
    /// How long the reader that is at work longest has been, in nanoseconds; 0 when none is.
    pub longest_read_ns: u64,
    /// The statement it runs, or ran last.
    pub longest_read: Option<&'static str>,
    /// Live commands that wait for the writer.
    pub writes_waiting: u32,
    /// How long the writer has been at what it does now, waiting for a lock included, in
    /// nanoseconds; 0 when it rests.
    pub writer_busy_ns: u64,
    /// The command it runs.
    pub writer_command: Option<&'static str>,
    /// How long the writer has waited for somebody else's lock now, in nanoseconds; 0: it does not.
    pub lock_wait_ns: u64,
}

/// What recycling the readers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recycled {
    /// Readers whose connection was closed and opened anew.
    pub readers: u32,
}

/// A piece of maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upkeep {
    /// Refresh the planner's statistics where they are stale (`PRAGMA optimize`).
    Optimize,
    /// Move the write-ahead log into the database and cut it.
    Checkpoint,
    /// Give at most so many free pages back to the file system.
    IncrementalVacuum {
        /// How many pages at the most.
        max_pages: u32,
    },
}

/// What maintenance would help, measured without changing anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpkeepAdvice {
    /// Tables whose statistics the planner lacks or has from another size of the table, by name:
    /// [`Upkeep::Optimize`] would take them anew. None: it would do nothing.
    pub stale_tables: Vec<String>,
}

/// What a piece of maintenance changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpkeepReceipt {
    /// What ran.
    pub upkeep: Upkeep,
    /// The exact statement.
    pub statement: String,
    /// Facts before.
    pub before: StoreFacts,
    /// Facts after.
    pub after: StoreFacts,
    /// How long it took, in nanoseconds.
    pub took_ns: u64,
}
