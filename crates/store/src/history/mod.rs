//! The monitor's history in an SQLite file of its own: windows, log lines, annotations and alerts.
//!
//! One thread with one connection writes and reads. A second connection for reads would cost its
//! cache again, and a reader in the middle of its snapshot keeps the log from being emptied, which
//! the cap on the disk hangs on. So a flush waits for at most one read, and no read takes longer
//! than its patience; flushes that wait go before reads.

mod append;
mod budget;
mod codec;
mod file;
mod keeper;
mod log;
mod names;
mod open;
mod queries;
mod read;
mod shed;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use galen_core::{
    AlertId, Annotation, Clock, Frame, FrameAsk, Fut, History, HistoryBatch, HistoryFacts,
    HistoryReceipt, KeptAlert, LogAsk, LoggedLine, StoreError, StoreResult, Tier, UnixMs,
};
use tokio::sync::oneshot;

pub use file::NARROW_THE_RANGE;

use self::keeper::Keeper;
use crate::OpenError;

/// What marks a file as Galen's history, at offset 68 of its header: the letters "GalH"
/// (<https://www.sqlite.org/fileformat2.html#application_id>).
pub const HISTORY_APPLICATION_ID: u32 = 0x4761_6c48;

/// The cap Galen runs with unless it is told another, in bytes.
const CAP_BYTES: u64 = 256 * 1024 * 1024;

/// How long a read may take, in milliseconds.
const READ_PATIENCE_MS: u64 = 2_000;

/// How long log lines are kept, in milliseconds: thirty days. They name users, and nobody looks for
/// what one of them did a year ago.
const LOG_KEEP_MS: u64 = 30 * 86_400_000;

/// How many flushes may wait: the monitor sends the next when the last was answered.
const FLUSHES_WAITING: usize = 4;

/// How many reads may wait.
const READS_WAITING: usize = 64;

/// How the history is to be opened. [`HistorySettings::at`] gives every value but the path.
#[derive(Clone, Debug)]
pub struct HistorySettings {
    /// The file; made when it is not there.
    pub path: PathBuf,
    /// What it may take on disk, its log included, in bytes. Less than 4 MiB is raised to that.
    pub cap_bytes: u64,
    /// How long a read may take before it is given up, in milliseconds.
    pub read_patience_ms: u64,
    /// How long log lines are kept at the most, in milliseconds.
    pub log_keep_ms: u64,
}

impl HistorySettings {
    /// The settings Galen runs with, for the history at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            cap_bytes: CAP_BYTES,
            read_patience_ms: READ_PATIENCE_MS,
            log_keep_ms: LOG_KEEP_MS,
        }
    }
}

/// A piece of work for the thread. It answers its caller itself.
type Job = Box<dyn FnOnce(&mut Keeper) + Send>;

/// The history on an SQLite file. Dropping it ends its thread after what waits; [`Self::close`]
/// also waits for that.
pub struct SqliteHistory {
    flushes: Sender<Job>,
    reads: Sender<Job>,
    stop: Sender<()>,
    closing: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    moved_aside: Option<PathBuf>,
}

impl SqliteHistory {
    /// Opens the history, making the file when there is none, and starts its thread. A damaged file
    /// is moved to `<path>.damaged-<unix ms>` and a new one begun; [`Self::moved_aside`] tells.
    ///
    /// # Errors
    /// [`OpenError::Foreign`] for somebody else's database, [`OpenError::Newer`] for a history of a
    /// newer Galen, both left as they are; what the operating system or SQLite said otherwise.
    pub fn open(settings: HistorySettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = absolute(&settings.path)?;
        if settings.cap_bytes < budget::SMALLEST_CAP_BYTES {
            let least = budget::SMALLEST_CAP_BYTES;
            tracing::warn!(cap_bytes = settings.cap_bytes, least, "the history's cap was raised");
        }
        let (keeper, moved_aside) = Keeper::open(&path, &settings, clock)?;
        Self::start(keeper, &path, moved_aside)
    }

