//! Opening: look first, then make or migrate, then start the threads.

use std::cell::Cell;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use galen_core::{Clock, Observer};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::gauges::{Gauges, Labels};
use super::inspect::{Found, beside, inspect};
use super::open_error::OpenError;
use super::readers::{Errand, Reader};
use super::recycle::Renewal;
use super::settings::SqliteSettings;
use super::writer::{Intake, Writer};
use super::{OLDEST_SQLITE, OLDEST_SQLITE_NUMBER, Shared, Sqlite, Threads, checkpoint, migrate};
use crate::migrations::Migration;
use crate::queries;

/// How long the log may stay when it begins anew, in bytes; what is longer is cut.
const LOG_KEPT_BYTES: u32 = 16 * 1024 * 1024;

/// How many may ask at a time whether the lock can be had: the canary, and whoever looks by hand.
const PROBES_MOST: usize = 8;

/// `auto_vacuum` as SQLite numbers it: free pages can be given back a few at a time.
const INCREMENTAL: i64 = 2;

pub(super) fn open(
    settings: SqliteSettings,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    known: &[Migration],
) -> Result<Sqlite, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE_NUMBER {
        let found = rusqlite::version();
        return Err(OpenError::EngineTooOld { found, oldest: OLDEST_SQLITE });
    }
    // An absolute path never begins with "file:", which SQLite would take for a URI.
    let path = std::path::absolute(&settings.path).map_err(|source| OpenError::Io {
        what: "find",
        path: settings.path.clone(),
        source,
    })?;
    let writer = writable(&path, &settings, clock.as_ref(), known)?;
    let readers = u32::try_from(settings.readers.max(1)).unwrap_or(u32::MAX);
    let shared = Arc::new(Shared {
        clock,
        observer,
        // SQLite follows links, and keeps its log beside what they lead to.
        wal_path: beside(writer.path().map_or(path.as_path(), Path::new), "-wal"),
        schema_version: known.last().map_or(0, |newest| newest.version),
        readers,
        gauges: Gauges::new(readers),
        file: identity(&path),
        path,
        last_commit_ns: AtomicU64::new(0),
        settled: Mutex::default(),
    });
    start(&settings, &shared, writer)
}

/// The writer's connection, to a file that is Galen's and up to date.
fn writable(
    path: &Path,
    settings: &SqliteSettings,
    clock: &dyn Clock,
    known: &[Migration],
) -> Result<Connection, OpenError> {
    let found = inspect(path, known)?;
    if found == Found::Nothing {
        create_private(path)?;
    }
    let failed = |error: rusqlite::Error| OpenError::of(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let patience = Duration::from_millis(settings.busy_timeout_ms);
    connection.busy_timeout(patience).map_err(failed)?;
    let from = match found {
        Found::Nothing | Found::Blank => {
            lay_out(&connection).map_err(failed)?;
            0
        }
        Found::Ours { version } => version,
    };
    tune_writer(&connection, settings).map_err(failed)?;
    let newest = known.last().map_or(0, |newest| newest.version);
    if from > 0 && from < newest {
        migrate::snapshot(&connection, path, from, clock)?;
    }
    migrate::migrate(&mut connection, from, known, clock.now()).map_err(failed)?;
    // From here on the writer waits for locks itself, and counts the time.
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    Ok(connection)
}

/// Makes a file that only its owner can read. No connection to it can exist yet.
pub(crate) fn create_private(path: &Path) -> Result<(), OpenError> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let io = |source| OpenError::Io { what: "make", path: path.to_owned(), source };
    made.map(drop).map_err(io)
}

/// What can only be decided while a database is empty.
fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    let kept: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if kept != INCREMENTAL {
        // A blank database that somebody else made: rewriting nothing takes no time.
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}

fn tune_writer(connection: &Connection, settings: &SqliteSettings) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", settings.synchronous.name())?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT_BYTES, |_| Ok(()))?;
    tune(connection, settings)
}

