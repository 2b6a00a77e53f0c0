//! Why a database was not opened, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a database was not opened. The file was not touched, except where a migration had begun,
/// and then only by what was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite this program was built with can corrupt a database in WAL mode
    /// (<https://www.sqlite.org/wal.html#walresetbug>).
    #[error(
        "SQLite {found} can corrupt databases in WAL mode; build Galen with SQLite {oldest} or newer"
    )]
    EngineTooOld {
        /// The version there is.
        found: &'static str,
        /// The oldest version that is safe.
        oldest: &'static str,
    },
    /// There is something at the path that is no file.
    #[error("{} is not a file; name a database file with --database", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is somebody else's.
    #[error("{path} is not a database of Galen: {why}; it was left as it is. Name another file with --database", path = path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The file is a database and damaged.
    #[error("{path} is damaged: {why}; it was left as it is. Restore a backup, or keep a copy and try `sqlite3 {path} .recover`", path = path.display())]
    Corrupt {
        /// The path.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// A newer Galen has used the file.
    #[error("{path} has schema {found}, and this Galen knows only up to {known}; it was left as it is. Start the newer Galen, or restore the copy it made (`{path}.before-…`)", path = path.display())]
    Newer {
        /// The path.
        path: PathBuf,
        /// The schema's version.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// A migration was applied that is not the one this program knows under its number.
    #[error("{path} has another migration {version} ({name}) than this Galen; it was left as it is. Use the build of Galen that made it", path = path.display())]
    Altered {
        /// The path.
        path: PathBuf,
        /// The migration's number.
        version: u32,
        /// The migration's name.
        name: String,
    },
    /// Another process holds the database's lock.
    #[error("{path} is locked by another process; stop it (`fuser {path}` names it) and start again", path = path.display())]
    Locked {
        /// The path.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// SQLite refused something else.
    #[error("cannot open {path}: {why}. See whether the disk has room and the folder can be written to", path = path.display())]
    Engine {
        /// The path.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
}

impl OpenError {
    /// The error for what SQLite said about the file at `path`.
    pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                Self::Foreign { path, why: "it is not an SQLite database".to_owned() }
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, why: error.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Engine { path, why: error.to_string() },
        }
    }
}
