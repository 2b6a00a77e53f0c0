//! The slowest requests of the last hour with their ledgers: what the doctor asks of a running Galen.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use galen_core::{Clock, LedgerSnapshot, RequestId, RequestRecord, UnixMs};
use serde::{Deserialize, Serialize};

/// How many are kept.
const KEPT: usize = 64;
/// After this long a slow request makes room for newer ones, in milliseconds.
const KEPT_FOR_MS: i64 = 3_600_000;

/// One slow request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlowRequest {
    /// When it ended.
    pub at: UnixMs,
    /// Its name.
    pub request_id: String,
    /// The matched pattern; empty when it matched none.
    pub route: String,
    /// The method.
    pub method: String,
    /// The status answered; 0 when nothing was.
    pub status: u16,
    /// Where its time went.
    pub ledger: LedgerSnapshot,
}

/// A bounded list of the slowest. The hot path pays a load for a request that is not among them, and
/// a look through a few dozen figures for one that is: no texts are made and nothing is sorted before
/// somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Slowest {
    /// A request at or below this wall time would not be kept.
    bar_ns: AtomicU64,
    /// In no order.
    kept: Mutex<Vec<Seen>>,
}

/// A slow request as it is kept.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: UnixMs,
    request_id: RequestId,
    route: &'static str,
    method: &'static str,
    status: u16,
    ledger: LedgerSnapshot,
}

impl Seen {
    fn told(self) -> SlowRequest {
        SlowRequest {
            at: self.at,
            request_id: self.request_id.to_string(),
            route: self.route.to_owned(),
            method: self.method.to_owned(),
            status: self.status,
            ledger: self.ledger,
        }
    }
}

impl Slowest {
    #[inline]
    pub(crate) fn offer(&self, record: &RequestRecord, clock: &dyn Clock) {
        if record.ledger.wall_ns <= self.bar_ns.load(Ordering::Relaxed) {
            return;
        }
        self.take(record, clock.now());
    }

    #[cold]
    fn take(&self, record: &RequestRecord, at: UnixMs) {
        let RequestRecord { request_id, route, method, status, ledger, .. } = *record;
        let seen = Seen { at, request_id, route, method, status, ledger };
        let mut kept = self.kept();
        if kept.len() < KEPT {
            kept.push(seen);
        } else if let Some(least) = kept.iter_mut().min_by_key(|seen| seen.ledger.wall_ns)
            && least.ledger.wall_ns < ledger.wall_ns
        {
            *least = seen;
        }
        self.set_bar(&kept);
    }

    /// The slowest, slowest first.
    pub(crate) fn list(&self, now: UnixMs) -> Vec<SlowRequest> {
        let mut kept = self.kept();
        self.age(&mut kept, now);
        let mut slowest = kept.clone();
        drop(kept);
        slowest.sort_by_key(|seen| Reverse(seen.ledger.wall_ns));
        slowest.into_iter().map(Seen::told).collect()
    }

    /// Lets go of what is too old, so that a burst of very slow requests does not keep the slow ones
    /// of a later hour out. To be called with each window.
    pub(crate) fn sweep(&self, now: UnixMs) {
        self.age(&mut self.kept(), now);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Seen>> {
        // A poisoned lock means that keeping one panicked; the others are still worth having.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self, kept: &mut Vec<Seen>, now: UnixMs) {
        kept.retain(|seen| now.since_ms(seen.at) < KEPT_FOR_MS);
        self.set_bar(kept);
    }

    fn set_bar(&self, kept: &[Seen]) {
        let least = kept.iter().map(|seen| seen.ledger.wall_ns).min();
        let bar_ns = if kept.len() < KEPT { 0 } else { least.unwrap_or(0) };
        self.bar_ns.store(bar_ns, Ordering::Relaxed);
    }
}
