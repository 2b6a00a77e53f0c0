//! One fact, its value, where it came from, and its opposite: what could not be measured.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use galen_core::UnixMs;
use serde::{Deserialize, Serialize};

use super::FactKey;
use crate::stats;

/// The number of a fact within one report, printed as `E1`, `E2`, …; given when the evidence is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub u32);

impl fmt::Display for FactId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "E{}", self.0)
    }
}

impl Serialize for FactId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FactId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.strip_prefix('E')
            .and_then(|digits| digits.parse().ok())
            .map(FactId)
            .ok_or_else(|| serde::de::Error::custom("a fact id looks like E12"))
    }
}

/// What was measured. The unit belongs to the key ([`FactKey::unit`]), never to the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// A whole number: a count, bytes, nanoseconds, a PID.
    Int(i64),
    /// A measured quantity that is not whole.
    Float(f64),
    /// A name, a path, a state; already redacted.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// Several names, in a meaningful order (a stack: innermost first).
    List(Vec<String>),
    /// Every single measurement, in the order taken; the raw material of medians and intervals.
    Samples(Vec<f64>),
    /// How often each label was seen, over [`Draft::n`] looks.
    Counts(BTreeMap<String, u64>),
}

impl Value {
    /// The value as one number: an integer, a float, or the median of samples.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Samples(samples) => stats::median(samples),
            Self::Text(_) | Self::Bool(_) | Self::List(_) | Self::Counts(_) => None,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::List(value)
    }
}

impl From<Vec<f64>> for Value {
    fn from(value: Vec<f64>) -> Self {
        Self::Samples(value)
    }
}

impl From<BTreeMap<String, u64>> for Value {
    fn from(value: BTreeMap<String, u64>) -> Self {
        Self::Counts(value)
    }
}

/// Where a fact came from, precise enough for a reader to look again without the doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The probe's name, e.g. `waiting_rooms`.
    pub probe: String,
    /// The file, SQL text or system call that was read, e.g. `/proc/31860/task/31860/syscall`.
    pub from: String,
    /// A command a person can type to see the same, e.g. `sudo cat /proc/31860/syscall`.
    pub repeat: String,
}

impl Source {
    /// A source in one line.
    pub fn new(probe: &str, from: impl Into<String>, repeat: impl Into<String>) -> Self {
        Self { probe: probe.to_owned(), from: from.into(), repeat: repeat.into() }
    }
}

/// A fact before it has a number: what probes push, and what child processes send over their pipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Which kind of fact.
    pub key: FactKey,
    /// What it is about, built with [`super::object`]: a PID, a thread, a path, a table, a URL.
    pub object: String,
    /// What was measured.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
    /// When it was taken (the end of the window, for samples).
    pub taken_at: UnixMs,
    /// How many looks or requests the value rests on; 1 for a single reading.
    pub n: u64,
}

impl Draft {
    /// A draft of a single reading (`n` = 1); samples and counts set their own `n`.
    pub fn new(
        key: FactKey,
        object: impl Into<String>,
        value: impl Into<Value>,
        source: Source,
        taken_at: UnixMs,
    ) -> Self {
        let value = value.into();
        let n = match &value {
            Value::Samples(samples) => samples.len() as u64,
            Value::Counts(counts) => counts.values().sum(),
            _ => 1,
        };
        Self { key, object: object.into(), value, source, taken_at, n }
    }

    /// The same draft resting on `n` looks.
    #[must_use]
    pub fn over(mut self, n: u64) -> Self {
        self.n = n;
        self
    }
}

/// One sealed fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its number in this report.
    pub id: FactId,
    /// What was measured, where and when.
    #[serde(flatten)]
    pub draft: Draft,
}

impl std::ops::Deref for Fact {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.draft
    }
}

/// A fact that could not be taken, and the right or instrument that was missing for it.
///
/// Missing evidence lowers what can be said; it never counts against the examined program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which kind of fact.
    pub key: FactKey,
    /// What it would have been about.
    pub object: String,
    /// The right or instrument that was missing, as a sentence without a full stop.
    pub reason: String,
}
