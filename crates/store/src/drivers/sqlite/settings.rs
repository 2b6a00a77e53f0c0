//! How the SQLite store is to be opened.

use std::path::PathBuf;

/// How much of a commit is on the disk before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// All of it: an acknowledged write survives a power cut.
    Full,
    /// The last commits before a power cut may be lost; the file stays whole. A control for proofs.
    Normal,
    /// The operating system writes when it likes. A control for proofs, never for data.
    Off,
}

impl Synchronous {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
            Self::Off => "OFF",
        }
    }
}

/// How the SQLite store is to be opened. [`SqliteSettings::at`] gives every value but the path.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// The database file; made when it is not there.
    pub path: PathBuf,
    /// Reader threads, each with its own connection; at least 1.
    pub readers: usize,
    /// How many reads may wait for a reader.
    pub reader_queue: usize,
    /// How many live commands may wait for the writer.
    pub writer_queue: usize,
    /// How many background commands may wait for the writer.
    pub background_queue: usize,
    /// How many commands may share a commit at the most; at least 1.
    pub batch: usize,
    /// How long a lock that another process holds is waited for, in milliseconds.
    pub busy_timeout_ms: u64,
    /// How much of a commit is on the disk before it is acknowledged.
    pub synchronous: Synchronous,
    /// Page cache of the writer and of each reader, in KiB; taken only as far as it is used.
    pub cache_kib: u32,
    /// How much of the file readers map into memory, in bytes; 0, as Galen runs, maps nothing: an
    /// error of the disk then reaches its caller, where in mapped memory it would end the process
    /// (<https://www.sqlite.org/mmap.html>), and no gain was measured on pages that are cached.
    pub mmap_bytes: u64,
}

impl SqliteSettings {
    /// The settings Galen runs with, for the database at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            path: path.into(),
            readers: cores.clamp(2, 16),
            reader_queue: 1_024,
            writer_queue: 1_024,
            background_queue: 64,
            batch: 128,
            busy_timeout_ms: 5_000,
            synchronous: Synchronous::Full,
            cache_kib: 8 * 1_024,
            mmap_bytes: 0,
        }
    }
}
