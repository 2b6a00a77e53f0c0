//! The collector: where probes push what they saw, concurrently, until it is sealed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use galen_core::UnixMs;

use super::{Draft, Evidence, Fact, FactId, FactKey, Missing};

/// How many facts one examination keeps; what comes after is counted and reported as missing.
pub const FACTS_MAX: usize = 20_000;

/// Gathers drafts and gaps from concurrent probes.
#[derive(Debug, Default)]
pub struct Collector {
    inner: Mutex<Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    drafts: Vec<Draft>,
    missing: Vec<Missing>,
    dropped: u64,
}

impl Collector {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps one draft.
    pub fn push(&self, draft: Draft) {
        let mut gathered = self.lock();
        if gathered.drafts.len() < FACTS_MAX {
            gathered.drafts.push(draft);
        } else {
            gathered.dropped += 1;
        }
    }

    /// Keeps several drafts under one lock.
    pub fn extend(&self, drafts: impl IntoIterator<Item = Draft>) {
        for draft in drafts {
            self.push(draft);
        }
    }

    /// Records that a fact could not be taken, once per key and object.
    pub fn missing(&self, key: FactKey, object: impl Into<String>, reason: impl Into<String>) {
        let gap = Missing { key, object: object.into(), reason: reason.into() };
        let mut gathered = self.lock();
        if gathered.missing.len() < FACTS_MAX && !gathered.missing.contains(&gap) {
            gathered.missing.push(gap);
        }
    }

    /// What probes have pushed so far under a key; lets a later probe build on an earlier one.
    pub fn so_far(&self, key: FactKey) -> Vec<Draft> {
        self.lock().drafts.iter().filter(|draft| draft.key == key).cloned().collect()
    }

    /// Closes the collection: facts are numbered from `E1` in the order they were taken.
    pub fn seal(self, reference_time: UnixMs) -> Evidence {
        self.seal_after(FactId(0), reference_time)
    }

    /// Closes the collection, numbering after `last`, so that a second probing in the same
    /// report does not reuse an id.
    pub fn seal_after(self, last: FactId, reference_time: UnixMs) -> Evidence {
        let mut gathered = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        gathered.drafts.sort_by(|a, b| {
            (a.taken_at.0, a.key, &a.object).cmp(&(b.taken_at.0, b.key, &b.object))
        });
        let facts = gathered
            .drafts
            .into_iter()
            .zip(last.0 + 1..)
            .map(|(draft, number)| Fact { id: FactId(number), draft })
            .collect();
        if gathered.dropped > 0 {
            gathered.missing.push(Missing {
                key: FactKey::DoctorFactsDropped,
                object: "doctor".to_owned(),
                reason: format!("{} facts beyond the limit of {FACTS_MAX}", gathered.dropped),
            });
        }
        Evidence::new(facts, gathered.missing, reference_time)
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
