//! The pool: threads that start with the first need, and the way in and out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use galen_core::{Clock, Code, Cx, Entropy, Phase, Refusal, Secret};
use tokio::sync::oneshot;

use super::bench::{Bench, Checked, HashError, hash_of_nothing, params_of};
use super::queue::{Offer, Queue};
use super::ticket::Ticket;
use super::{Choice, HashPressure, Places, PoolError, Question};
use crate::limits::Reservation;
use crate::password::{self, Flaw};
use crate::{HashPolicy, PasswordPolicy};

/// What the threads share.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    policy: HashPolicy,
    queue: Queue,
    hashes_done: Arc<AtomicU64>,
    refused: AtomicU64,
    hash_ns: AtomicU64,
}

/// The pool. Dropping it sends away whoever waits and joins the threads.
pub(crate) struct HashPool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    nothing: Secret<String>,
}

impl HashPool {
    pub(crate) fn new(
        policy: HashPolicy,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let policy = HashPolicy {
            permits: policy.permits.max(1),
            queue: policy.queue.max(1),
            nice: policy.nice.min(19),
            ..policy
        };
        let nothing = hash_of_nothing(&params_of(&policy), entropy.as_ref());
        Self {
            shared: Arc::new(Shared {
                clock,
                entropy,
                policy,
                queue: Queue::new(policy.queue as usize, policy.permits),
                hashes_done: Arc::default(),
                refused: AtomicU64::new(0),
                hash_ns: AtomicU64::new(0),
            }),
            threads: Mutex::default(),
            nothing,
        }
    }

    /// Checks a normal password against a kept hash, or, where there is no user, against a hash that
    /// nothing matches, at the same cost. It takes a reservation because no password may be checked
    /// that was not first counted against the limits (CVE-2026-43914, CVE-2026-9798).
    pub(crate) async fn check(
        &self,
        cx: &Cx,
        _reserved: &Reservation,
        question: Question,
    ) -> Result<Checked, PoolError> {
        let kept = question.kept.unwrap_or_else(|| self.nothing.clone());
        self.run(cx, move |bench| bench.check(&question.password, &kept, question.renew)).await
    }

    /// Judges a normal password that was checked for its length, and hashes it if it will do.
    pub(crate) async fn make(
        &self,
        cx: &Cx,
        choice: Choice,
        policy: &PasswordPolicy,
    ) -> Result<Result<Secret<String>, Flaw>, PoolError> {
        let Choice { password, owner, places } = choice;
        let policy = policy.clone();
        self.run_in(cx, places, move |bench| {
            match password::check_guesses(&password, &owner, &policy) {
                Ok(()) => bench.make(&password).map(Ok),
                Err(flaw) => Ok(Err(flaw)),
            }
        })
        .await
    }

    /// How pressed the pool is.
    pub(crate) fn pressure(&self) -> HashPressure {
        let shared = &self.shared;
        let load = shared.queue.load();
        HashPressure {
            permits: shared.policy.permits,
            running: load.running,
            waiting: load.waiting,
            capacity: shared.policy.queue,
            hashes_done: shared.hashes_done.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            hash_ns: shared.hash_ns.load(Ordering::Relaxed),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        cx: &Cx,
        work: impl FnOnce(&mut Bench) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PoolError> {
        self.run_in(cx, Places::All, work).await
    }

    async fn run_in<T: Send + 'static>(
        &self,
        cx: &Cx,
        places: Places,
        work: impl FnOnce(&mut Bench) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let shared = &self.shared;
        let queued_ns = shared.clock.monotonic_ns();
        let (sender, receiver) = oneshot::channel();
        let ticket =
            Ticket { work, sender, deadline_ns: cx.deadline.0, shared: Arc::clone(shared) };
        let hash_ns = shared.hash_ns.load(Ordering::Relaxed);
        match shared.queue.offer(Box::new(ticket), places, queued_ns, hash_ns) {
            Offer::Taken => {}
            Offer::StartThread => self.start_thread(),
            Offer::Full(load) => {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                let turns = u64::from(load.waiting / shared.policy.permits) + 1;
                let wait_ms = (hash_ns.saturating_mul(turns) / 1_000_000).max(1_000);
                return Err(PoolError::NotBegun(
                    Refusal::new(Code::Overloaded).retry_after_ms(wait_ms),
                ));
            }
            Offer::Closed => {
                return Err(PoolError::NotBegun(Refusal::new(Code::ShuttingDown)));
            }
        }
        let Ok(done) = receiver.await else {
            // The pool closed, or could not start a thread, or the work panicked (which is logged).
            return Err(PoolError::Failed(Refusal::new(Code::Internal)));
        };
        cx.ledger.add(Phase::HashWait, done.began_ns.saturating_sub(queued_ns));
        cx.ledger.add(Phase::Hash, done.ended_ns.saturating_sub(done.began_ns));
        match done.outcome {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => {
                tracing::error!(request_id = %cx.request_id, %error, "hashing failed");
                Err(PoolError::Failed(Refusal::new(Code::Internal)))
            }
            None => {
                Err(PoolError::NotBegun(Refusal::new(Code::DeadlineExceeded).retry_after_ms(1_000)))
            }
        }
    }

    fn start_thread(&self) {
        let shared = Arc::clone(&self.shared);
        let started =
            std::thread::Builder::new().name("galen-hash".to_owned()).spawn(move || serve(&shared));
        match started {
            Ok(thread) => self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread),
            Err(error) => {
                tracing::error!(%error, "a hashing thread could not be started");
                self.shared.queue.thread_failed();
            }
        }
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.queue.close();
        let threads =
            std::mem::take(self.threads.get_mut().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a hashing thread had panicked");
            }
        }
    }
}

