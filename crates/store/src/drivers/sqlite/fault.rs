//! What SQLite's errors mean to whoever called the store.

use galen_core::StoreError;
use rusqlite::ErrorCode;

/// The store's word for an error of SQLite (<https://www.sqlite.org/rescode.html>).
pub(crate) fn fault(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        _ => StoreError::Engine(error.to_string()),
    }
}

/// The same of a failed `COMMIT`. A commit that failed otherwise than for want of space or of a lock
/// may have reached the disk in part: a recovery after a power cut could still find it whole.
pub(super) fn commit_fault(error: &rusqlite::Error) -> StoreError {
    match fault(error) {
        StoreError::Engine(words) => StoreError::Lost(words),
        known => known,
    }
}
