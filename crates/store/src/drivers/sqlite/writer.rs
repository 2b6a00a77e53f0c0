//! The one writer: many commands, one durable commit.
//!
//! It takes what waits, live commands first, begins one transaction, runs each command in its own
//! savepoint, commits with `synchronous=FULL`, and only then answers them all: an acknowledged write
//! survives a power cut, and its price is shared. Only the sweep's slices are not synced: a power cut
//! that undoes one leaves what had expired to be swept again.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, select};
use galen_core::{CommandRecord, StoreError, StoreResult};
use rusqlite::Connection;

use super::Shared;
use super::fault::{commit_fault, fault};
use super::gauges::Labels;
use super::job::{Command, Job, Spent, Work};
use super::settings::Synchronous;
use super::tx::SqliteTx;
use super::upkeep;
use crate::commands::warrant;

/// After so many live batches in a row one background job is taken, so that sweeps and touches are
/// delayed by traffic and never starved by it.
const LIVE_STREAK: u32 = 16;

/// The writer's thread.
pub(super) struct Writer {
    pub connection: Connection,
    pub shared: Arc<Shared>,
    pub live: Receiver<Job>,
    pub background: Receiver<Job>,
    /// Who asks whether the lock can be had: answered with the next transaction that is begun.
    pub probes: Receiver<Job>,
    pub stop: Receiver<()>,
    pub batch: usize,
    pub busy_timeout: Duration,
    pub synchronous: Synchronous,
    /// Whether the connection may sync less than `synchronous` says: while a redoable command runs,
    /// and after it until the level is back.
    pub relaxed: Cell<bool>,
    pub labels: Labels,
    pub intake: Intake,
}

/// Which job is next.
#[derive(Default)]
pub(super) struct Intake {
    /// A job that was taken from the queue and must run alone.
    held: Option<Job>,
    /// Live batches since the last background job.
    streak: u32,
    /// Whether nothing new is waited for.
    stopping: bool,
}

/// A command of the current transaction that has run, and waits for the commit.
struct Ran {
    job: Named,
    outcome: StoreResult<()>,
    waited: Spent,
    begun_ns: u64,
    ended_ns: u64,
}

/// A command with its name.
struct Named {
    name: &'static str,
    command: Box<dyn Command>,
}

impl Writer {
    /// Works until it is told to stop and its queues are empty.
    pub(super) fn work(mut self) {
        while let Some((first, is_live)) = self.next() {
            self.shared.gauges.writer_begins(self.now_ns());
            self.names(first.name);
            let mut jobs = self.gather(first, is_live);
            let alone = jobs.len() == 1;
            while let Some(job) = jobs.pop_front() {
                match job.work {
                    Work::Upkeep(_) => self.maintain(job),
                    Work::Probe(_) => self.probe(job),
                    Work::Redoable(_) => self.redoable(job),
                    Work::Command(_) => {
                        jobs.push_front(job);
                        self.commands(&mut jobs, alone);
                    }
                }
            }
            self.shared.gauges.writer_rests();
        }
    }

    /// Lets others see what it is at.
    fn names(&self, command: &'static str) {
        let gauges = &self.shared.gauges;
        gauges.writer_runs(self.labels.number(gauges, command));
    }

    /// The next job, and whether it is live: live ones first, a background one when none waits or
    /// after a streak of live batches.
    fn next(&mut self) -> Option<(Job, bool)> {
        if let Some(job) = self.intake.held.take() {
            return Some((job, false));
        }
        if self.intake.streak >= LIVE_STREAK {
            self.intake.streak = 0;
            if let Ok(job) = self.background.try_recv() {
                return Some((job, false));
            }
        }
        if let Ok(job) = self.live.try_recv() {
            self.intake.streak += 1;
            return Some((job, true));
        }
        if let Ok(job) = self.background.try_recv() {
            self.intake.streak = 0;
            return Some((job, false));
        }
        if let Ok(job) = self.probes.try_recv() {
            return Some((job, false));
        }
        if self.intake.stopping {
            return None;
        }
        select! {
            recv(self.live) -> job => job.ok().map(|job| (job, true)),
            recv(self.background) -> job => job.ok().map(|job| (job, false)),
            recv(self.probes) -> job => job.ok().map(|job| (job, false)),
            recv(self.stop) -> _ => {
                self.intake.stopping = true;
                self.next()
            }
        }
    }

