//! Readers: threads with a read-only connection each, fed by one bounded queue.
//!
//! A reader that finds several reads waiting runs them one after the other and answers them
//! together: waking a sleeping async worker costs two switches of context, about as much as a
//! look-up, and so is shared. A lone read is answered at once, and so is every read while slow ones
//! come between: nobody's answer is to wait for somebody else's long statement.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use galen_core::{Deadline, StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use super::gauges::Labels;
use super::job::give;
use super::open::readable;
use super::overdue::Overdue;
use super::recycle::Renewal;
use super::settings::SqliteSettings;
use super::tx::SqliteTx;

/// At most so many reads are answered together.
const TOGETHER: usize = 16;

/// No answer waits for another read once so much time has passed, in nanoseconds; and a read that
/// takes longer is slow.
const TOGETHER_NS: u64 = 200_000;

/// Only after so many quick reads in a row a reader lets answers wait for one more: the next one may
/// be slow, and that is known too late.
const QUICK_ROW: u32 = 64;

/// What waits for a reader.
pub(super) enum Errand {
    /// A read.
    Read(Box<dyn Read>),
    /// Whichever reader takes it looks for an order of its own.
    Look,
    /// One reader goes home.
    Stop,
}

/// A read whose result type only its caller knows.
pub(super) trait Read: Send {
    /// Runs it, unless nobody wants it any more, and keeps its answer. Gives the time at its end.
    fn run(&mut self, tx: &mut SqliteTx<'_>) -> u64;

    /// Gives its caller the answer at the time `now_ns`. What it was held back since its end counts
    /// as waiting.
    fn answer(self: Box<Self>, now_ns: u64);
}

/// A read's answer with where its time went.
pub(super) struct Answer<T> {
    pub result: StoreResult<T>,
    pub wait_ns: u64,
    pub run_ns: u64,
    ended_ns: u64,
}

/// A call of a read: the work, then its answer, and the way back.
pub(super) struct Call<T, F> {
    pub queued_ns: u64,
    pub deadline: Deadline,
    pub work: Option<F>,
    pub answer: Option<Answer<T>>,
    pub reply: oneshot::Sender<Answer<T>>,
}

impl<T, F> Read for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteTx<'_>) -> StoreResult<T> + Send,
{
    fn run(&mut self, tx: &mut SqliteTx<'_>) -> u64 {
        let begun_ns = tx.now_ns();
        let Some(work) = self.work.take().filter(|_| !self.reply.is_closed()) else {
            return begun_ns;
        };
        let wait_ns = begun_ns.saturating_sub(self.queued_ns);
        tx.wait_ns = wait_ns;
        let mut result = if begun_ns > self.deadline.0 {
            Err(StoreError::TooLate { queue: "readers" })
        } else {
            if let Some(reader) = tx.reader {
                reader.overdue.allow(self.deadline);
            }
            // A panic ends neither the thread nor anybody else's read.
            catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
                tracing::error!("a read panicked");
                Err(StoreError::Engine("the read panicked".to_owned()))
            })
        };
        if result.is_err() && tx.reader.is_some_and(|reader| reader.overdue.has_stopped()) {
            result = Err(StoreError::TooLate { queue: "readers" });
        }
        let ended_ns = tx.now_ns();
        let run_ns = ended_ns.saturating_sub(begun_ns);
        self.answer = Some(Answer { result, wait_ns, run_ns, ended_ns });
        ended_ns
    }

    fn answer(self: Box<Self>, now_ns: u64) {
        let Self { answer, reply, .. } = *self;
        if let Some(mut answer) = answer {
            answer.wait_ns += now_ns.saturating_sub(answer.ended_ns);
            give(reply, answer);
        }
    }
}

/// What a reader has run and not answered yet, and how many quick reads in a row it ran.
struct Done {
    reads: Vec<Box<dyn Read>>,
    quick_row: u32,
}

impl Done {
    fn took(&mut self, ns: u64) {
        self.quick_row = if ns > TOGETHER_NS { 0 } else { self.quick_row.saturating_add(1) };
    }
}

/// What a reader's thread is given.
pub(super) struct Reader {
    number: u32,
    shared: Arc<Shared>,
    settings: SqliteSettings,
    labels: Labels,
    overdue: Arc<Overdue>,
}

