//! A stranger's SQLite file: an index, or a write-ahead log. Backed up where its form changes.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::Done;
use crate::probes::pin;
use crate::repairs::port::RepairError;

/// How long the write lock is waited for: longer would hold up the server's own writers behind us.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// How long an index may take to be built; it holds the write lock meanwhile.
const BUILD_MAX: Duration = Duration::from_secs(120);
/// The deadline is looked at after so many virtual machine steps.
const PROGRESS_STEPS: i32 = 10_000;
/// The largest database that is backed up here, in bytes.
const BACKUP_BYTES_MAX: u64 = 16 << 30;
/// Pages copied at a time.
const COPY_PAGES: i32 = 4_096;

fn refused(says: impl Into<String>) -> RepairError {
    RepairError::Refused(says.into())
}

fn failed(what: &str, error: impl std::fmt::Display) -> RepairError {
    RepairError::Failed(format!("{what}: {error}"))
}

fn open(database: &str) -> Result<Connection, RepairError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags)
        .map_err(|error| failed("the database cannot be opened", error))?;
    let prepare = || {
        db.busy_timeout(LOCK_WAIT)?;
        // A stranger's schema must not run anything (sqlite.org/security.html).
        db.execute_batch(
            "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
        )
    };
    prepare().map_err(|error| failed("the database cannot be prepared", error))?;
    Ok(db)
}

fn size(database: &str) -> Result<u64, RepairError> {
    let meta = std::fs::metadata(database);
    meta.map(|meta| meta.len()).map_err(|error| failed("the database cannot be seen", error))
}

fn room(database: &str, needed: u64) -> Result<(), RepairError> {
    match pin::free_beside(Path::new(database)) {
        Some(free) if free > needed => Ok(()),
        Some(free) => Err(refused(format!("it needs {needed} bytes of disk and {free} are free"))),
        None => Err(refused("how much disk is free cannot be told")),
    }
}

/// The precondition of a write-ahead log, measured: a rollback journal, a local filesystem, room for a
/// backup, and no other process that has the database open.
pub fn wal_foretold(database: &str) -> Done {
    let path = Path::new(database);
    let bytes = size(database)?;
    if pin::is_on_network(path) {
        return Err(refused(
            "it lies on a network filesystem, where a write-ahead log does not work",
        ));
    }
    if bytes > BACKUP_BYTES_MAX {
        return Err(refused(
            "it is too large to be backed up here: back it up, then switch by hand",
        ));
    }
    room(database, bytes.saturating_mul(2))?;
    pin::nobody_holds(path).map_err(refused)?;
    let mode = mode(&open(database)?, "PRAGMA journal_mode")?;
    let would_change = u64::from(mode != "wal");
    Ok((would_change, format!("backup beside it, then PRAGMA journal_mode=WAL (now {mode})")))
}

fn mode(db: &Connection, pragma: &str) -> Result<String, RepairError> {
    db.query_row(pragma, [], |row| row.get::<_, String>(0))
        .map_err(|error| failed("its journal mode cannot be read", error))
}

/// Backs it up, switches it, and checks it.
pub fn wal(database: &str) -> Done {
    let db = open(database)?;
    let (copy, digest) = back_up(&db, database)?;
    let mode = mode(&db, "PRAGMA journal_mode=WAL")?;
    if mode != "wal" {
        return Err(RepairError::Failed(format!("SQLite left it in mode {mode}; nothing changed")));
    }
    let sound: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| failed("it cannot be checked", error))?;
    if sound != "ok" {
        return Err(RepairError::Failed(format!(
            "the check afterwards says {sound}; the backup is {}",
            copy.display()
        )));
    }
    Ok((1, format!("PRAGMA journal_mode=WAL; backup {} (SHA-256 {digest})", copy.display())))
}

/// A backup of mode 0600 beside the database, durable before anything changes.
fn back_up(db: &Connection, database: &str) -> Result<(PathBuf, String), RepairError> {
    let what = "the backup cannot be made";
    let copy = (0..100).map(|nth| PathBuf::from(format!("{database}.before-wal-{nth}.bak")));
    let made = copy.into_iter().find_map(|path| {
        let mut options = std::fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&path);
        made.ok().map(|_| path)
    });
    let path = made.ok_or_else(|| failed(what, "no free name beside the database"))?;
    let mut target = Connection::open(&path).map_err(|error| failed(what, error))?;
    let run = |target: &mut Connection| {
        Backup::new(db, target)?.run_to_completion(COPY_PAGES, Duration::ZERO, None)
    };
    run(&mut target).map_err(|error| failed(what, error))?;
    target.close().map_err(|(_, error)| failed(what, error))?;
    let mut file = std::fs::File::open(&path).map_err(|error| failed(what, error))?;
    file.sync_all().map_err(|error| failed(what, error))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        use std::io::Read;
        match file.read(&mut piece).map_err(|error| failed(what, error))? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((path, digest))
}

