//! A piece of work on its way to a bench, with the way back to whoever waits for it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::bench::{Bench, HashError};
use super::pool::Shared;
use super::queue::Task;

/// What came of a piece of work, and when.
pub(super) struct Done<T> {
    /// When it was begun, in nanoseconds on the monotonic clock.
    pub(super) began_ns: u64,
    /// When it was finished.
    pub(super) ended_ns: u64,
    /// `None` when the deadline had passed before it was begun.
    pub(super) outcome: Option<Result<T, HashError>>,
}

/// A piece of work with the way back to whoever waits for it.
pub(super) struct Ticket<T, W> {
    pub(super) work: W,
    pub(super) sender: oneshot::Sender<Done<T>>,
    pub(super) deadline_ns: u64,
    pub(super) shared: Arc<Shared>,
}

impl<T, W> Ticket<T, W> {
    /// Gives the outcome to whoever waits; if nobody does any more, there is nothing to do about it.
    fn answer(sender: oneshot::Sender<Done<T>>, done: Done<T>) {
        drop(sender.send(done));
    }
}

impl<T, W> Task for Ticket<T, W>
where
    T: Send,
    W: FnOnce(&mut Bench) -> Result<T, HashError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.sender.is_closed()
    }

    fn deadline_ns(&self) -> u64 {
        self.deadline_ns
    }

    fn run(self: Box<Self>, bench: &mut Bench) {
        let began_ns = self.shared.clock.monotonic_ns();
        let outcome = (self.work)(bench);
        let ended_ns = self.shared.clock.monotonic_ns();
        self.shared.learn(ended_ns.saturating_sub(began_ns));
        let done = Done { began_ns, ended_ns, outcome: Some(outcome) };
        Self::answer(self.sender, done);
    }

    fn expire(self: Box<Self>) {
        let now_ns = self.shared.clock.monotonic_ns();
        let done = Done { began_ns: now_ns, ended_ns: now_ns, outcome: None };
        Self::answer(self.sender, done);
    }
}