    /// What shares the first job's transaction: other live commands, up to the batch's size. A
    /// background command and maintenance run alone, so that no live caller waits for their work.
    fn gather(&mut self, first: Job, is_live: bool) -> VecDeque<Job> {
        let shares = is_live && matches!(first.work, Work::Command(_));
        let mut jobs = VecDeque::from([first]);
        while shares && jobs.len() < self.batch {
            let Ok(job) = self.live.try_recv() else { break };
            if !matches!(job.work, Work::Command(_)) {
                self.intake.held = Some(job);
                break;
            }
            jobs.push_back(job);
        }
        jobs
    }

    /// Runs a command whose commit is not synced: nobody is told anything that a power cut could
    /// make untrue, and live callers do not wait for its pages to reach the disk. It stays in order
    /// with its neighbours: the next synced commit syncs the log up to itself
    /// (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
    fn redoable(&self, job: Job) {
        if self.synchronous == Synchronous::Full {
            self.relaxed.set(true);
            if let Err(error) = self.set_level(Synchronous::Normal) {
                tracing::warn!(%error, "a sweep is synced: the level could not be lowered");
            }
        }
        self.transaction(&mut VecDeque::from([job]), true);
        if let Err(error) = self.restore_level() {
            tracing::error!(%error, "commits are refused until they can be synced again");
        }
    }

    /// Runs commands whose commit must be as durable as is configured. While the connection cannot
    /// be brought back to that, they are refused: what is acknowledged must survive a power cut.
    fn commands(&self, jobs: &mut VecDeque<Job>, alone: bool) {
        match self.restore_level() {
            Ok(()) => self.transaction(jobs, alone),
            Err(error) => self.refuse_all(jobs, &error),
        }
    }

    /// Brings the connection back to the configured level if it may be below it.
    fn restore_level(&self) -> StoreResult<()> {
        if self.relaxed.get() {
            self.set_level(self.synchronous).map_err(|error| fault(&error))?;
            self.relaxed.set(false);
        }
        Ok(())
    }

