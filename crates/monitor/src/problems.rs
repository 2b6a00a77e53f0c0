//! Answers that were a problem, grouped by code and route, each group with its newest one.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use galen_core::{LedgerSnapshot, RequestId, RequestRecord, UnixMs};

use crate::ask::ErrorSample;
use crate::cells::{Counter, Sink, give};
use crate::metric::Metric;
use crate::names::{Key, Names};
use crate::routes::method_and_route;

/// How many groups there may be; what comes beyond is counted as one.
pub(crate) const GROUPS_MAX: usize = 256;

/// The groups, by code, route and method.
pub(crate) type Problems = Names<3, Problem>;

/// One group.
pub(crate) struct Problem {
    object: Arc<str>,
    counter: Counter,
    newest: Mutex<Option<Seen>>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: UnixMs,
    request_id: RequestId,
    status: u16,
    ledger: LedgerSnapshot,
}

impl Problem {
    pub fn new([code, route, method]: Key<3>) -> Self {
        Self {
            object: Arc::from(format!("{code} {}", method_and_route(route, method))),
            counter: Counter::default(),
            newest: Mutex::new(None),
        }
    }

    /// Counts one of them, which ended at `at`.
    pub fn count(&self, record: &RequestRecord, at: UnixMs) {
        self.counter.add(1);
        // Whoever finds the example being written has one that is as new: it need not wait.
        let mut newest = match self.newest.try_lock() {
            Ok(newest) => newest,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let RequestRecord { request_id, status, ledger, .. } = *record;
        *newest = Some(Seen { at, request_id, status, ledger });
    }

    /// What the group is called in the history: its code, method and route.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The newest one since the start of the process.
    pub fn newest(&self) -> Option<ErrorSample> {
        let seen = (*self.newest.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(ErrorSample {
            at: seen.at,
            request_id: seen.request_id.to_string(),
            status: seen.status,
            ledger: seen.ledger,
        })
    }

    pub fn drain(&self, sink: Sink<'_>) {
        give(sink, Metric::Problems, &self.object, self.counter.drain());
    }

    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.object.len()
    }
}
