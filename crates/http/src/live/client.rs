//! One open stream: what waits to be written to it, within limits, and how it is ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use galen_account::Caller;
use galen_core::{Seq, UnixMs};

use super::event::{self, Bye};
use super::topics::{Topic, Topics};

/// The most events that wait for one reader, and the most bytes: a reader that is slower is cut, and
/// resumes from the store.
const EVENTS_MAX: usize = 64;
const BYTES_MAX: usize = 256 * 1024;

/// An event for a stream: its place, if it has one, and its bytes, which many streams share.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) seq: Option<Seq>,
    pub(super) bytes: Bytes,
}

/// One open stream.
pub(crate) struct Client {
    /// Who reads it, as of its opening.
    pub(super) caller: Arc<Caller>,
    /// What it wants to hear of.
    pub(super) topics: Topics,
    /// Its number: the order of opening.
    pub(super) number: u64,
    /// When its session is to be looked at again, in milliseconds since 1970.
    look_at: AtomicI64,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// What was published up to here is written already: events with a place up to it are dropped.
    /// Nothing, as long as what was missed is being read.
    after: Option<Seq>,
    events: VecDeque<Event>,
    bytes: usize,
    /// Nothing comes after what waits.
    is_over: bool,
    waker: Option<Waker>,
}

impl Client {
    pub(super) fn new(caller: Arc<Caller>, topics: Topics, number: u64) -> Self {
        let look_at = AtomicI64::new(caller.session.expires_at.0);
        Self { caller, topics, number, look_at, queue: Mutex::default() }
    }

    /// A thread that panicked while it held the lock left plain values.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hears(&self, topic: Topic) -> bool {
        self.topics.has(topic)
    }

    /// Whether its session is to be looked at.
    pub(super) fn is_due(&self, now: UnixMs) -> bool {
        self.look_at.load(Ordering::Relaxed) <= now.0
    }

    pub(super) fn look_at(&self, moment: UnixMs) {
        self.look_at.store(moment.0, Ordering::Relaxed);
    }

    /// Everything up to this place was written with the stream's head: from here on it is live.
    pub(crate) fn goes_on_after(&self, seq: Seq) {
        let mut queue = self.queue();
        queue.after = Some(seq);
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// Adds an event. Gives `false` when the reader is too slow: then it is cut.
    pub(super) fn push(&self, event: &Event) -> bool {
        let mut queue = self.queue();
        if queue.is_over {
            return true;
        }
        let is_full =
            queue.events.len() >= EVENTS_MAX || queue.bytes + event.bytes.len() > BYTES_MAX;
        if is_full {
            end(&mut queue, Bye::SlowReader);
        } else {
            queue.bytes += event.bytes.len();
            queue.events.push_back(event.clone());
        }
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
        !is_full
    }

    /// Adds a sign of life, when nothing else waits.
    pub(super) fn beat(&self) {
        let is_idle = {
            let queue = self.queue();
            queue.events.is_empty() && !queue.is_over
        };
        if is_idle {
            self.push(&Event { seq: None, bytes: event::HEARTBEAT });
        }
    }

    /// Ends it: what waits is dropped, and the reader is told why.
    pub(crate) fn end(&self, bye: Bye) {
        let mut queue = self.queue();
        if !queue.is_over {
            end(&mut queue, bye);
        }
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// The next bytes to write; nothing when it is over.
    pub(super) fn poll_next(&self, task: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue();
        while queue.after.is_some() || queue.is_over {
            let Some(next) = queue.events.pop_front() else { break };
            queue.bytes -= next.bytes.len();
            if queue.events.is_empty() {
                // An idle stream keeps no room for what once waited.
                queue.events = VecDeque::new();
            }
            let is_written = next.seq.is_some_and(|seq| queue.after.is_some_and(|at| seq <= at));
            if !is_written {
                return Poll::Ready(Some(next.bytes));
            }
        }
        if queue.is_over && queue.events.is_empty() {
            return Poll::Ready(None);
        }
        queue.waker = Some(task.waker().clone());
        Poll::Pending
    }
}

fn end(queue: &mut Queue, bye: Bye) {
    let bytes = event::bye(bye);
    queue.bytes = bytes.len();
    queue.events = VecDeque::from([Event { seq: None, bytes }]);
    queue.is_over = true;
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
