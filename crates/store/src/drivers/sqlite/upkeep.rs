//! Facts of the database, and maintenance with its receipt.

use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use galen_core::model::{
    Act, AuditCode, Pressure, StoreFacts, Upkeep, UpkeepAdvice, UpkeepReceipt,
};
use galen_core::{StoreError, StoreResult};
use serde_json::json;

use super::Shared;
use super::fault::fault;
use super::tx::SqliteTx;
use crate::Query;
use crate::commands::audit::Trail;
use crate::queries::counter;
use crate::tx::{Tx, all, one};

/// How long a checkpoint waits for readers before it leaves the log as long as it is: the writer
/// does nothing else meanwhile.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(100);

/// How many free pages one piece of maintenance gives back at the most: each may be filled by another
/// page's content, which goes through the log, and so this is 16 MiB of writing.
const VACUUM_PAGES_MOST: u32 = 4_096;

/// What `PRAGMA optimize` would do, said and not done: every bit of its mask is set, the first of
/// which is for that (<https://www.sqlite.org/pragma.html#pragma_optimize>). It begins a transaction
/// that writes, and then writes nothing, so it is asked of the writer.
const STALE: Query = Query { name: "upkeep.stale", sql: "PRAGMA optimize(-1)" };

/// How large the database is, in pages.
const PAGES: Query = Query { name: "upkeep.pages", sql: "PRAGMA page_count" };

/// How many times as large or as small a database has become when what helped nothing before is
/// worth another try.
const OUTGROWN: u64 = 2;

/// What taking statistics left as stale as it was: a table without rows gets none, nor does an index
/// that holds no row, and SQLite would take them again and again.
#[derive(Debug, Default)]
pub(super) struct Settled {
    tables: Vec<String>,
    /// How large the database was then.
    pages: u64,
}

impl Settled {
    fn holds(&self, table: &String, pages: u64) -> bool {
        let alike = pages <= self.pages.saturating_mul(OUTGROWN)
            && self.pages <= pages.saturating_mul(OUTGROWN);
        alike && self.tables.contains(table)
    }
}

/// What maintenance would help.
pub(super) fn advise(tx: &mut dyn Tx, shared: &Shared) -> StoreResult<UpkeepAdvice> {
    let mut stale_tables = stale(tx)?;
    let pages = pages(tx)?;
    let settled = shared.settled.lock().unwrap_or_else(PoisonError::into_inner);
    stale_tables.retain(|table| !settled.holds(table, pages));
    Ok(UpkeepAdvice { stale_tables })
}

fn stale(tx: &mut dyn Tx) -> StoreResult<Vec<String>> {
    all(tx, &STALE, &[], |row| {
        let statement = row.text(0)?;
        // ANALYZE "main"."users"
        let name = statement.strip_prefix("ANALYZE \"main\".\"");
        let name = name.and_then(|rest| rest.strip_suffix('"'));
        let unknown = || StoreError::Engine(format!("unknown advice: {statement}"));
        Ok(name.ok_or_else(unknown)?.replace("\"\"", "\""))
    })
}

fn pages(tx: &mut dyn Tx) -> StoreResult<u64> {
    let pages = one(tx, &PAGES, &[], |row| row.int(0))?;
    Ok(pages.and_then(|pages| u64::try_from(pages).ok()).unwrap_or(0))
}

/// Remembers what could not be helped.
fn settle(tx: &mut SqliteTx<'_>) -> StoreResult<()> {
    let settled = Settled { tables: stale(tx)?, pages: pages(tx)? };
    *tx.shared.settled.lock().unwrap_or_else(PoisonError::into_inner) = settled;
    Ok(())
}

/// Facts of the database, seen from this connection; the pressure is filled in by whoever asked.
pub(super) fn facts(tx: &mut SqliteTx<'_>) -> StoreResult<StoreFacts> {
    let begun_ns = tx.now_ns();
    one(tx, &counter::ONE, &["users".into()], |row| row.int(0))?;
    let query_ns = tx.now_ns().saturating_sub(begun_ns);
    Ok(StoreFacts {
        engine: format!("SQLite {}", rusqlite::version()),
        location: tx.shared.path.display().to_string(),
        size_bytes: size(&tx.shared.path)?,
        wal_bytes: size(&tx.shared.wal_path)?,
        pages: number(tx, "page_count")?,
        page_bytes: number(tx, "page_size")?,
        freelist_pages: number(tx, "freelist_count")?,
        schema_version: tx.shared.schema_version,
        readers: tx.shared.readers,
        pressure: Pressure::default(),
        query_ns,
    })
}