pub(super) fn tune(connection: &Connection, settings: &SqliteSettings) -> rusqlite::Result<()> {
    // A negative number is KiB (https://www.sqlite.org/pragma.html#pragma_cache_size).
    connection.pragma_update(None, "cache_size", -i64::from(settings.cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // No statement may damage the file on purpose (https://www.sqlite.org/security.html).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // The plan of a statement hangs on its text and never on bound values: it is the plan that was
    // proven, and SQLite need not prepare it again whenever a value is bound to its LIMIT
    // (https://www.sqlite.org/queryplanner-ng.html#qpsg).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(queries::each().count() + 16);
    Ok(())
}

/// Which file lies at a path: its device and its number there. Nothing when there is none.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// A reader's connection.
pub(super) fn readable(shared: &Shared, settings: &SqliteSettings) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&shared.path, flags)?;
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms))?;
    tune(&connection, settings)?;
    connection.pragma_update(None, "query_only", true)?;
    let mmap_bytes = i64::try_from(settings.mmap_bytes).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "mmap_size", mmap_bytes, |_| Ok(()))?;
    Ok(connection)
}

/// A connection for the checkpointer, which must be able to write.
fn checkpointing(shared: &Shared, settings: &SqliteSettings) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&shared.path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    tune_writer(&connection, settings)?;
    Ok(connection)
}

/// Starts the threads. When one cannot be started, those that were end with their queues.
fn start(
    settings: &SqliteSettings,
    shared: &Arc<Shared>,
    mut connection: Connection,
) -> Result<Sqlite, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::of(&shared.path, &error);
    let (live, live_jobs) = bounded(settings.writer_queue.max(1));
    let (background, background_jobs) = bounded(settings.background_queue.max(1));
    let (stop, stopped) = bounded(1);
    let (reads, errands) = bounded(settings.reader_queue.max(1));
    let (wake, woken) = bounded(1);
    checkpoint::watch(&mut connection, wake.clone()).map_err(failed)?;
    let (probes, asked) = bounded(PROBES_MOST);
    let (mut readers, mut renewals) = (Vec::new(), Vec::new());
    for number in 0..shared.readers {
        let (order, ordered) = bounded(1);
        readers.push(start_reader(Reader::new(number, shared, settings), &errands, ordered)?);
        renewals.push(order);
    }
    let second = checkpointing(shared, settings).map_err(failed)?;
    let checkpointer = spawn("galen-log", &shared.path, move || checkpoint::work(&second, &woken))?;
    let writer = Writer {
        connection,
        shared: Arc::clone(shared),
        live: live_jobs,
        background: background_jobs,
        probes: asked,
        stop: stopped,
        batch: settings.batch.max(1),
        busy_timeout: Duration::from_millis(settings.busy_timeout_ms),
        synchronous: settings.synchronous,
        relaxed: Cell::new(false),
        labels: Labels::new(),
        intake: Intake::default(),
    };
    // The connection lets go of its hook before it closes the file. Were the hook's word the only
    // one, the checkpointer would close its own at the same moment, neither would be the last, and
    // the log would be left beside the database.
    let writes = move || {
        writer.work();
        drop(wake);
    };
    let writer = spawn("galen-writer", &shared.path, writes)?;
    Ok(Sqlite {
        shared: Arc::clone(shared),
        live,
        background,
        probes,
        stop,
        reads,
        renewals,
        recycling: Arc::default(),
        closing: AtomicBool::new(false),
        threads: Mutex::new(Some(Threads { writer, checkpointer, readers })),
    })
}

fn start_reader(
    reader: Reader,
    errands: &Receiver<Errand>,
    renewals: Receiver<Renewal>,
) -> Result<JoinHandle<()>, OpenError> {
    let path = reader.path().to_owned();
    let connection = reader.connect().map_err(|error| OpenError::of(&path, &error))?;
    let errands = errands.clone();
    spawn(&format!("galen-reader-{}", reader.number()), &path, move || {
        reader.work(connection, &errands, &renewals);
    })
}

pub(super) fn spawn(
    name: &str,
    path: &Path,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    let io = |source| OpenError::Io { what: "start a thread for", path: path.to_owned(), source };
    thread.map_err(io)
}
