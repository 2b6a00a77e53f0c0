//! What can be asked of the monitor's memory, and what it answers.

use galen_core::{LedgerSnapshot, LoggedLine, UnixMs};
use serde::{Deserialize, Serialize};

/// Which series is wanted over which range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesAsk {
    /// The metric's name.
    pub metric: String,
    /// One object; without it all objects of the metric are merged.
    pub object: Option<String>,
    /// From this moment on.
    pub from: UnixMs,
    /// Up to, and without, this moment.
    pub until: UnixMs,
    /// The wanted length of a step in milliseconds; the monitor takes the finest tier that reaches
    /// back far enough, and never gives more than [`SeriesAsk::POINTS_MAX`] points.
    pub step_ms: Option<i64>,
}

impl SeriesAsk {
    /// The most points of a series.
    pub const POINTS_MAX: usize = 1_000;
}

/// One step of a series. Figures are in the metric's unit; where nothing was measured there is no
/// step: a gap is a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When it begins.
    pub at: UnixMs,
    /// How many values, of a counter how many increments it was told.
    pub count: u64,
    /// Their sum; of a counter what was counted.
    pub sum: f64,
    /// The least value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The value that came last, of a gauge.
    pub last: f64,
    /// Of a histogram: half of the values are at or below this one.
    pub p50: Option<f64>,
    /// 95 % are at or below this one.
    pub p95: Option<f64>,
    /// 99 % are at or below this one.
    pub p99: Option<f64>,
}

/// A series, and the whole range merged into one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The metric's name.
    pub metric: String,
    /// Its unit: `ns`, `bytes`, `ratio`, `count`.
    pub unit: String,
    /// Its kind: `histogram`, `counter`, `gauge`.
    pub kind: String,
    /// The object, or nothing when all were merged.
    pub object: Option<String>,
    /// The length of a step in milliseconds.
    pub step_ms: i64,
    /// The steps that hold something, oldest first.
    pub steps: Vec<Step>,
    /// The whole range as one step: its quantiles are those of all values, not a mean of means.
    pub whole: Option<Step>,
    /// How far back this detail reaches; earlier steps may be missing.
    pub reaches_to: Option<UnixMs>,
}

/// By what a list of objects is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopBy {
    /// The sum: who took most in all.
    Sum,
    /// The count.
    Count,
    /// The 95th percentile.
    P95,
    /// The largest value.
    Max,
}

/// A list of a metric's objects over a range, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopAsk {
    /// The metric's name.
    pub metric: String,
    /// From this moment on.
    pub from: UnixMs,
    /// Up to, and without, this moment.
    pub until: UnixMs,
    /// By what.
    pub by: TopBy,
    /// How many at the most.
    pub limit: usize,
}

/// One object of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopRow {
    /// The object.
    pub object: String,
    /// Its figures over the range; `at` is the range's beginning.
    pub figures: Step,
    /// Its share of the sum of all objects, from 0 to 1.
    pub share: f64,
}

/// Errors of one kind: one code on one route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorGroup {
    /// The problem's stable code.
    pub code: String,
    /// The route with its method.
    pub route: String,
    /// How many in the range.
    pub count: u64,
    /// When one was last seen since the start of the process.
    pub last_at: Option<UnixMs>,
    /// The newest one, as an example.
    pub sample: Option<ErrorSample>,
}

/// One request that ended in an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSample {
    /// When.
    pub at: UnixMs,
    /// Which request.
    pub request_id: String,
    /// The status answered; 0 when nothing was.
    pub status: u16,
    /// Where its time went.
    pub ledger: LedgerSnapshot,
}

/// Where the time of slow and failed requests of one route went, over a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteCause {
    /// The route with its method; empty for all together.
    pub route: String,
    /// The named cause, when one phase holds at least half of their wall time: `writer_lock`,
    /// `pool`, `hash_queue`, `disk`, `query:NAME`, `executor`, `outbound`, `cpu`, `client`.
    pub cause: Option<String>,
    /// The phase with the most time.
    pub phase: Option<String>,
    /// Its share of the wall time, from 0 to 1.
    pub share: f64,
    /// The share that no phase explains.
    pub unexplained: f64,
    /// Their wall time together, in nanoseconds.
    pub wall_ns: f64,
}

/// What a page of the log is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines, newest first (oldest first when asked for what came since).
    pub lines: Vec<LoggedLine>,
    /// The `before` of the next page, if there may be one.
    pub next: Option<i64>,
}