    /// Opens a history to read only, for whoever looks while no server runs. Nothing is written;
    /// [`History::append`] is refused.
    ///
    /// # Errors
    /// As [`Self::open`]; a damaged file is [`OpenError::Corrupt`] and stays where it is.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = absolute(path.as_ref())?;
        Self::start(Keeper::open_read_only(&path)?, &path, None)
    }

    /// Where the damaged file went that was found when the history was opened.
    #[must_use]
    pub fn moved_aside(&self) -> Option<&Path> {
        self.moved_aside.as_deref()
    }

    /// Finishes what waits, ends the thread and closes the file. Calls that come later are refused.
    /// Blocks until it is done; may be called again.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(thread) = thread.take() else { return };
        // A thread that is gone already needs no word to go.
        let _ = self.stop.try_send(());
        if thread.join().is_err() {
            tracing::error!("the history's thread had panicked");
        }
    }

    fn start(keeper: Keeper, path: &Path, moved_aside: Option<PathBuf>) -> Result<Self, OpenError> {
        let (flushes, flush_jobs) = bounded(FLUSHES_WAITING);
        let (reads, read_jobs) = bounded(READS_WAITING);
        let (stop, stopped) = bounded(1);
        let closing = Arc::new(AtomicBool::new(false));
        let inbox = Inbox { flushes: flush_jobs, reads: read_jobs, stop: stopped };
        let stopping = Arc::clone(&closing);
        let thread = std::thread::Builder::new().name("galen-history".to_owned());
        let thread = thread.spawn(move || work(keeper, &inbox, &stopping)).map_err(|source| {
            OpenError::Io { what: "start a thread for", path: path.to_owned(), source }
        })?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { flushes, reads, stop, closing, thread, moved_aside })
    }

    /// Hands work to the thread and waits for its answer.
    async fn ask<T: Send + 'static>(
        &self,
        queue: &Sender<Job>,
        work: impl FnOnce(&mut Keeper) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(stopped());
        }
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |keeper| {
            // A caller that went away meanwhile is nobody to tell.
            drop(reply.send(work(keeper)));
        });
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Full { queue: "history" },
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Keeper) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.ask(&self.reads, work).await
    }
}

impl History for SqliteHistory {
    fn append(&self, batch: HistoryBatch) -> Fut<'_, StoreResult<HistoryReceipt>> {
        Box::pin(self.ask(&self.flushes, move |keeper| keeper.append(&batch)))
    }

    fn frames(&self, ask: FrameAsk) -> Fut<'_, StoreResult<Vec<Frame>>> {
        Box::pin(self.read(move |keeper| keeper.frames(&ask)))
    }

    fn metrics(
        &self,
        tier: Tier,
        from: UnixMs,
        until: UnixMs,
    ) -> Fut<'_, StoreResult<Vec<String>>> {
        Box::pin(self.read(move |keeper| {
            keeper.read(|file, names, _| read::metrics(file, names, tier, (from, until)))
        }))
    }

    fn logs(&self, ask: LogAsk) -> Fut<'_, StoreResult<Vec<LoggedLine>>> {
        Box::pin(self.read(move |keeper| keeper.read(|file, _, _| log::logs(file, &ask))))
    }

    fn annotations(&self, from: UnixMs, until: UnixMs) -> Fut<'_, StoreResult<Vec<Annotation>>> {
        Box::pin(
            self.read(move |keeper| keeper.read(|file, _, _| read::annotations(file, from, until))),
        )
    }

    fn alerts(&self, before: Option<AlertId>, limit: u32) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        Box::pin(
            self.read(move |keeper| keeper.read(|file, _, _| read::alerts(file, before, limit))),
        )
    }

    fn open_alerts(&self) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        Box::pin(self.read(|keeper| keeper.read(|file, _, _| read::open_alerts(file))))
    }

    fn facts(&self) -> Fut<'_, StoreResult<HistoryFacts>> {
        Box::pin(self.read(|keeper| {
            let budget = keeper.budget;
            keeper.read(|file, names, tallies| read::facts(file, names, tallies, &budget))
        }))
    }
}

/// What the thread is given.
struct Inbox {
    flushes: Receiver<Job>,
    reads: Receiver<Job>,
    stop: Receiver<()>,
}

/// The thread: works until it is told to stop, or nobody can call any more, and nothing waits.
fn work(mut keeper: Keeper, inbox: &Inbox, stopping: &AtomicBool) {
    let (mut is_settling, mut is_last_round) = (true, false);
    loop {
        let waiting = inbox.flushes.try_recv().or_else(|_| inbox.reads.try_recv()).ok();
        let job = match waiting {
            Some(job) => job,
            None if is_last_round => return,
            None if is_settling && !stopping.load(Ordering::SeqCst) => {
                is_settling = keeper.settle();
                continue;
            }
            None => {
                let job = select! {
                    recv(inbox.flushes) -> job => job.ok(),
                    recv(inbox.reads) -> job => job.ok(),
                    recv(inbox.stop) -> _ => None,
                };
                is_last_round = job.is_none();
                let Some(job) = job else { continue };
                job
            }
        };
        let tallies = keeper.tallies;
        // A panic ends neither the thread nor anybody else's work; its caller's answer is dropped.
        if catch_unwind(AssertUnwindSafe(|| job(&mut keeper))).is_err() {
            tracing::error!("a piece of work on the history panicked");
            keeper.take_back(tallies);
        }
    }
}

/// An absolute path never begins with "file:", which SQLite would take for a URI.
fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| OpenError::Io {
        what: "find",
        path: path.to_owned(),
        source,
    })
}

fn stopped() -> StoreError {
    StoreError::Lost("the history stopped".to_owned())
}