impl Reader {
    pub(super) fn new(number: u32, shared: &Arc<Shared>, settings: &SqliteSettings) -> Self {
        Self {
            number,
            shared: Arc::clone(shared),
            settings: settings.clone(),
            labels: Labels::new(),
            overdue: Overdue::new(),
        }
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Opens a connection of this reader.
    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        let mut connection = readable(&self.shared, &self.settings)?;
        let overdue = Arc::clone(&self.overdue);
        overdue.watch(&mut connection, Arc::clone(&self.shared.clock))?;
        Ok(connection)
    }

    /// Lets others see what it is at.
    pub(super) fn runs(&self, statement: &'static str) {
        let gauges = &self.shared.gauges;
        if let Some(desk) = gauges.desk(self.number) {
            desk.note(self.labels.number(gauges, statement));
        }
    }

    /// Works until it is told to stop or nobody can call any more.
    pub(super) fn work(
        &self,
        mut connection: Connection,
        queue: &Receiver<Errand>,
        renewals: &Receiver<Renewal>,
    ) {
        let mut done = Done { reads: Vec::with_capacity(TOGETHER), quick_row: 0 };
        loop {
            // Not one wait for both: only a wait for a single queue looks again for some
            // microseconds before it sleeps, and to be woken costs as much as several look-ups.
            if !renewals.is_empty()
                && let Ok(renewal) = renewals.try_recv()
            {
                // Whoever wanted it and went away is nobody to tell.
                drop(renewal.try_send(self.renew(&mut connection)));
            }
            let first = match queue.recv() {
                Ok(Errand::Read(first)) => first,
                Ok(Errand::Look) => continue,
                Ok(Errand::Stop) | Err(_) => return,
            };
            let (goes_on, ended_ns) = self.stretch(&connection, queue, first, &mut done);
            for read in done.reads.drain(..) {
                read.answer(ended_ns);
            }
            if !goes_on {
                return;
            }
        }
    }

    /// Runs reads as far as they may be answered together. Gives whether the reader goes on, and the
    /// time at the end of the last one.
    fn stretch(
        &self,
        connection: &Connection,
        queue: &Receiver<Errand>,
        first: Box<dyn Read>,
        done: &mut Done,
    ) -> (bool, u64) {
        let shared = &self.shared;
        let mut tx = SqliteTx { connection, shared, reader: Some(self), wait_ns: 0 };
        let begun_ns = tx.now_ns();
        let desk = shared.gauges.desk(self.number);
        if let Some(desk) = desk {
            desk.work.start(begun_ns);
        }
        let (goes_on, ended_ns) = together(&mut tx, queue, first, begun_ns, done);
        if let Some(desk) = desk {
            desk.work.stop(ended_ns);
        }
        (goes_on, ended_ns)
    }

    /// Puts a new connection in the place of the old one, which is kept when there is none to be
    /// had.
    fn renew(&self, connection: &mut Connection) -> StoreResult<()> {
        let failed = |why: &dyn std::fmt::Display| {
            tracing::error!(reader = self.number, %why, "a reader keeps its old connection");
            StoreError::Engine(format!(
                "reader {} keeps its connection, no new one could be opened: {why}",
                self.number
            ))
        };
        if !self.shared.is_same_file() {
            return Err(failed(&"another file lies at the database's path, or none"));
        }
        let old = std::mem::replace(connection, self.connect().map_err(|error| failed(&error))?);
        if let Err((_, error)) = old.close() {
            tracing::warn!(reader = self.number, %error, "an old connection was not closed in order");
        }
        Ok(())
    }
}

/// Runs a read and those that wait behind it, as far as they may be answered together. Gives
/// whether the reader goes on, and the time at the end of the last one.
fn together(
    tx: &mut SqliteTx<'_>,
    queue: &Receiver<Errand>,
    first: Box<dyn Read>,
    begun_ns: u64,
    done: &mut Done,
) -> (bool, u64) {
    let until_ns = begun_ns.saturating_add(TOGETHER_NS);
    let mut last_ns = begun_ns;
    let mut read = first;
    loop {
        let ended_ns = read.run(tx);
        done.took(ended_ns.saturating_sub(last_ns));
        last_ns = ended_ns;
        done.reads.push(read);
        if done.reads.len() >= TOGETHER || ended_ns > until_ns || done.quick_row < QUICK_ROW {
            return (true, ended_ns);
        }
        match queue.try_recv() {
            Ok(Errand::Read(next)) => read = next,
            Ok(Errand::Stop) => return (false, ended_ns),
            Ok(Errand::Look) | Err(_) => return (true, ended_ns),
        }
    }
}
