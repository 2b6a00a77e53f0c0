//! The migrator: each step in one transaction, an applied step never altered, a copy before.

use std::path::{Path, PathBuf};

use galen_core::{Clock, UnixMs};
use rusqlite::backup::Backup;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::inspect::beside;
use super::open_error::OpenError;
use super::{APPLICATION_ID, create_private};
use crate::migrations::Migration;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS galen_migrations (
    version    INTEGER NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";

/// The schema's version, 0 before the first step. Reads only.
///
/// # Errors
/// [`OpenError::Newer`] and [`OpenError::Altered`], or what SQLite said.
pub(super) fn version(
    connection: &Connection,
    path: &Path,
    known: &[Migration],
) -> Result<u32, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::of(path, &error);
    if !connection.table_exists(None, "galen_migrations").map_err(failed)? {
        return Ok(0);
    }
    let newest = known.last().map_or(0, |migration| migration.version);
    let mut statement = connection
        .prepare("SELECT version, name, sha256 FROM galen_migrations ORDER BY version")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut applied = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let version: u32 = row.get(0).map_err(failed)?;
        let name: String = row.get(1).map_err(failed)?;
        let sha256: String = row.get(2).map_err(failed)?;
        applied.push((version, name, sha256));
    }
    let found = applied.last().map_or(0, |(version, ..)| *version);
    if found > newest {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: newest });
    }
    for ((version, name, sha256), ours) in applied.into_iter().zip(known) {
        if version != ours.version || sha256 != checksum(ours) {
            return Err(OpenError::Altered { path: path.to_owned(), version, name });
        }
    }
    Ok(found)
}

/// Takes every step the database has not taken yet.
///
/// # Errors
/// What SQLite said; the step that failed was rolled back, those before it are kept.
pub(super) fn migrate(
    connection: &mut Connection,
    from: u32,
    known: &[Migration],
    now: UnixMs,
) -> rusqlite::Result<()> {
    for step in known.iter().filter(|step| step.version > from) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // With the first step the file becomes Galen's: before it, it is a blank one to everybody.
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(TABLE)?;
        transaction.execute_batch(step.sql)?;
        transaction.execute(
            "INSERT INTO galen_migrations (version, name, sha256, applied_at) \
             VALUES (?1, ?2, ?3, ?4)",
            params![step.version, step.name, checksum(step), now.0],
        )?;
        transaction.commit()?;
        tracing::info!(version = step.version, name = step.name, "the schema took a step");
    }
    Ok(())
}

fn checksum(migration: &Migration) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(migration.sql.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Copies the database, as its connection sees it, to `<path>.before-<version>-<time>.bak`, and
/// gives the copy's path.
///
/// # Errors
/// What SQLite or the operating system said; nothing was migrated.
pub(super) fn snapshot(
    connection: &Connection,
    path: &Path,
    version: u32,
    clock: &dyn Clock,
) -> Result<PathBuf, OpenError> {
    let copy = beside(path, &format!(".before-{version}-{}.bak", clock.now().0));
    create_private(&copy)?;
    let failed = |error: rusqlite::Error| OpenError::of(&copy, &error);
    let mut target = Connection::open(&copy).map_err(failed)?;
    let backup = Backup::new(connection, &mut target).map_err(failed)?;
    backup.step(-1).map_err(failed)?;
    drop(backup);
    target.close().map_err(|(_, error)| failed(error))?;
    let folder = copy.parent().unwrap_or_else(|| Path::new("/"));
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| OpenError::Io { what: "sync", path: folder.to_owned(), source })?;
    tracing::info!(copy = %copy.display(), "copied the database before its schema changes");
    Ok(copy)
}
