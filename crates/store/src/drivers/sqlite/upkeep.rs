//! Facts of the database, and maintenance with its receipt.

use std::path::Path;
use std::time::Duration;

use galen_core::model::{Act, AuditCode, Pressure, StoreFacts, Upkeep, UpkeepReceipt};
use galen_core::{StoreError, StoreResult};
use serde_json::json;

use super::fault::fault;
use super::tx::SqliteTx;
use crate::commands::audit::Trail;
use crate::queries::counter;
use crate::tx::{Tx, one};

/// How long a checkpoint waits for readers before it leaves the log as long as it is: the writer
/// does nothing else meanwhile.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(100);

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
    Ok(UpkeepReceipt { upkeep, statement, before, after: facts(tx)?, took_ns })
}

/// The exact statement of a piece of maintenance.
fn statement(upkeep: Upkeep) -> String {
    match upkeep {
        // 0x10002: look at every table, not only at those this connection has read
        // (https://www.sqlite.org/pragma.html#pragma_optimize).
        Upkeep::Optimize => "PRAGMA optimize(0x10002)".to_owned(),
        Upkeep::Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        // No number, or a zero, would mean every free page, and that has no bound.
        Upkeep::IncrementalVacuum { max_pages } => {
            format!("PRAGMA incremental_vacuum({})", max_pages.max(1))
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
        "wal_bytes": { "before": receipt.before.wal_bytes, "after": receipt.after.wal_bytes },
    });
    Trail::new(act).write(tx, AuditCode::UpkeepRun, None, &params.to_string())
}