impl Shared {
    /// Takes a measured time into the moving average, an eighth at a time. Threads may overwrite one
    /// another's step; an average does not mind.
    pub(super) fn learn(&self, took_ns: u64) {
        let before = self.hash_ns.load(Ordering::Relaxed);
        let after = if before == 0 { took_ns } else { before - before / 8 + took_ns / 8 };
        self.hash_ns.store(after, Ordering::Relaxed);
    }
}

/// What a hashing thread does until the pool closes.
fn serve(shared: &Shared) {
    step_back(shared.policy.nice);
    let new_bench = || {
        Bench::new(
            params_of(&shared.policy),
            Arc::clone(&shared.entropy),
            Arc::clone(&shared.hashes_done),
        )
    };
    let mut bench = new_bench();
    while let Some(task) = shared.queue.take() {
        if shared.clock.monotonic_ns() > task.deadline_ns() {
            task.expire();
        } else {
            let run = std::panic::AssertUnwindSafe(|| task.run(&mut bench));
            if std::panic::catch_unwind(run).is_err() {
                // The caller learns it from its dropped channel; the bench may be half done.
                tracing::error!("hashing panicked");
                bench = new_bench();
            }
        }
        shared.queue.finished();
    }
}

/// Lowers the priority of the calling thread alone: Linux keeps a nice value for each thread
/// (setpriority(2), "C library/kernel differences").
fn step_back(nice: u8) {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), i32::from(nice)) {
        tracing::warn!(%error, "a hashing thread keeps its ordinary priority");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use galen_core::{Id, RequestId};

    use super::*;
    use galen_testkit::{HandClock, SeededEntropy};

    fn pool(clock: &Arc<HandClock>, queue: u32) -> Arc<HashPool> {
        let policy = HashPolicy { memory_kib: 64, passes: 1, permits: 1, queue, nice: 7 };
        let clock: Arc<dyn Clock> = clock.clone();
        Arc::new(HashPool::new(policy, clock, Arc::new(SeededEntropy::new(1))))
    }

    fn cx(clock: &HandClock, timeout_ms: u64) -> Cx {
        let id = RequestId(Id::from_bytes([1; 16]));
        Cx::live(id, clock, timeout_ms * 1_000_000)
    }

    type Job<T> = tokio::task::JoinHandle<(Result<T, PoolError>, Cx)>;

    /// Hands a piece of work to the pool in a task of its own.
    fn hand<T: Send + 'static>(
        pool: &Arc<HashPool>,
        cx: Cx,
        work: impl FnOnce(&mut Bench) -> Result<T, HashError> + Send + 'static,
    ) -> Job<T> {
        let pool = Arc::clone(pool);
        tokio::spawn(async move {
            let outcome = pool.run(&cx, work).await;
            (outcome, cx)
        })
    }

    /// Occupies the only bench until the sender is dropped or used.
    async fn occupy(pool: &Arc<HashPool>, clock: &HandClock) -> (mpsc::Sender<()>, Job<()>) {
        let (release, wait) = mpsc::channel();
        let job = hand(pool, cx(clock, 60_000), move |_| {
            let _released = wait.recv();
            Ok(())
        });
        until(pool, |pressure| pressure.running == 1).await;
        (release, job)
    }

    async fn until(pool: &HashPool, holds: impl Fn(HashPressure) -> bool) {
        while !holds(pool.pressure()) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_says_when_to_try_again() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 2);
        pool.shared.learn(3_000_000_000);
        let (release, occupied) = occupy(&pool, &clock).await;
        let waiting = [
            hand(&pool, cx(&clock, 60_000), |_| Ok(())),
            hand(&pool, cx(&clock, 60_000), |_| Ok(())),
        ];
        until(&pool, |pressure| pressure.waiting == 2).await;
        let refused = pool.run(&cx(&clock, 60_000), |_| Ok(())).await;
        let Err(PoolError::NotBegun(refusal)) = refused else {
            panic!("it was taken in");
        };
        assert_eq!(refusal.code, Code::Overloaded);
        assert_eq!(refusal.retry_after_ms, Some(9_000), "three turns of three seconds");
        assert_eq!(pool.pressure().refused, 1);
        drop(release);
        occupied.await.expect("joined").0.expect("done");
        for job in waiting {
            job.await.expect("joined").0.expect("done");
        }
    }

    #[tokio::test]
    async fn registrations_leave_half_of_the_waiting_places_to_those_who_sign_in() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 4);
        let (release, occupied) = occupy(&pool, &clock).await;
        let mut waiting = Vec::new();
        for _ in 0..2 {
            waiting.push(hand(&pool, cx(&clock, 60_000), |_| Ok(())));
        }
        until(&pool, |pressure| pressure.waiting == 2).await;
        let refused = pool.run_in(&cx(&clock, 60_000), Places::Half, |_| Ok(())).await;
        assert!(matches!(refused, Err(PoolError::NotBegun(_))), "half of the places are taken");
        waiting.push(hand(&pool, cx(&clock, 60_000), |_| Ok(())));
        until(&pool, |pressure| pressure.waiting == 3).await;
        drop(release);
        occupied.await.expect("joined").0.expect("done");
        for job in waiting {
            job.await.expect("joined").0.expect("done");
        }
    }

    #[tokio::test]
    async fn whoever_has_left_is_skipped_and_leaves_the_place_to_another() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 1);
        let (release, occupied) = occupy(&pool, &clock).await;
        let ran = Arc::new(AtomicU64::new(0));
        let count = |ran: &Arc<AtomicU64>| {
            let ran = Arc::clone(ran);
            move |_: &mut Bench| {
                ran.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        };
        let left = hand(&pool, cx(&clock, 60_000), count(&ran));
        until(&pool, |pressure| pressure.waiting == 1).await;
        left.abort();
        assert!(left.await.is_err());
        let stays = hand(&pool, cx(&clock, 60_000), count(&ran));
        tokio::task::yield_now().await;
        drop(release);
        occupied.await.expect("joined").0.expect("done");
        stays.await.expect("joined").0.expect("done");
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn work_whose_deadline_passed_while_it_waited_is_not_begun() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 4);
        let (release, occupied) = occupy(&pool, &clock).await;
        let late = hand(&pool, cx(&clock, 1_000), |_| Ok(()));
        until(&pool, |pressure| pressure.waiting == 1).await;
        clock.advance_ms(1_001);
        drop(release);
        occupied.await.expect("joined").0.expect("done");
        let (outcome, cx) = late.await.expect("joined");
        let Err(PoolError::NotBegun(refusal)) = outcome else {
            panic!("it was begun");
        };
        assert_eq!(refusal.code, Code::DeadlineExceeded);
        assert_eq!(cx.ledger.snapshot(0).get(Phase::HashWait), 1_001_000_000);
    }

    #[tokio::test]
    async fn work_that_would_come_too_late_is_refused_before_it_waits() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 64);
        pool.shared.learn(1_000_000_000);
        let (release, occupied) = occupy(&pool, &clock).await;
        let refused = pool.run(&cx(&clock, 500), |_| Ok(())).await;
        assert!(matches!(refused, Err(PoolError::NotBegun(_))));
        drop(release);
        occupied.await.expect("joined").0.expect("done");
    }

    #[tokio::test]
    async fn waiting_and_hashing_are_counted_apart_in_the_ledger() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 4);
        let (release, occupied) = occupy(&pool, &clock).await;
        let passing = Arc::clone(&clock);
        let job = hand(&pool, cx(&clock, 60_000), move |_| {
            passing.advance_ms(23);
            Ok(())
        });
        until(&pool, |pressure| pressure.waiting == 1).await;
        clock.advance_ms(40);
        drop(release);
        occupied.await.expect("joined").0.expect("done");
        let (outcome, cx) = job.await.expect("joined");
        outcome.expect("done");
        let spent = cx.ledger.snapshot(0);
        assert_eq!(spent.get(Phase::HashWait), 40_000_000);
        assert_eq!(spent.get(Phase::Hash), 23_000_000);
    }

    #[tokio::test]
    async fn a_panic_costs_one_caller_and_not_the_pool() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 4);
        let cx = cx(&clock, 60_000);
        let broken =
            pool.run(&cx, |_| -> Result<(), HashError> { panic!("broken on purpose") }).await;
        assert!(matches!(broken, Err(PoolError::Failed(_))));
        pool.run(&cx, |_| Ok(())).await.expect("the pool goes on");
        until(&pool, |pressure| pressure.running == 0).await;
    }

    #[tokio::test]
    async fn the_hashing_threads_alone_run_at_lower_priority() {
        let clock = Arc::<HandClock>::default();
        let pool = pool(&clock, 4);
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid()));
        let before = nice().expect("a priority");
        let there = pool.run(&cx(&clock, 60_000), move |_| Ok(nice())).await.expect("done");
        assert_eq!(there, Ok(7));
        let after = rustix::process::getpriority_process(Some(rustix::thread::gettid()));
        assert_eq!(after, Ok(before));
    }
}
