//! The SQLite driver: one writer thread with group commit, reader threads beside it.

mod checkpoint;
#[cfg(test)]
mod durability_tests;
mod fault;
mod gauges;
mod inspect;
mod job;
mod lock;
mod migrate;
mod open;
mod open_error;
mod overdue;
mod pages;
#[cfg(test)]
mod pool_tests;
mod readers;
mod recycle;
mod settings;
#[cfg(test)]
mod tests;
mod tx;
mod upkeep;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, TrySendError};
use galen_core::model::{
    Act, PoolUse, Pressure, Recycled, StoreFacts, Upkeep, UpkeepAdvice, UpkeepReceipt,
};
use galen_core::{Clock, Cx, Deadline, Observer, Phase, StoreError, StoreResult, Urgency};
use tokio::sync::oneshot;

pub use open_error::OpenError;
pub use settings::{SqliteSettings, Synchronous};

use self::gauges::Gauges;
use self::job::{Answer, Call, Command, Job, UpkeepCall, Work, give};
use self::readers::Errand;
use self::recycle::{RECYCLE, Renewal, Round, UnderWay};
use self::tx::SqliteTx;
use self::upkeep::Settled;
use crate::commands::warrant;
use crate::migrations::{self, Migration};
use crate::port::{Engine, SqlStore};
use crate::tx::Tx;
pub(crate) use fault::fault;
pub(crate) use inspect::{beside, connect};
pub(crate) use open::create_private;

/// What marks a database file as Galen's, at offset 68 of its header: the letters "Galn"
/// (<https://www.sqlite.org/fileformat2.html#application_id>).
pub const APPLICATION_ID: u32 = 0x4761_6c6e;

/// The oldest SQLite without the WAL-reset bug (<https://www.sqlite.org/wal.html#walresetbug>).
pub const OLDEST_SQLITE: &str = "3.51.3";

/// [`OLDEST_SQLITE`] as SQLite numbers its versions.
const OLDEST_SQLITE_NUMBER: i32 = 3_051_003;

/// The store on an SQLite file.
pub type SqliteStore = SqlStore<Sqlite>;

/// What the threads of one store share.
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    path: PathBuf,
    wal_path: PathBuf,
    schema_version: u32,
    readers: u32,
    last_commit_ns: AtomicU64,
    gauges: Gauges,
    /// Which file was opened.
    file: Option<(u64, u64)>,
    settled: Mutex<Settled>,
}

impl Shared {
    /// Work for the writer, queued now.
    fn job(&self, name: &'static str, deadline: Deadline, work: Work) -> Job {
        let queued_ns = self.clock.monotonic_ns();
        let lock_before_ns = self.gauges.lock.total_ns(queued_ns);
        Job { name, queued_ns, lock_before_ns, deadline_ns: deadline.0, work }
    }

    /// Whether the file that was opened still lies at its path.
    fn is_same_file(&self) -> bool {
        self.file.is_some() && open::identity(&self.path) == self.file
    }
}

/// The SQLite engine: its queues and its threads.
pub struct Sqlite {
    shared: Arc<Shared>,
    live: Sender<Job>,
    background: Sender<Job>,
    probes: Sender<Job>,
    stop: Sender<()>,
    reads: Sender<Errand>,
    /// One a reader.
    renewals: Vec<Sender<Renewal>>,
    recycling: Arc<AtomicBool>,
    closing: AtomicBool,
    threads: Mutex<Option<Threads>>,
}

/// The threads of one store.
struct Threads {
    writer: JoinHandle<()>,
    checkpointer: JoinHandle<()>,
    readers: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the database, making the file when there is none, and starts its threads. A file that
    /// is not Galen's, is damaged or has a newer schema is not touched; before an older schema is
    /// migrated the file is copied beside itself.
    ///
    /// # Errors
    /// [`OpenError`]; each says what to do.
    pub fn open(
        settings: SqliteSettings,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, OpenError> {
        Self::open_with(settings, clock, observer, migrations::SQLITE)
    }

    fn open_with(
        settings: SqliteSettings,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
        known: &[Migration],
    ) -> Result<Self, OpenError> {
        open::open(settings, clock, observer, known).map(SqlStore)
    }

    /// Finishes what waits, commits it, ends the threads and closes the file. Calls that come later
    /// are refused. Blocks until it is done; may be called again.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Sqlite {
    fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(threads) = threads.take() else { return };
        // The readers leave first: SQLite empties the log when the last connection is closed, and
        // theirs cannot write. The checkpointer leaves when the writer's connection is closed. A
        // thread that is gone already needs no word to go.
        for _ in &threads.readers {
            drop(self.reads.send(Errand::Stop));
        }
        for reader in threads.readers {
            joined(reader);
        }
        let _ = self.stop.send(());
        joined(threads.writer);
        joined(threads.checkpointer);
    }

    /// Puts a job into the queue of its urgency.
    fn queue(&self, cx: &Cx, job: Job) -> StoreResult<()> {
        let lane = match (&job.work, cx.urgency) {
            (Work::Probe(_), _) => &self.probes,
            (_, Urgency::Live) => &self.live,
            (_, Urgency::Background) => &self.background,
        };
        self.refused_when_closing()?;
        lane.try_send(job).map_err(|error| refused(&error, "writer"))
    }

