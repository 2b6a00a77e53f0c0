//! The queue in front of the hashing threads: bounded, in order, and blind to whoever has left.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Places;
use super::bench::Bench;

/// A piece of work that waits for a bench.
pub(super) trait Task: Send {
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;
    /// When it stops being worth doing, in nanoseconds on the monotonic clock.
    fn deadline_ns(&self) -> u64;
    /// Does it.
    fn run(self: Box<Self>, bench: &mut Bench);
    /// Says that its deadline passed while it waited.
    fn expire(self: Box<Self>);
}

/// How full the queue and the benches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) running: u32,
    pub(super) waiting: u32,
}

/// What became of offering a task.
pub(super) enum Offer {
    /// It waits; a thread was woken.
    Taken,
    /// It waits, every thread is at work and another may be started: start it.
    StartThread,
    /// It was refused: too many wait, or its turn would come after its deadline.
    Full(Load),
    /// The pool is closing.
    Closed,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Box<dyn Task>>,
    running: u32,
    idle: u32,
    threads: u32,
    closed: bool,
}

/// The queue.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    capacity: usize,
    threads_max: u32,
}

impl Queue {
    pub(super) fn new(capacity: usize, threads_max: u32) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), capacity, threads_max }
    }

    /// The state. A thread that panicked while it held the lock left nothing half done: every change
    /// below is a single step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers a task at `now_ns`, when a hash takes `hash_ns` (0 when that is not known yet).
    pub(super) fn offer(
        &self,
        task: Box<dyn Task>,
        places: Places,
        now_ns: u64,
        hash_ns: u64,
    ) -> Offer {
        let capacity = match places {
            Places::All => self.capacity,
            Places::Half => (self.capacity / 2).max(1),
        };
        let mut state = self.state();
        if state.closed {
            return Offer::Closed;
        }
        if state.tasks.len() >= capacity {
            state.tasks.retain(|task| task.is_wanted());
        }
        let load = load_of(&state);
        let free = self.threads_max.saturating_sub(load.running);
        // A task that must wait is done after those before it, `threads_max` at a time.
        let turns = u64::from(load.waiting + 1).div_ceil(u64::from(self.threads_max));
        let done_at_ns = now_ns.saturating_add(hash_ns.saturating_mul(turns + 1));
        let must_wait = load.waiting >= free;
        if must_wait && (state.tasks.len() >= capacity || done_at_ns > task.deadline_ns()) {
            return Offer::Full(load);
        }
        state.tasks.push_back(task);
        if state.tasks.len() > state.idle as usize && state.threads < self.threads_max {
            state.threads += 1;
            return Offer::StartThread;
        }
        drop(state);
        self.filled.notify_one();
        Offer::Taken
    }

    /// A thread that was to be started was not. When it was the only one, whoever waits for it is
    /// sent away.
    pub(super) fn thread_failed(&self) {
        let mut state = self.state();
        state.threads -= 1;
        if state.threads == 0 {
            state.tasks.clear();
        }
    }

    /// Takes the next task that somebody still waits for, waiting for one to come. `None` when the
    /// pool is closing.
    pub(super) fn take(&self) -> Option<Box<dyn Task>> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            match state.tasks.pop_front() {
                Some(task) if task.is_wanted() => {
                    state.running += 1;
                    return Some(task);
                }
                Some(_) => {}
                None => {
                    state.idle += 1;
                    state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.idle -= 1;
                }
            }
        }
    }

    /// A task that was taken is finished.
    pub(super) fn finished(&self) {
        self.state().running -= 1;
    }

    /// Closes: nobody is taken in any more, and whoever waits is sent away.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.tasks.clear();
        drop(state);
        self.filled.notify_all();
    }

    /// How full it is.
    pub(super) fn load(&self) -> Load {
        load_of(&self.state())
    }
}

fn load_of(state: &State) -> Load {
    Load { running: state.running, waiting: u32::try_from(state.tasks.len()).unwrap_or(u32::MAX) }
}
