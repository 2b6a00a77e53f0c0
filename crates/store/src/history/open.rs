//! Opening the history: a damaged file is moved aside and a new one begun, anybody else's is left alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use galen_core::{Clock, UnixMs};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::HISTORY_APPLICATION_ID;
use super::budget::{Budget, PAGE_BYTES, Tallies, whole};
use super::file::File;
use super::names::Names;
use crate::OpenError;
use crate::drivers::sqlite::{beside, connect, create_private};
use crate::migrations::Migration;

/// ALL migrations of the history, in order; an applied one is never edited.
pub(super) const STEPS: &[Migration] = &[Migration {
    version: 1,
    name: "history",
    sql: include_str!("../../migrations/history/0001_history.sql"),
}];

/// Page cache of the connection, in KiB: the whole process is to stay below 20 MiB.
const CACHE_KIB: i64 = 512;

/// A file of at most so many bytes is checked whole when it is opened. What is found damaged in a
/// larger one later, while it is written, moves it aside then.
const CHECKED_WHOLE_BYTES: i64 = 1024 * 1024;

/// How long somebody else's lock is waited for: only who looks at the file with another program has
/// one, and the monitor flushes again in ten seconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// `auto_vacuum` as SQLite numbers it: free pages can be given back a few at a time.
const INCREMENTAL: i64 = 2;

/// Why a file could not be opened: because it is damaged, or for another reason.
pub(super) enum Trouble {
    /// It is damaged, as SQLite says.
    Damaged(String),
    /// Another reason.
    Other(OpenError),
}

impl Trouble {
    fn of(path: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Other(OpenError::of(path, error)),
        }
    }

    fn into_error(self, path: &Path) -> OpenError {
        match self {
            Self::Damaged(why) => OpenError::Corrupt { path: path.to_owned(), why },
            Self::Other(error) => error,
        }
    }
}

/// Opens the file to write, making it when there is none. A damaged one is moved aside first; gives
/// where it went.
pub(super) fn writable(
    path: &Path,
    budget: &Budget,
    clock: &dyn Clock,
) -> Result<(File, Option<PathBuf>), OpenError> {
    match attempt(path, budget) {
        Ok(file) => Ok((file, None)),
        Err(Trouble::Other(error)) => Err(error),
        Err(Trouble::Damaged(why)) => {
            let aside = move_aside(path, clock.now())?;
            tracing::error!(
                path = %path.display(), aside = %aside.display(), why,
                "the history was damaged; it was moved aside and a new one is begun"
            );
            let file = attempt(path, budget).map_err(|trouble| trouble.into_error(path))?;
            Ok((file, Some(aside)))
        }
    }
}

/// Opens the file to read only.
pub(super) fn readable(path: &Path) -> Result<File, OpenError> {
    let failed = |trouble: Trouble| trouble.into_error(path);
    match inspect(path).map_err(failed)? {
        Found::Ours(version) if version == newest() => {}
        Found::Ours(version) => {
            let why = format!("its schema is {version}; the server brings it up to date");
            return Err(OpenError::Engine { path: path.to_owned(), why });
        }
        Found::Nothing | Found::Blank => {
            let why = "there is no history yet".to_owned();
            return Err(OpenError::Engine { path: path.to_owned(), why });
        }
    }
    let opened = || {
        let connection = connect(path)?;
        connection.busy_timeout(LOCK_PATIENCE)?;
        tune(&connection)?;
        File::new(connection, path)
    };
    opened().map_err(|error| OpenError::of(path, &error))
}

/// Moves the file, with what lies beside it, to `<path>.damaged-<unix ms>`; nothing is deleted. No
/// connection to it may be open.
pub(super) fn move_aside(path: &Path, now: UnixMs) -> Result<PathBuf, OpenError> {
    let aside = beside(path, &format!(".damaged-{}", now.0));
    for ending in ["", "-wal", "-shm"] {
        let (from, to) = (beside(path, ending), beside(&aside, ending));
        match std::fs::rename(&from, to) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(OpenError::Io { what: "move aside", path: from, source }),
        }
    }
    Ok(aside)
}