    fn refused_when_closing(&self) -> StoreResult<()> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(closed());
        }
        Ok(())
    }

    /// Hands a command to the writer and waits for its answer.
    async fn call<T, F>(
        &self,
        cx: &Cx,
        name: &'static str,
        work: F,
        kind: fn(Box<dyn Command>) -> Work,
    ) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call { work: Some(work), output: None, reply };
        self.queue(cx, self.shared.job(name, cx.deadline, kind(Box::new(call))))?;
        answered(cx, answer).await
    }

    /// Runs a read that may look at the connection itself.
    async fn read_with<T, F>(&self, cx: &Cx, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteTx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.refused_when_closing()?;
        let (reply, answer) = oneshot::channel();
        let read = readers::Call {
            queued_ns: self.shared.clock.monotonic_ns(),
            deadline: cx.deadline,
            work: Some(work),
            answer: None,
            reply,
        };
        let errand = Errand::Read(Box::new(read));
        self.reads.try_send(errand).map_err(|error| refused(&error, "readers"))?;
        let answer = answer.await.map_err(|_| closed())?;
        cx.ledger.add(Phase::PoolWait, answer.wait_ns);
        cx.ledger.add(Phase::Query, answer.run_ns);
        answer.result
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

/// Waits for the writer's answer, and counts where the time went.
async fn answered<T>(cx: &Cx, answer: oneshot::Receiver<Answer<T>>) -> StoreResult<T> {
    let (result, spent) = answer.await.map_err(|_| lost())?;
    spent.count(&cx.ledger);
    result
}

fn joined(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store had panicked");
    }
}

fn refused<T>(error: &TrySendError<T>, queue: &'static str) -> StoreError {
    match error {
        TrySendError::Full(_) => StoreError::Full { queue },
        TrySendError::Disconnected(_) => closed(),
    }
}

fn closed() -> StoreError {
    StoreError::Engine("the store is closed".to_owned())
}

impl Engine for Sqlite {
    async fn read<'a, T, F>(&'a self, cx: &'a Cx, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    {
        self.read_with(cx, move |tx| work(tx)).await
    }

    async fn command<'a, T, F>(&'a self, cx: &'a Cx, name: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    {
        self.call(cx, name, work, Work::Command).await
    }

    async fn redoable<'a, T, F>(&'a self, cx: &'a Cx, name: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    {
        self.call(cx, name, work, Work::Redoable).await
    }

    async fn facts<'a>(&'a self, cx: &'a Cx) -> StoreResult<StoreFacts> {
        let facts = self.read_with(cx, upkeep::facts).await?;
        Ok(StoreFacts { pressure: self.pressure(), ..facts })
    }

    fn pressure(&self) -> Pressure {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Pressure {
            writes_waiting: count(self.live.len()),
            writes_capacity: count(self.live.capacity().unwrap_or(0)),
            reads_waiting: count(self.reads.len()),
            readers_busy: self.shared.gauges.readers_busy(),
            readers: self.shared.readers,
            last_commit_ns: self.shared.last_commit_ns.load(Ordering::Relaxed),
        }
    }

    fn pool(&self) -> PoolUse {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        PoolUse {
            reads_waiting: count(self.reads.len()),
            writes_waiting: count(self.live.len()),
            ..self.shared.gauges.pool(self.shared.clock.monotonic_ns())
        }
    }

    async fn probe_lock<'a>(&'a self, cx: &'a Cx) -> StoreResult<()> {
        let (reply, answer) = oneshot::channel();
        self.queue(cx, self.shared.job("upkeep.probe_lock", cx.deadline, Work::Probe(reply)))?;
        answered(cx, answer).await
    }

    async fn recycle<'a>(&'a self, cx: &'a Cx, act: Act) -> StoreResult<Recycled> {
        self.refused_when_closing()?;
        let under_way = UnderWay::begin(&self.recycling)?;
        let first = act.clone();
        self.call(cx, RECYCLE, move |tx| warrant::hold(tx, &first), Work::Command).await?;
        let (reply, answer) = oneshot::channel();
        let round = Round {
            shared: Arc::clone(&self.shared),
            orders: self.renewals.clone(),
            errands: self.reads.clone(),
            live: self.live.clone(),
            deadline: cx.deadline,
            under_way,
        };
        // A thread of its own, so that it is finished and noted though its caller goes away.
        let go = move || give(reply, round.go(act));
        let spawned = open::spawn("galen-recycle", &self.shared.path, go);
        spawned.map_err(|error| StoreError::Engine(error.to_string()))?;
        answered(cx, answer).await
    }

    async fn advise<'a>(&'a self, cx: &'a Cx) -> StoreResult<UpkeepAdvice> {
        let shared = Arc::clone(&self.shared);
        let work = move |tx: &mut dyn Tx| upkeep::advise(tx, &shared);
        self.call(cx, "upkeep.advise", work, Work::Command).await
    }

    async fn maintain<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        upkeep: Upkeep,
    ) -> StoreResult<UpkeepReceipt> {
        let (reply, answer) = oneshot::channel();
        let work = Work::Upkeep(UpkeepCall { act, upkeep, reply });
        let before = self.pressure();
        self.queue(cx, self.shared.job("upkeep.maintain", cx.deadline, work))?;
        let mut receipt = answered(cx, answer).await?;
        receipt.before.pressure = before;
        receipt.after.pressure = self.pressure();
        Ok(receipt)
    }
}

/// The store stopped with the command in its queue or under way.
fn lost() -> StoreError {
    StoreError::Lost("the store stopped".to_owned())
}
