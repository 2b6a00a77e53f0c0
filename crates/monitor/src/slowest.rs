//! The slowest requests of the last hour with their ledgers: what the doctor asks of a running Galen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use galen_core::{Clock, LedgerSnapshot, RequestRecord, UnixMs};
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

/// A bounded list of the slowest. The hot path pays a load for a request that is not among them.
#[derive(Debug, Default)]
pub(crate) struct Slowest {
    /// A request at or below this wall time would not be kept.
    bar_ns: AtomicU64,
    kept: Mutex<Vec<SlowRequest>>,
}

impl Slowest {
    #[inline]
    pub(crate) fn offer(&self, record: &RequestRecord, clock: &dyn Clock) {
        if record.ledger.wall_ns <= self.bar_ns.load(Ordering::Relaxed) {
            return;
        }
        self.take(record, clock);
    }

    #[cold]
    fn take(&self, record: &RequestRecord, clock: &dyn Clock) {
        let now = clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.age(&mut kept, now);
        if record.ledger.wall_ns <= self.bar_ns.load(Ordering::Relaxed) {
            return;
        }
        kept.push(SlowRequest {
            at: now,
            request_id: record.request_id.to_string(),
            route: record.route.to_owned(),
            method: record.method.to_owned(),
            status: record.status,
            ledger: record.ledger,
        });
        kept.sort_by_key(|slow| std::cmp::Reverse(slow.ledger.wall_ns));
        kept.truncate(KEPT);
        self.set_bar(&kept);
    }

    /// The slowest, slowest first.
    pub(crate) fn list(&self, now: UnixMs) -> Vec<SlowRequest> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.age(&mut kept, now);
        kept.clone()
    }

    /// Lets go of what is too old, so that a burst of very slow requests does not keep the slow ones
    /// of a later hour out. To be called with each window.
    pub(crate) fn sweep(&self, now: UnixMs) {
        self.age(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner), now);
    }

    fn age(&self, kept: &mut Vec<SlowRequest>, now: UnixMs) {
        kept.retain(|slow| now.since_ms(slow.at) < KEPT_FOR_MS);
        self.set_bar(kept);
    }

    fn set_bar(&self, kept: &[SlowRequest]) {
        let bar_ns = kept.get(KEPT - 1).map_or(0, |last| last.ledger.wall_ns);
        self.bar_ns.store(bar_ns, Ordering::Relaxed);
    }
}
