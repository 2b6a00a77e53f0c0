//! What waits in the writer's queues: a command or a piece of maintenance, and who wants its answer.

use galen_core::model::{Act, Upkeep, UpkeepReceipt};
use galen_core::{Ledger, Phase, StoreError, StoreResult};
use tokio::sync::oneshot;

use super::tx::SqliteTx;
use crate::tx::Tx;

/// An answer with where its time went.
pub(super) type Answer<T> = (StoreResult<T>, Spent);

/// Where a command's time went; the parts add up to the time from its queueing to its answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// In the queue, and behind other commands of its batch.
    pub queue_ns: u64,
    /// Waiting for somebody else's lock.
    pub lock_ns: u64,
    /// In its own statements.
    pub run_ns: u64,
    /// From its last statement to the durable commit.
    pub commit_ns: u64,
}

impl Spent {
    /// Counts it in the caller's ledger.
    pub(super) fn count(&self, ledger: &Ledger) {
        ledger.add(Phase::PoolWait, self.queue_ns);
        ledger.add(Phase::LockWait, self.lock_ns);
        ledger.add(Phase::Query, self.run_ns);
        ledger.add(Phase::CommitWait, self.commit_ns);
    }
}

/// What waits for the writer.
pub(super) struct Job {
    /// The command's name.
    pub name: &'static str,
    /// When it was queued, on the monotonic clock.
    pub queued_ns: u64,
    /// How long the writer had ever waited for somebody else's lock when it was queued.
    pub lock_before_ns: u64,
    /// When it stops being worth beginning, on the monotonic clock.
    pub deadline_ns: u64,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done.
pub(super) enum Work {
    /// A command; many share one transaction.
    Command(Box<dyn Command>),
    /// A command that a power cut may undo, because it would be done again; it runs alone.
    Redoable(Box<dyn Command>),
    /// A piece of maintenance, which runs outside any transaction.
    Upkeep(UpkeepCall),
    /// The lock for writing, taken and given back.
    Probe(oneshot::Sender<Answer<()>>),
}

impl Job {
    /// Why it is not worth beginning any more, if it is not.
    pub(super) fn outdated(&self, now_ns: u64) -> Option<StoreError> {
        let gone = match &self.work {
            Work::Command(command) | Work::Redoable(command) => command.is_abandoned(),
            Work::Upkeep(call) => call.reply.is_closed(),
            Work::Probe(reply) => reply.is_closed(),
        };
        let late = gone || now_ns > self.deadline_ns;
        late.then_some(StoreError::TooLate { queue: "writer" })
    }

    /// Answers it with an error.
    pub(super) fn refuse(self, error: StoreError, spent: Spent) {
        match self.work {
            Work::Command(command) | Work::Redoable(command) => {
                command.answer(Err(error), spent);
            }
            Work::Upkeep(call) => call.answer(Err(error), spent),
            Work::Probe(reply) => give(reply, (Err(error), spent)),
        }
    }
}

/// A command whose result type only its caller knows.
pub(super) trait Command: Send {
    /// Whether nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;

    /// Runs it to its end; its output is kept until the commit is durable.
    fn run(&mut self, tx: &mut SqliteTx<'_>) -> StoreResult<()>;

    /// Gives its caller the output, or the error.
    fn answer(self: Box<Self>, outcome: StoreResult<()>, spent: Spent);
}

/// A call of a command: the work, then its output, and the way back.
pub(super) struct Call<T, F> {
    pub work: Option<F>,
    pub output: Option<T>,
    pub reply: oneshot::Sender<Answer<T>>,
}

impl<T, F> Command for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut SqliteTx<'_>) -> StoreResult<()> {
        if let Some(work) = self.work.take() {
            self.output = Some(work(tx)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: StoreResult<()>, spent: Spent) {
        let Self { output, reply, .. } = *self;
        let missing = || StoreError::Engine("the command gave no result".to_owned());
        give(reply, (outcome.and_then(|()| output.ok_or_else(missing)), spent));
    }
}

/// A call of a piece of maintenance.
pub(super) struct UpkeepCall {
    pub act: Act,
    pub upkeep: Upkeep,
    pub reply: oneshot::Sender<Answer<UpkeepReceipt>>,
}

impl UpkeepCall {
    pub(super) fn answer(self, result: StoreResult<UpkeepReceipt>, spent: Spent) {
        give(self.reply, (result, spent));
    }
}

/// Hands an answer over. A caller that went away meanwhile is nobody to tell.
pub(super) fn give<T>(reply: oneshot::Sender<T>, answer: T) {
    drop(reply.send(answer));
}
