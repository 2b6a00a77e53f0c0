//! The lock for writing: how long the writer waits for somebody else to let it go, and who asks for it.

use std::time::{Duration, Instant};

use galen_core::{StoreError, StoreResult};

use super::fault::fault;
use super::job::{Job, Spent, Work, give};
use super::writer::Writer;

/// The longest pause between two attempts to take a lock that somebody else holds.
const PAUSE_LONGEST: Duration = Duration::from_millis(20);

impl Writer {
    /// Begins, waiting for somebody else's lock as long as is allowed. Whoever has asked meanwhile
    /// whether the lock can be had is told.
    pub(super) fn begin(&self) -> StoreResult<()> {
        let begun = self.take();
        while let Ok(job) = self.probes.try_recv() {
            self.probed(job, begun.clone());
        }
        begun
    }

    fn take(&self) -> StoreResult<()> {
        let mut waiting: Option<Instant> = None;
        let mut pause = Duration::from_millis(1);
        let taken = loop {
            let error = match self.statement("BEGIN IMMEDIATE") {
                Ok(()) => break Ok(()),
                Err(error) => fault(&error),
            };
            let since = *waiting.get_or_insert_with(|| {
                self.shared.gauges.lock.start(self.now_ns());
                Instant::now()
            });
            if error != StoreError::Locked || since.elapsed() >= self.busy_timeout {
                tracing::warn!(%error, "a transaction could not be begun");
                break Err(error);
            }
            std::thread::sleep(pause);
            pause = PAUSE_LONGEST.min(pause * 2);
        };
        if waiting.is_some() {
            self.shared.gauges.lock.stop(self.now_ns());
        }
        taken
    }

    /// Takes the lock and gives it back. Nothing was changed, so nothing is written: SQLite adds to
    /// the log with the first changed page.
    pub(super) fn probe(&self, job: Job) {
        if job.outdated(self.now_ns()).is_some() {
            return self.probed(job, Ok(()));
        }
        let taken = self.begin();
        self.roll_back();
        self.probed(job, taken);
    }

    /// Answers a probe. One that nobody waits for any more was refused by its caller's deadline and
    /// is no failed command.
    fn probed(&self, job: Job, taken: StoreResult<()>) {
        let now_ns = self.now_ns();
        let spent = self.waited(&job, now_ns);
        if let Some(error) = job.outdated(now_ns) {
            return job.refuse(error, spent);
        }
        self.record(job.name, spent, 1, taken.is_err());
        if let Work::Probe(reply) = job.work {
            give(reply, (taken, spent));
        }
    }

    /// What a job has waited until now: for the writer, and for a lock that the writer waited for.
    pub(super) fn waited(&self, job: &Job, now_ns: u64) -> Spent {
        let lock_ns = self.shared.gauges.lock.total_ns(now_ns).saturating_sub(job.lock_before_ns);
        let queue_ns = now_ns.saturating_sub(job.queued_ns).saturating_sub(lock_ns);
        Spent { queue_ns, lock_ns, ..Spent::default() }
    }
}
