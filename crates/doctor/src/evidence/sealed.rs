//! Sealed evidence: an immutable set of facts with lookups by key and object.

use std::collections::{BTreeMap, HashMap};

use galen_core::UnixMs;

use super::{Fact, FactId, FactKey, Missing, Value};
use crate::stats;

/// Everything one probing found, closed for ever. No clock, no input or output behind it.
#[derive(Clone, Debug)]
pub struct Evidence {
    facts: Vec<Fact>,
    missing: Vec<Missing>,
    reference_time: UnixMs,
    by_key: HashMap<FactKey, Vec<usize>>,
}

impl Evidence {
    /// Builds the indexes over numbered facts.
    pub fn new(facts: Vec<Fact>, missing: Vec<Missing>, reference_time: UnixMs) -> Self {
        let mut by_key: HashMap<FactKey, Vec<usize>> = HashMap::new();
        for (position, fact) in facts.iter().enumerate() {
            by_key.entry(fact.key).or_default().push(position);
        }
        Self { facts, missing, reference_time, by_key }
    }

    /// "Now" for every judgement on this evidence.
    pub fn reference_time(&self) -> UnixMs {
        self.reference_time
    }

    /// Every fact, by ascending id.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Everything that could not be measured.
    pub fn gaps(&self) -> &[Missing] {
        &self.missing
    }

    /// The id of the last fact, for numbering a second probing.
    pub fn last_id(&self) -> FactId {
        self.facts.last().map_or(FactId(0), |fact| fact.id)
    }

    /// The fact with this id.
    pub fn get(&self, id: FactId) -> Option<&Fact> {
        self.facts.binary_search_by_key(&id, |fact| fact.id).ok().map(|at| &self.facts[at])
    }

    /// Every fact of a kind, in the order taken.
    pub fn all(&self, key: FactKey) -> impl DoubleEndedIterator<Item = &Fact> {
        self.by_key.get(&key).map_or(&[][..], Vec::as_slice).iter().map(|at| &self.facts[*at])
    }

    /// The first fact of a kind, where only one object is meant (the host, the doctor).
    pub fn any(&self, key: FactKey) -> Option<&Fact> {
        self.all(key).next()
    }

    /// The latest fact of a kind about an object.
    pub fn find(&self, key: FactKey, object: &str) -> Option<&Fact> {
        self.all(key).rev().find(|fact| fact.object == object)
    }

    /// A whole number.
    pub fn int(&self, key: FactKey, object: &str) -> Option<i64> {
        match &self.find(key, object)?.value {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Any number: whole, fractional, or the median of samples.
    pub fn number(&self, key: FactKey, object: &str) -> Option<f64> {
        self.find(key, object)?.value.number()
    }

    /// A text.
    pub fn text(&self, key: FactKey, object: &str) -> Option<&str> {
        match &self.find(key, object)?.value {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }

    /// A yes or no.
    pub fn flag(&self, key: FactKey, object: &str) -> Option<bool> {
        match &self.find(key, object)?.value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Several names.
    pub fn list(&self, key: FactKey, object: &str) -> Option<&[String]> {
        match &self.find(key, object)?.value {
            Value::List(value) => Some(value),
            _ => None,
        }
    }

    /// Raw samples.
    pub fn samples(&self, key: FactKey, object: &str) -> Option<&[f64]> {
        match &self.find(key, object)?.value {
            Value::Samples(value) => Some(value),
            _ => None,
        }
    }

    /// How often each label was seen.
    pub fn counts(&self, key: FactKey, object: &str) -> Option<&BTreeMap<String, u64>> {
        match &self.find(key, object)?.value {
            Value::Counts(value) => Some(value),
            _ => None,
        }
    }

    /// The median of samples.
    pub fn median(&self, key: FactKey, object: &str) -> Option<f64> {
        stats::median(self.samples(key, object)?)
    }

    /// The 95th percentile of samples.
    pub fn p95(&self, key: FactKey, object: &str) -> Option<f64> {
        stats::quantile(self.samples(key, object)?, 0.95)
    }

    /// Why a kind of fact about an object is missing, if a probe said so.
    pub fn gap(&self, key: FactKey, object: &str) -> Option<&Missing> {
        self.missing.iter().find(|gap| gap.key == key && gap.object == object)
    }

    /// Why a kind of fact is missing about anything, if a probe said so.
    pub fn any_gap(&self, key: FactKey) -> Option<&Missing> {
        self.missing.iter().find(|gap| gap.key == key)
    }
}
