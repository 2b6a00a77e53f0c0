//! Readers: threads with a read-only connection each, fed by one bounded queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;
use galen_core::{Deadline, StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use super::job::give;
use super::tx::SqliteTx;

/// What waits for a reader.
pub(super) enum Errand {
    /// A read that answers its caller itself.
    Read(Box<dyn FnOnce(&mut SqliteTx<'_>) + Send>),
    /// One reader goes home.
    Stop,
}

/// A read's answer with where its time went.
pub(super) struct Answer<T> {
    pub result: StoreResult<T>,
    pub wait_ns: u64,
    pub run_ns: u64,
}

/// The read, wrapped so that it skips what nobody wants any more, counts its time and survives a
/// panic.
pub(super) fn errand<T, F>(
    queued_ns: u64,
    deadline: Deadline,
    reply: oneshot::Sender<Answer<T>>,
    work: F,
) -> Errand
where
    T: Send + 'static,
    F: FnOnce(&mut SqliteTx<'_>) -> StoreResult<T> + Send + 'static,
{
    Errand::Read(Box::new(move |tx| {
        if reply.is_closed() {
            return;
        }
        let begun_ns = tx.now_ns();
        let result = if begun_ns > deadline.0 {
            Err(StoreError::TooLate { queue: "readers" })
        } else {
            catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
                tracing::error!("a read panicked");
                Err(StoreError::Engine("the read panicked".to_owned()))
            })
        };
        let wait_ns = begun_ns.saturating_sub(queued_ns);
        let run_ns = tx.now_ns().saturating_sub(begun_ns);
        give(reply, Answer { result, wait_ns, run_ns });
    }))
}

/// A reader's thread: works until it is told to stop or nobody can call any more.
pub(super) fn work(connection: &Connection, shared: &Arc<Shared>, queue: &Receiver<Errand>) {
    while let Ok(Errand::Read(read)) = queue.recv() {
        shared.readers_busy.fetch_add(1, Ordering::Relaxed);
        read(&mut SqliteTx { connection, shared });
        shared.readers_busy.fetch_sub(1, Ordering::Relaxed);
    }
}
