//! How the SQL child opens a database so that nothing of it changes: live, alone, or as a copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::locks::sidecar;

/// How long a busy lock is waited for; longer would be a wait of ours in their numbers.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);
/// The deadline is looked at after so many virtual machine steps.
const PROGRESS_STEPS: i32 = 2_000;
/// Pages copied at a time, so that the read lock of a step is short.
const COPY_PAGES: i32 = 2_000;

/// A connection whose statements end at a deadline.
pub struct Reader {
    /// The connection.
    pub db: Connection,
    opened: Instant,
    deadline_ms: Arc<AtomicU64>,
}

impl Reader {
    /// Runs `work`; any statement in it is interrupted after `limit`.
    pub fn within<T>(&self, limit: Duration, work: impl FnOnce(&Connection) -> T) -> T {
        let until = self.opened.elapsed() + limit;
        self.deadline_ms
            .store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        work(&self.db)
    }

    fn new(mut db: Connection) -> rusqlite::Result<Self> {
        let opened = Instant::now();
        let deadline_ms = Arc::new(AtomicU64::new(5_000));
        db.busy_timeout(BUSY_TIMEOUT)?;
        let watched = Arc::clone(&deadline_ms);
        let is_over =
            move || opened.elapsed().as_millis() >= u128::from(watched.load(Ordering::Relaxed));
        db.progress_handler(PROGRESS_STEPS, Some(is_over))?;
        // A stranger's schema must not run anything (sqlite.org/security.html).
        db.execute_batch(
            "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
        )?;
        Ok(Self { db, opened, deadline_ms })
    }
}

/// How the database was opened.
pub enum Opened {
    /// The database itself, in use by others or without a WAL.
    Live(Reader),
    /// A private copy of its files, because opening the original would have created some.
    Copied(Reader),
}

/// Opens a database without changing a byte of it.
///
/// A database in WAL mode that nobody has open would get a `-wal` and `-shm`, or have a left-over
/// one recovered, by being opened at all, `mode=ro` or not; so its files are copied first. This
/// process has no connection to the original then, and never makes one.
///
/// # Errors
/// A sentence, when it cannot be opened or copied within the limits.
pub fn open(
    database: &Path,
    in_use: bool,
    wal_mode: bool,
    scratch: &Path,
    copy_bytes_max: u64,
) -> Result<Opened, String> {
    if !std::fs::metadata(database).is_ok_and(|meta| meta.is_file()) {
        return Err("it is not a plain file that can be read".to_owned());
    }
    let live = !wal_mode || (in_use && sidecar(database, "-shm").exists());
    if live {
        return read_only(database).map(Opened::Live).map_err(|error| error.to_string());
    }
    let copy = scratch.join("files.db");
    let before = state_of(database);
    if before.iter().map(|(size, _)| size).sum::<u64>() > copy_bytes_max {
        return Err(format!(
            "nobody has it open, and its files are larger than the {} MB that are copied",
            copy_bytes_max >> 20
        ));
    }
    for suffix in ["", "-wal"] {
        let from = sidecar(database, suffix);
        if from.exists() {
            std::fs::copy(&from, sidecar(&copy, suffix))
                .map_err(|error| format!("copying {}: {error}", from.display()))?;
        }
    }
    if state_of(database) != before {
        return Err("it was written to while its files were copied".to_owned());
    }
    let db = Connection::open_with_flags(
        &copy,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .and_then(Reader::new)
    .map_err(|error| error.to_string())?;
    Ok(Opened::Copied(db))
}

/// Size and modification time of the main file and the `-wal`.
fn state_of(database: &Path) -> [(u64, Option<std::time::SystemTime>); 2] {
    ["", "-wal"].map(|suffix| match std::fs::metadata(sidecar(database, suffix)) {
        Ok(meta) => (meta.len(), meta.modified().ok()),
        Err(_) => (0, None),
    })
}

fn read_only(database: &Path) -> rusqlite::Result<Reader> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let reader = Reader::new(Connection::open_with_flags(uri(database), flags)?)?;
    reader.db.execute_batch("PRAGMA query_only=ON;")?;
    Ok(reader)
}

/// `file:…?mode=ro` with every byte that is not plain escaped (uri.html §3.1).
fn uri(database: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut escaped = String::from("file:");
    for byte in database.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                escaped.push(char::from(*byte))
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped + "?mode=ro"
}

/// A private, writable copy for plans and trials, made with the backup API in short steps.
///
/// # Errors
/// A sentence, when it is too large, takes too long, or there is no room.
pub fn copy_for_trials(
    reader: &Reader,
    scratch: &Path,
    (bytes, bytes_max): (u64, u64),
    limit: Duration,
) -> Result<Reader, String> {
    if bytes > bytes_max {
        return Err(format!(
            "the database is larger than the {} MB that are copied",
            bytes_max >> 20
        ));
    }
    let room = rustix::fs::statvfs(scratch).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize));
    if room < bytes.saturating_mul(2).saturating_add(64 << 20) {
        return Err("there is not room for a copy under /tmp".to_owned());
    }
    let path: PathBuf = scratch.join("trial.db");
    let mut copy = Connection::open(&path).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    {
        let backup = Backup::new(&reader.db, &mut copy).map_err(|error| error.to_string())?;
        loop {
            match reader.within(limit, |_| backup.step(COPY_PAGES)) {
                Ok(StepResult::Done) => break,
                Ok(_) if begun.elapsed() < limit => {}
                Ok(_) => return Err(format!("copying it took longer than {} s", limit.as_secs())),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
    Reader::new(copy).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_question_mark_stays_a_path() {
        assert_eq!(
            uri(Path::new("/srv/a?mode=rwc#x %.db")),
            "file:/srv/a%3Fmode%3Drwc%23x%20%25.db?mode=ro"
        );
    }
}