fn number(tx: &SqliteTx<'_>, pragma: &str) -> StoreResult<u64> {
    let value: rusqlite::Result<i64> =
        tx.connection.pragma_query_value(None, pragma, |row| row.get(0));
    let value = value.map_err(|error| fault(&error))?;
    Ok(u64::try_from(value).unwrap_or(0))
}

/// The size of a file by its metadata, without opening it; a file that is not there is empty.
fn size(path: &Path) -> StoreResult<u64> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(StoreError::Engine(format!("{}: {error}", path.display()))),
    }
}

/// Runs a piece of maintenance between two looks at the facts.
pub(super) fn run(tx: &mut SqliteTx<'_>, upkeep: Upkeep) -> StoreResult<UpkeepReceipt> {
    let before = facts(tx)?;
    let statement = statement(upkeep);
    let begun_ns = tx.now_ns();
    if upkeep == Upkeep::Checkpoint {
        checkpoint(tx, &statement)?;
    } else {
        to_the_end(tx, &statement)?;
    }
    let took_ns = tx.now_ns().saturating_sub(begun_ns);
    if upkeep == Upkeep::Optimize
        && let Err(error) = settle(tx)
    {
        // The next advice names too many tables, and costs one needless run.
        tracing::warn!(%error, "what could not be optimized is not known");
    }
    Ok(UpkeepReceipt { upkeep, statement, before, after: facts(tx)?, took_ns })
}

/// The exact statement of a piece of maintenance.
fn statement(upkeep: Upkeep) -> String {
    match upkeep {
        // 0x10000: look at every table, not only at those this connection has read; 0x10: read so
        // many rows of an index at the most, because the writer does nothing else meanwhile; 0x2:
        // run ANALYZE (https://www.sqlite.org/pragma.html#pragma_optimize).
        Upkeep::Optimize => "PRAGMA optimize(0x10012)".to_owned(),
        Upkeep::Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        // No number, or a zero, would mean every free page, and that has no bound.
        Upkeep::IncrementalVacuum { max_pages } => {
            format!("PRAGMA incremental_vacuum({})", max_pages.clamp(1, VACUUM_PAGES_MOST))
        }
    }
}

fn checkpoint(tx: &SqliteTx<'_>, statement: &str) -> StoreResult<()> {
    let patience =
        |patience: Duration| tx.connection.busy_timeout(patience).map_err(|error| fault(&error));
    patience(CHECKPOINT_PATIENCE)?;
    let done = to_the_end(tx, statement);
    patience(Duration::ZERO)?;
    done
}

/// Steps a statement to its end, whatever rows it gives: each row of `incremental_vacuum` is a page.
fn to_the_end(tx: &SqliteTx<'_>, statement: &str) -> StoreResult<()> {
    let run = || {
        let mut statement = tx.connection.prepare(statement)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    };
    run().map_err(|error: rusqlite::Error| fault(&error))
}

/// Notes a piece of maintenance in the audit trail.
pub(super) fn note(tx: &mut dyn Tx, act: &Act, receipt: &UpkeepReceipt) -> StoreResult<()> {
    let params = json!({
        "statement": receipt.statement,
        "took_ns": receipt.took_ns,
        "size_bytes": { "before": receipt.before.size_bytes, "after": receipt.after.size_bytes },
        "pages": { "before": receipt.before.pages, "after": receipt.after.pages },
        "freelist_pages": {
            "before": receipt.before.freelist_pages, "after": receipt.after.freelist_pages,
        },
        "wal_bytes": { "before": receipt.before.wal_bytes, "after": receipt.after.wal_bytes },
    });
    Trail::new(act).write(tx, AuditCode::UpkeepRun, None, &params.to_string())
}
