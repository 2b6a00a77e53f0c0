//! A transaction on one SQLite connection: statements cached, timed and counted.

use galen_core::{StatementRecord, StoreError, StoreResult};
use rusqlite::types::{Null, ValueRef};
use rusqlite::{CachedStatement, Connection, StatementStatus};

use super::fault::fault;
use super::readers::Reader;
use super::{Shared, pages};
use crate::Query;
use crate::tx::{Row, Tx, Value};

/// A connection at work for one read or one command.
pub(crate) struct SqliteTx<'a> {
    pub(super) connection: &'a Connection,
    pub(super) shared: &'a Shared,
    /// The reader whose connection it is; nobody for the writer's.
    pub(super) reader: Option<&'a Reader>,
    /// How long the caller waited before; its first statement takes it.
    pub(super) wait_ns: u64,
}

/// What one statement did: rows given or changed, rows visited by full scans, pages asked for.
#[derive(Clone, Copy, Default)]
struct Did {
    rows: u64,
    scanned_rows: u64,
    pages: u64,
}

impl SqliteTx<'_> {
    pub(super) fn now_ns(&self) -> u64 {
        self.shared.clock.monotonic_ns()
    }

    /// Prepares, binds and runs; tells the observer whatever came of it.
    fn observed(
        &mut self,
        query: &Query,
        values: &[Value<'_>],
        run: impl FnOnce(&mut CachedStatement<'_>) -> StoreResult<u64>,
    ) -> StoreResult<u64> {
        let begun_ns = self.now_ns();
        if let Some(reader) = self.reader {
            reader.runs(query.name);
        }
        let did = self.timed(query, values, run);
        let Did { rows, scanned_rows, pages } = *did.as_ref().unwrap_or(&Did::default());
        self.shared.observer.statement(&StatementRecord {
            name: query.name,
            wait_ns: std::mem::take(&mut self.wait_ns),
            run_ns: self.now_ns().saturating_sub(begun_ns),
            rows,
            scanned_rows,
            pages,
            failed: did.is_err(),
        });
        did.map(|did| did.rows)
    }

    fn timed(
        &self,
        query: &Query,
        values: &[Value<'_>],
        run: impl FnOnce(&mut CachedStatement<'_>) -> StoreResult<u64>,
    ) -> StoreResult<Did> {
        let prepared = self.connection.prepare_cached(query.sql);
        let mut statement = prepared.map_err(|error| fault(&error))?;
        bind(&mut statement, query, values)?;
        // What was asked for between statements, to begin or to commit, is nobody's.
        pages::taken(self.connection);
        let outcome = run(&mut statement);
        let scanned = statement.reset_status(StatementStatus::FullscanStep);
        let scanned_rows = u64::try_from(scanned).unwrap_or(0);
        let pages = pages::taken(self.connection);
        outcome.map(|rows| Did { rows, scanned_rows, pages })
    }
}

/// Binds by position: placeholders appear in the order of their numbers (see `queries`).
fn bind(
    statement: &mut CachedStatement<'_>,
    query: &Query,
    values: &[Value<'_>],
) -> StoreResult<()> {
    if statement.parameter_count() != values.len() {
        let words = format!("{} was given {} values", query.name, values.len());
        return Err(StoreError::Engine(words));
    }
    for (index, value) in values.iter().enumerate() {
        let bound = match *value {
            Value::Null => statement.raw_bind_parameter(index + 1, Null),
            Value::Int(number) => statement.raw_bind_parameter(index + 1, number),
            Value::Real(number) => statement.raw_bind_parameter(index + 1, number),
            Value::Text(text) => statement.raw_bind_parameter(index + 1, text),
            Value::Blob(bytes) => statement.raw_bind_parameter(index + 1, bytes),
        };
        bound.map_err(|error| fault(&error))?;
    }
    Ok(())
}

impl Tx for SqliteTx<'_> {
    fn run(&mut self, query: &Query, values: &[Value<'_>]) -> StoreResult<u64> {
        self.observed(query, values, |statement| {
            let changed = statement.raw_execute().map_err(|error| fault(&error))?;
            Ok(u64::try_from(changed).unwrap_or(u64::MAX))
        })
    }

    fn read(
        &mut self,
        query: &Query,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> StoreResult<()>,
    ) -> StoreResult<u64> {
        self.observed(query, values, |statement| {
            let mut rows = statement.raw_query();
            let mut count = 0;
            while let Some(row) = rows.next().map_err(|error| fault(&error))? {
                each(&SqliteRow(row))?;
                count += 1;
            }
            Ok(count)
        })
    }
}

struct SqliteRow<'a>(&'a rusqlite::Row<'a>);

impl SqliteRow<'_> {
    fn cell(&self, column: usize) -> StoreResult<ValueRef<'_>> {
        self.0.get_ref(column).map_err(|error| fault(&error))
    }
}

fn unlike(column: usize, value: ValueRef<'_>, wanted: &str) -> StoreError {
    let found = value.data_type();
    StoreError::Engine(format!("column {column} holds {found}, {wanted} was expected"))
}

impl Row for SqliteRow<'_> {
    fn maybe_int(&self, column: usize) -> StoreResult<Option<i64>> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            other => Err(unlike(column, other, "a whole number")),
        }
    }

    fn maybe_real(&self, column: usize) -> StoreResult<Option<f64>> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Real(number) => Ok(Some(number)),
            other => Err(unlike(column, other, "a number")),
        }
    }

    fn maybe_text(&self, column: usize) -> StoreResult<Option<&str>> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text)),
                Err(error) => Err(StoreError::Engine(format!("column {column}: {error}"))),
            },
            other => Err(unlike(column, other, "text")),
        }
    }

    fn maybe_blob(&self, column: usize) -> StoreResult<Option<&[u8]>> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            other => Err(unlike(column, other, "bytes")),
        }
    }
}
