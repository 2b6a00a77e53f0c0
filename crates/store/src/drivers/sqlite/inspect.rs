//! Looking at a file before anything could write to it: whose it is, whether it is whole, how old.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::open_error::OpenError;
use super::{APPLICATION_ID, migrate};
use crate::migrations::Migration;

/// A file of at most so many bytes is checked whole; the check of a larger one would delay every
/// start. A larger file is checked as far as its header, its length and its schema.
const CHECKED_WHOLE_BYTES: i64 = 1024 * 1024;

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file of no bytes, or a database of nobody with nothing in it.
    Blank,
    /// A database of Galen with this version of the schema.
    Ours { version: u32 },
}

/// Looks, without writing: through a connection that can only read, and when no other process can
/// have the file open (there is no log beside it), without so much as a lock or a `-shm` file.
pub(super) fn inspect(path: &Path, known: &[Migration]) -> Result<Found, OpenError> {
    let io = |source| OpenError::Io { what: "look at", path: path.to_owned(), source };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(io(error)),
    };
    if !metadata.is_file() {
        return Err(OpenError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() == 0 {
        return Ok(Found::Blank);
    }
    look(path, known)
}

fn look(path: &Path, known: &[Migration]) -> Result<Found, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::of(path, &error);
    let connection = connect(path).map_err(failed)?;
    let number = |pragma: &str| -> Result<i64, OpenError> {
        connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(failed)
    };
    let application_id = number("application_id")?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let objects: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(failed)?;
    if application_id == 0 && objects == 0 {
        return Ok(Found::Blank);
    }
    if application_id != i64::from(APPLICATION_ID) {
        let why = format!("its application id is {application_id}");
        return Err(OpenError::Foreign { path: path.to_owned(), why });
    }
    if number("page_count")?.saturating_mul(number("page_size")?) <= CHECKED_WHOLE_BYTES {
        let check = "PRAGMA quick_check(1)";
        let said: String = connection.query_row(check, [], |row| row.get(0)).map_err(failed)?;
        if said != "ok" {
            return Err(OpenError::Corrupt { path: path.to_owned(), why: said });
        }
    }
    let version = migrate::version(&connection, path, known)?;
    Ok(Found::Ours { version })
}

pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if is_quiet(path) {
        let uri = format!("file:{}?immutable=1", percent_encoded(path));
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    connection.busy_timeout(Duration::from_secs(1))?;
    Ok(connection)
}

/// Whether neither a log nor a journal lies beside the file, and so nobody has it open to write.
fn is_quiet(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|ending| !beside(path, ending).exists())
}

/// The file beside `path` with this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A path as an SQLite URI wants it (<https://www.sqlite.org/uri.html>, section 3.1).
fn percent_encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text
}