    fn set_level(&self, level: Synchronous) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "synchronous", level.name())
    }

    /// Runs commands from the front of `jobs` in one transaction, until there are none left or an
    /// error made SQLite give the whole transaction up.
    fn transaction(&self, jobs: &mut VecDeque<Job>, alone: bool) {
        if let Err(error) = self.begin() {
            return self.refuse_all(jobs, &error);
        }
        let mut ran: Vec<Ran> = Vec::with_capacity(jobs.len());
        while let Some(job) = jobs.pop_front() {
            let Some(one) = self.run(job, alone) else { continue };
            let given_up = one.outcome.as_ref().err().filter(|_| self.connection.is_autocommit());
            let given_up = given_up.cloned();
            ran.push(one);
            if let Some(error) = given_up {
                // Nothing of this transaction remains, not even what had gone well.
                return self.answer(ran, Err(error));
            }
        }
        let committed = self.commit();
        self.answer(ran, committed);
    }

    /// Runs one command. Nothing when it was not worth beginning, and was answered so.
    fn run(&self, job: Job, alone: bool) -> Option<Ran> {
        let begun_ns = self.now_ns();
        let waited = self.waited(&job, begun_ns);
        if let Some(error) = job.outdated(begun_ns) {
            job.refuse(error, waited);
            return None;
        }
        self.names(job.name);
        let Job { name, work: Work::Command(mut command) | Work::Redoable(mut command), .. } = job
        else {
            return None;
        };
        let outcome = self.guarded(command.as_mut(), alone, waited.queue_ns);
        let ended_ns = self.now_ns();
        let job = Named { name, command };
        Some(Ran { job, outcome, waited, begun_ns, ended_ns })
    }

    /// Runs a command so that its failure or panic takes back what it did and nothing else. One
    /// that has the transaction to itself needs no savepoint, which would copy every page it
    /// changes: it is rolled back with the transaction.
    fn guarded(&self, command: &mut dyn Command, alone: bool, wait_ns: u64) -> StoreResult<()> {
        let inside = |sql: &str| self.statement(sql).map_err(|error| fault(&error));
        if !alone {
            inside("SAVEPOINT command")?;
        }
        let mut tx = self.tx(wait_ns);
        let ran = catch_unwind(AssertUnwindSafe(|| command.run(&mut tx)));
        let outcome = ran.unwrap_or_else(|_| {
            tracing::error!("a command panicked; what it did was taken back");
            Err(StoreError::Engine("the command panicked".to_owned()))
        });
        if self.connection.is_autocommit() {
            return outcome;
        }
        let settled = match (&outcome, alone) {
            (Ok(()), true) => Ok(()),
            (Ok(()), false) => inside("RELEASE command"),
            (Err(_), true) => inside("ROLLBACK"),
            (Err(_), false) => {
                inside("ROLLBACK TO command").and_then(|()| inside("RELEASE command"))
            }
        };
        if settled.is_err() {
            // What cannot be taken back alone is taken back with everything else.
            self.roll_back();
        }
        outcome.and(settled)
    }

    fn tx(&self, wait_ns: u64) -> SqliteTx<'_> {
        SqliteTx { connection: &self.connection, shared: &self.shared, reader: None, wait_ns }
    }

    /// Gives the transaction up if there is one.
    pub(super) fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn commit(&self) -> StoreResult<()> {
        let begun_ns = self.now_ns();
        let committed = self.statement("COMMIT");
        let took_ns = self.now_ns().saturating_sub(begun_ns);
        self.shared.last_commit_ns.store(took_ns, Ordering::Relaxed);
        let Err(error) = committed else { return Ok(()) };
        tracing::error!(%error, "a commit failed");
        self.roll_back();
        Err(commit_fault(&error))
    }

    /// Answers everything that ran; where it went well, the commit decides.
    fn answer(&self, ran: Vec<Ran>, committed: StoreResult<()>) {
        let now_ns = self.now_ns();
        let batch = u32::try_from(ran.len()).unwrap_or(u32::MAX);
        for one in ran {
            let outcome = one.outcome.and_then(|()| committed.clone());
            let spent = Spent {
                run_ns: one.ended_ns.saturating_sub(one.begun_ns),
                commit_ns: now_ns.saturating_sub(one.ended_ns),
                ..one.waited
            };
            self.record(one.job.name, spent, batch, outcome.is_err());
            one.job.command.answer(outcome, spent);
        }
    }

    fn refuse_all(&self, jobs: &mut VecDeque<Job>, error: &StoreError) {
        let now_ns = self.now_ns();
        let batch = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        for job in jobs.drain(..) {
            let spent = self.waited(&job, now_ns);
            self.record(job.name, spent, batch, true);
            job.refuse(error.clone(), spent);
        }
    }

    /// Runs a piece of maintenance, outside any transaction but the one that notes it.
    fn maintain(&self, job: Job) {
        let begun_ns = self.now_ns();
        let waited = self.waited(&job, begun_ns);
        if let Some(error) = job.outdated(begun_ns) {
            return job.refuse(error, waited);
        }
        let name = job.name;
        let Work::Upkeep(call) = job.work else { return };
        self.names(job.name);
        let mut tx = self.tx(waited.queue_ns);
        let allowed = self.restore_level().and_then(|()| warrant::hold(&mut tx, &call.act));
        let result = allowed.and_then(|()| upkeep::run(&mut tx, call.upkeep)).and_then(|receipt| {
            self.begin()?;
            let noted = upkeep::note(&mut tx, &call.act, &receipt);
            noted.and_then(|()| self.commit()).map(|()| receipt).inspect_err(|_| self.roll_back())
        });
        let run_ns = self.now_ns().saturating_sub(begun_ns);
        let spent = Spent { run_ns, ..waited };
        self.record(name, spent, 1, result.is_err());
        call.answer(result, spent);
    }

    pub(super) fn record(&self, name: &'static str, spent: Spent, batch: u32, failed: bool) {
        self.shared.observer.command(&CommandRecord {
            name,
            queue_ns: spent.queue_ns,
            lock_ns: spent.lock_ns,
            run_ns: spent.run_ns,
            commit_ns: spent.commit_ns,
            batch,
            failed,
        });
    }

    pub(super) fn statement(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.shared.clock.monotonic_ns()
    }
}
