//! The history's connection: statements cached, errors named, and a deadline no statement outlives.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use galen_core::{StoreError, StoreResult};
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, Params, Row};

use crate::Query;
use crate::drivers::sqlite::{beside, fault as sqlite_fault};

/// What a read that took too long is told, in the place of a queue's name.
pub const NARROW_THE_RANGE: &str =
    "history (narrow the range of time, or name a level, code, route, user or request)";

/// After so many steps of SQLite's machine the deadline is looked at: some tens of microseconds.
const STEPS_PER_LOOK: i32 = 4_096;

/// How long one statement's caller has, shared with SQLite's progress handler.
#[derive(Clone)]
struct Patience {
    begun: Instant,
    /// Nanoseconds after `begun`; `u64::MAX` is for ever.
    until_ns: Arc<AtomicU64>,
}

impl Patience {
    fn is_over(&self) -> bool {
        let passed_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        passed_ns >= self.until_ns.load(Ordering::Relaxed)
    }
}

/// The file, through its one connection.
pub(super) struct File {
    pub connection: Connection,
    pub path: PathBuf,
    patience: Patience,
    damaged: Cell<bool>,
}

impl File {
    pub(super) fn new(mut connection: Connection, path: &Path) -> rusqlite::Result<Self> {
        let until_ns = Arc::new(AtomicU64::new(u64::MAX));
        let patience = Patience { begun: Instant::now(), until_ns };
        let looks = patience.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || looks.is_over()))?;
        Ok(Self { connection, path: path.to_owned(), patience, damaged: Cell::new(false) })
    }

    /// Runs a read that is given up after `patience`.
    pub(super) fn within<T>(
        &self,
        patience: Duration,
        read: impl FnOnce(&Self) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let until = self.patience.begun.elapsed().saturating_add(patience);
        let until_ns = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        self.patience.until_ns.store(until_ns, Ordering::Relaxed);
        let outcome = read(self);
        self.patience.until_ns.store(u64::MAX, Ordering::Relaxed);
        outcome
    }

    /// Runs a statement that gives no rows; returns how many it changed.
    pub(super) fn run(&self, query: &Query, values: impl Params) -> StoreResult<usize> {
        let prepared = self.connection.prepare_cached(query.sql);
        prepared
            .and_then(|mut statement| statement.execute(values))
            .map_err(|error| self.fault(&error))
    }

    /// Runs a statement to its end and hands over each of its rows, until `each` says stop (`false`).
    pub(super) fn each(
        &self,
        query: &Query,
        values: impl Params,
        each: impl FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        let mut statement =
            self.connection.prepare_cached(query.sql).map_err(|error| self.fault(&error))?;
        self.rows(&mut statement, values, each)
    }

    /// The same of a text that was put together for this once.
    pub(super) fn each_of(
        &self,
        sql: &str,
        values: impl Params,
        each: impl FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        let mut statement = self.connection.prepare(sql).map_err(|error| self.fault(&error))?;
        self.rows(&mut statement, values, each)
    }

    fn rows(
        &self,
        statement: &mut rusqlite::Statement<'_>,
        values: impl Params,
        mut each: impl FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        let mut rows = statement.query(values).map_err(|error| self.fault(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.fault(&error))? {
            if self.patience.is_over() {
                return Err(too_late());
            }
            if !each(row)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The first row's first number, if there is a row.
    pub(super) fn number(&self, query: &Query, values: impl Params) -> StoreResult<Option<i64>> {
        let mut found = None;
        self.each(query, values, |row| {
            found = get(row, 0)?;
            Ok(false)
        })?;
        Ok(found)
    }

    /// The bytes that every row of a `RETURNING` statement names, and how many rows there were.
    pub(super) fn returned(
        &self,
        query: &Query,
        values: impl Params,
        bytes_of: impl Fn(i64) -> i64,
    ) -> StoreResult<Freed> {
        let mut freed = Freed::default();
        self.each(query, values, |row| {
            freed.bytes += bytes_of(get(row, 0)?);
            freed.rows += 1;
            Ok(true)
        })?;
        Ok(freed)
    }

    /// Runs one word of SQL: `BEGIN IMMEDIATE`, `COMMIT`.
    pub(super) fn word(&self, sql: &str) -> StoreResult<()> {
        let prepared = self.connection.prepare_cached(sql);
        let ran = prepared.and_then(|mut statement| statement.raw_execute());
        ran.map(drop).map_err(|error| self.fault(&error))
    }

    /// Steps a pragma to its end, whatever rows it gives.
    pub(super) fn pragma(&self, sql: &str) -> StoreResult<()> {
        self.each_of(sql, [], |_| Ok(true))
    }

    /// What a pragma says, a whole number.
    pub(super) fn pragma_number(&self, pragma: &str) -> StoreResult<i64> {
        let said = self.connection.pragma_query_value(None, pragma, |row| row.get(0));
        said.map_err(|error| self.fault(&error))
    }

    /// Moves the whole log into the file and cuts it to nothing. `false` when another process still
    /// reads from it.
    pub(super) fn empty_the_log(&self) -> StoreResult<bool> {
        match self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE) {
            Ok(_) => Ok(true),
            Err(error) => match self.fault(&error) {
                StoreError::Locked => Ok(false),
                other => Err(other),
            },
        }
    }

    /// The store's word for an error of SQLite; notes when it says that the file is damaged.
    fn fault(&self, error: &rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => return too_late(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => self.damaged.set(true),
            _ => {}
        }
        sqlite_fault(error)
    }

    /// Whether SQLite has said that the file is damaged.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    /// The size of the log, in bytes, by its metadata.
    pub(super) fn log_bytes(&self) -> u64 {
        size(&beside(&self.path, "-wal"))
    }

    /// The size of the file, its log and the log's index, in bytes.
    pub(super) fn size_bytes(&self) -> u64 {
        size(&self.path) + self.log_bytes() + size(&beside(&self.path, "-shm"))
    }
}

/// What a deletion gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Freed {
    pub bytes: i64,
    pub rows: i64,
}

/// What is in a column.
pub(super) fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> StoreResult<T> {
    row.get(column).map_err(|error| sqlite_fault(&error))
}

pub(super) const fn too_late() -> StoreError {
    StoreError::TooLate { queue: NARROW_THE_RANGE }
}

/// The size of a file by its metadata, without opening it. One that is not there is empty, and one
/// that cannot be looked at fails with the next statement, which says why.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}