/// Brings the rollback journal back.
pub fn wal_undone(database: &str) -> Result<(), RepairError> {
    let mode = mode(&open(database)?, "PRAGMA journal_mode=DELETE")?;
    if mode == "delete" {
        Ok(())
    } else {
        Err(RepairError::Failed(format!("SQLite left it in mode {mode}: somebody has it open")))
    }
}

/// The name of the index that a `CREATE INDEX` statement makes; nothing for anything else.
fn index_name(sql: &str) -> Result<&str, RepairError> {
    let rest = sql.strip_prefix("CREATE INDEX ").filter(|_| !sql.contains(';'));
    let name = rest.and_then(|rest| rest.split_once(" ON ")).map(|(name, _)| name.trim());
    let is_plain = |name: &&str| {
        let inner = name.trim_matches('"');
        !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    name.filter(is_plain).ok_or_else(|| refused("it is no plain CREATE INDEX statement"))
}

fn has_index(db: &Connection, name: &str) -> Result<bool, RepairError> {
    let count = db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = ?1",
        [name.trim_matches('"')],
        |row| row.get::<_, i64>(0),
    );
    count.map(|count| count > 0).map_err(|error| failed("its schema cannot be read", error))
}

/// The precondition of an index: it is not there, and there is room for it.
pub fn index_foretold(database: &str, sql: &str) -> Done {
    let name = index_name(sql)?;
    room(database, size(database)?)?;
    let is_there = has_index(&open(database)?, name)?;
    Ok((u64::from(!is_there), sql.to_owned()))
}

/// Builds the index within a time, in one transaction.
pub fn index(database: &str, sql: &str) -> Done {
    let name = index_name(sql)?;
    let mut db = open(database)?;
    let until = Instant::now() + BUILD_MAX;
    db.progress_handler(PROGRESS_STEPS, Some(move || Instant::now() > until))
        .map_err(|error| failed("a deadline cannot be set", error))?;
    let what = "the index was not built, and nothing changed";
    let transaction = db
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|error| failed(what, error))?;
    transaction.execute_batch(sql).map_err(|error| failed(what, error))?;
    transaction.commit().map_err(|error| failed(what, error))?;
    if has_index(&db, name)? {
        Ok((1, sql.to_owned()))
    } else {
        Err(RepairError::Failed("the index is not there afterwards".to_owned()))
    }
}

/// Drops it again.
pub fn index_undone(database: &str, sql: &str) -> Result<(), RepairError> {
    let name = index_name(sql)?.trim_matches('"').to_owned();
    let dropped = open(database)?.execute_batch(&format!("DROP INDEX IF EXISTS \"{name}\""));
    dropped.map_err(|error| failed("the index cannot be dropped", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &Path) -> String {
        let path = folder.join("a.db").display().to_string();
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2);").unwrap();
        path
    }

    #[test]
    fn an_index_is_built_once_and_dropped_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = database(folder.path());
        let sql = "CREATE INDEX t_a ON t (a)";
        assert_eq!(index_foretold(&path, sql).map(|(change, _)| change), Ok(1));
        assert_eq!(index(&path, sql), Ok((1, sql.to_owned())));
        assert_eq!(index_foretold(&path, sql).map(|(change, _)| change), Ok(0));
        index_undone(&path, sql).unwrap();
        assert_eq!(index_foretold(&path, sql).map(|(change, _)| change), Ok(1));
        for other in ["DROP TABLE t", "CREATE INDEX a ON t (a); DROP TABLE t", "CREATE INDEX ON t"]
        {
            assert!(matches!(index(&path, other), Err(RepairError::Refused(_))), "{other}");
        }
    }

    #[test]
    fn a_write_ahead_log_comes_after_a_backup_and_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = database(folder.path());
        match wal_foretold(&path) {
            Ok((change, _)) => assert_eq!(change, 1),
            // Whoever may not look into every process is refused.
            Err(error) => return assert!(error.to_string().contains("root"), "{error}"),
        }
        let (changed, says) = wal(&path).unwrap();
        assert_eq!(changed, 1);
        let copy = folder.path().join("a.db.before-wal-0.bak");
        assert!(says.contains(&copy.display().to_string()), "{says}");
        let rows = Connection::open(&copy).unwrap();
        assert_eq!(rows.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)), Ok(1));
        assert_eq!(wal_foretold(&path).map(|(change, _)| change), Ok(0));
        wal_undone(&path).unwrap();
    }
}
