//! Requests that wait for their export: bounded, and offered from the request path without waiting.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use galen_core::RequestRecord;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How many requests wait at the most: five megabytes. What comes beyond is counted and dropped.
const WAITING_MAX: usize = 16_384;
/// How many are exported at once (the SDKs' own default).
pub const BATCH: usize = 512;
/// How long a request waits for the batch to fill.
const BATCH_EVERY: Duration = Duration::from_secs(1);

/// A request that ended.
pub struct Ended {
    /// What is on record of it.
    pub record: RequestRecord,
    /// When it ended, on the monotonic clock, in nanoseconds.
    pub at_ns: u64,
}

/// The queue.
pub struct Queue {
    to: SyncSender<Ended>,
    from: Mutex<Receiver<Ended>>,
    waiting: AtomicUsize,
    lost: AtomicU64,
    batch: Notify,
}

impl Default for Queue {
    fn default() -> Self {
        let (to, from) = sync_channel(WAITING_MAX);
        Self {
            to,
            from: Mutex::new(from),
            waiting: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            batch: Notify::new(),
        }
    }
}

impl Queue {
    /// Takes one in, or counts it as lost when the queue is full. Never waits.
    pub fn offer(&self, ended: Ended) {
        if self.to.try_send(ended).is_err() {
            self.lost.fetch_add(1, Relaxed);
            return;
        }
        // Whoever exports is woken once a batch, not once a request.
        if self.waiting.fetch_add(1, Relaxed).wrapping_add(1) == BATCH {
            self.batch.notify_one();
        }
    }

    /// Waits until there is a batch, or for as long as one may take to fill.
    pub async fn wait(&self) {
        let _the_time_is_over = timeout(BATCH_EVERY, self.batch.notified()).await;
    }

    /// The oldest ones, a batch at the most.
    pub fn take(&self) -> Vec<Ended> {
        let from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<Ended> = from.try_iter().take(BATCH).collect();
        self.waiting.fetch_sub(taken.len(), Relaxed);
        taken
    }

    /// How many were lost since the last look.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use galen_core::{Ledger, RequestId, RequestOutcome};

    use super::*;

    fn ended(at_ns: u64) -> Ended {
        let record = RequestRecord {
            request_id: RequestId::from_bytes([1; 16]),
            trace: None,
            user_id: None,
            route: "/api/me",
            method: "GET",
            status: 200,
            code: None,
            outcome: RequestOutcome::Answered,
            ledger: Ledger::new().snapshot(1),
        };
        Ended { record, at_ns }
    }

    #[test]
    fn the_oldest_come_first_and_what_finds_no_room_is_counted_once() {
        let queue = Queue::default();
        (0..WAITING_MAX as u64 + 7).for_each(|n| queue.offer(ended(n)));
        assert_eq!((queue.take_lost(), queue.take_lost()), (7, 0));
        let first = queue.take();
        assert_eq!((first.len(), first[0].at_ns, first[511].at_ns), (BATCH, 0, 511));
        queue.offer(ended(0));
        assert_eq!(queue.take_lost(), 0, "there is room again");
        let rest = std::iter::from_fn(|| Some(queue.take().len()).filter(|n| *n > 0));
        assert_eq!(rest.sum::<usize>(), WAITING_MAX - BATCH + 1);
    }
}