enum Found {
    Nothing,
    Blank,
    Ours(u32),
}

fn newest() -> u32 {
    STEPS.last().map_or(0, |step| step.version)
}

/// Looks without writing: whose the file is, and how old.
fn inspect(path: &Path) -> Result<Found, Trouble> {
    let io =
        |source| Trouble::Other(OpenError::Io { what: "look at", path: path.to_owned(), source });
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(io(error)),
    };
    if !metadata.is_file() {
        return Err(Trouble::Other(OpenError::NotAFile { path: path.to_owned() }));
    }
    if metadata.len() == 0 {
        return Ok(Found::Blank);
    }
    let failed = |error: rusqlite::Error| Trouble::of(path, &error);
    let connection = connect(path).map_err(failed)?;
    let number = |pragma: &str| -> Result<i64, Trouble> {
        connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(failed)
    };
    let application_id = number("application_id")?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let objects: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(failed)?;
    if application_id == 0 && objects == 0 {
        return Ok(Found::Blank);
    }
    if application_id != i64::from(HISTORY_APPLICATION_ID) {
        let why = format!("its application id is {application_id}, not that of a history");
        return Err(Trouble::Other(OpenError::Foreign { path: path.to_owned(), why }));
    }
    if number("page_count")?.saturating_mul(number("page_size")?) <= CHECKED_WHOLE_BYTES {
        let check = "PRAGMA quick_check(1)";
        let said: String = connection.query_row(check, [], |row| row.get(0)).map_err(failed)?;
        if said != "ok" {
            return Err(Trouble::Damaged(said));
        }
    }
    let version = u32::try_from(number("user_version")?).unwrap_or(u32::MAX);
    if version > newest() {
        let (path, known) = (path.to_owned(), newest());
        return Err(Trouble::Other(OpenError::Newer { path, found: version, known }));
    }
    Ok(Found::Ours(version))
}

fn attempt(path: &Path, budget: &Budget) -> Result<File, Trouble> {
    let from = match inspect(path)? {
        Found::Nothing => {
            create_private(path).map_err(Trouble::Other)?;
            0
        }
        Found::Blank => 0,
        Found::Ours(version) => version,
    };
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCK_PATIENCE)?;
        if from == 0 {
            lay_out(&connection)?;
        }
        tune_writer(&connection, budget)?;
        migrate(&mut connection, from)?;
        File::new(connection, path)
    };
    let file = opened().map_err(|error: rusqlite::Error| Trouble::of(path, &error))?;
    match Names::load(&file).and_then(|_| Tallies::load(&file)) {
        Ok(_) => Ok(file),
        Err(error) if file.is_damaged() => Err(Trouble::Damaged(error.to_string())),
        Err(error) => {
            Err(Trouble::Other(OpenError::Engine { path: path.to_owned(), why: error.to_string() }))
        }
    }
}

/// What can only be decided while a file is empty.
fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", whole(PAGE_BYTES))?;
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    let kept: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if kept != INCREMENTAL {
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}

fn tune_writer(connection: &Connection, budget: &Budget) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A power cut may take the last flush; what was appended survives the end of the process.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update_and_check(None, "journal_size_limit", 0, |_| Ok(()))?;
    // The log is emptied by the history's own rule, which knows what it may take.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    limit_pages(connection, budget)?;
    tune(connection)
}

/// Lets SQLite refuse to make the file longer than the cap allows. A file that is longer already
/// keeps its length as the limit.
pub(super) fn limit_pages(connection: &Connection, budget: &Budget) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "max_page_count", budget.pages, |_| Ok(()))
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(super::queries::ALL.len() + 8);
    Ok(())
}

fn migrate(connection: &mut Connection, from: u32) -> rusqlite::Result<()> {
    for step in STEPS.iter().filter(|step| step.version > from) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.pragma_update(None, "application_id", HISTORY_APPLICATION_ID)?;
        transaction.execute_batch(step.sql)?;
        transaction.pragma_update(None, "user_version", step.version)?;
        transaction.commit()?;
        tracing::info!(
            version = step.version,
            name = step.name,
            "the history's schema took a step"
        );
    }
    Ok(())
}
