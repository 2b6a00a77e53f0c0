//! Readers: threads with a read-only connection each, fed by one bounded queue.
//!
//! A reader that finds several reads waiting runs them one after the other and answers them
//! together: waking a sleeping async worker costs two switches of context, about as much as a
//! look-up, and so is shared. A lone read is answered at once.

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

/// At most so many reads are answered together.
const TOGETHER: usize = 16;

/// No answer waits for another read once so much time has passed, in nanoseconds.
const TOGETHER_NS: u64 = 200_000;

/// What waits for a reader.
pub(super) enum Errand {
    /// A read.
    Read(Box<dyn Read>),
    /// One reader goes home.
    Stop,
}

/// A read whose result type only its caller knows.
pub(super) trait Read: Send {
    /// Runs it, unless nobody wants it any more, and keeps its answer. Gives the time at its end.
    fn run(&mut self, tx: &mut SqliteTx<'_>) -> u64;

    /// Gives its caller the answer.
    fn answer(self: Box<Self>);
}

/// A read's answer with where its time went.
pub(super) struct Answer<T> {
    pub result: StoreResult<T>,
    pub wait_ns: u64,
    pub run_ns: u64,
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
        let result = if begun_ns > self.deadline.0 {
            Err(StoreError::TooLate { queue: "readers" })
        } else {
            // A panic ends neither the thread nor anybody else's read.
            catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
                tracing::error!("a read panicked");
                Err(StoreError::Engine("the read panicked".to_owned()))
            })
        };
        let ended_ns = tx.now_ns();
        let wait_ns = begun_ns.saturating_sub(self.queued_ns);
        let run_ns = ended_ns.saturating_sub(begun_ns);
        self.answer = Some(Answer { result, wait_ns, run_ns });
        ended_ns
    }

    fn answer(self: Box<Self>) {
        let Self { answer, reply, .. } = *self;
        if let Some(answer) = answer {
            give(reply, answer);
        }
    }
}

/// A reader's thread: works until it is told to stop or nobody can call any more.
pub(super) fn work(connection: &Connection, shared: &Arc<Shared>, queue: &Receiver<Errand>) {
    let mut done: Vec<Box<dyn Read>> = Vec::with_capacity(TOGETHER);
    while let Ok(Errand::Read(first)) = queue.recv() {
        shared.readers_busy.fetch_add(1, Ordering::Relaxed);
        let goes_on = together(&mut SqliteTx { connection, shared }, queue, first, &mut done);
        shared.readers_busy.fetch_sub(1, Ordering::Relaxed);
        for read in done.drain(..) {
            read.answer();
        }
        if !goes_on {
            return;
        }
    }
}

/// Runs a read and those that wait behind it, as far as they may be answered together. Gives
/// whether the reader goes on.
fn together(
    tx: &mut SqliteTx<'_>,
    queue: &Receiver<Errand>,
    first: Box<dyn Read>,
    done: &mut Vec<Box<dyn Read>>,
) -> bool {
    let until_ns = tx.now_ns().saturating_add(TOGETHER_NS);
    let mut read = first;
    loop {
        let ended_ns = read.run(tx);
        done.push(read);
        if done.len() >= TOGETHER || ended_ns > until_ns {
            return true;
        }
        match queue.try_recv() {
            Ok(Errand::Read(next)) => read = next,
            Ok(Errand::Stop) => return false,
            Err(_) => return true,
        }
    }
}
