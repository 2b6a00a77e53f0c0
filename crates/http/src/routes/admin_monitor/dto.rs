//! How measurements look from outside.

use galen_core::{LedgerSnapshot, Phase};
use galen_monitor::{Series, Step};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::routes::me::dto::words;
use crate::time::Time;

/// The longest name of an object (a route, a statement) that a query may ask for, in characters.
pub(crate) const OBJECT_CHARS_MAX: usize = 300;

/// The schema of a phase of the ledger.
pub(crate) fn phase_schema() -> Schema {
    words(&Phase::ALL.map(Phase::name))
}

/// One step of a series, or a whole range as one. Figures are in the metric's unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub(crate) struct StepView {
    /// When it begins.
    at: Time,
    /// How many values were measured.
    count: u64,
    /// Their sum; of a counter what was counted.
    sum: f64,
    /// The least value.
    min: f64,
    /// The largest value.
    max: f64,
    /// The value that came last.
    last: f64,
    /// Of a histogram: half of the values are at or below this one.
    p50: Option<f64>,
    /// Of a histogram: 95 % of the values are at or below this one.
    p95: Option<f64>,
    /// Of a histogram: 99 % of the values are at or below this one.
    p99: Option<f64>,
}

impl From<&Step> for StepView {
    fn from(it: &Step) -> Self {
        Self {
            at: it.at.into(),
            count: it.count,
            sum: it.sum,
            min: it.min,
            max: it.max,
            last: it.last,
            p50: it.p50,
            p95: it.p95,
            p99: it.p99,
        }
    }
}

/// A metric over a range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesView<'a> {
    /// The metric's name.
    metric: &'a str,
    /// Its unit: `ns`, `bytes`, `ratio`, `count`.
    unit: &'a str,
    /// Its kind: `histogram`, `counter`, `gauge`.
    kind: &'a str,
    /// The one object, or nothing when all were merged.
    object: Option<&'a str>,
    /// When the range begins.
    from: Time,
    /// When it ends; what is measured then is not in it.
    until: Time,
    /// The length of a step in milliseconds.
    step_ms: i64,
    /// The steps that hold something, oldest first; where nothing was measured there is none.
    steps: Vec<StepView>,
    /// The whole range as one step: its quantiles are those of all values in it.
    whole: Option<StepView>,
    /// How far back this detail reaches; earlier steps may be missing.
    reaches_to: Option<Time>,
}

impl<'a> SeriesView<'a> {
    pub(crate) fn new(it: &'a Series, from: Time, until: Time) -> Self {
        Self {
            metric: &it.metric,
            unit: &it.unit,
            kind: &it.kind,
            object: it.object.as_deref(),
            from,
            until,
            step_ms: it.step_ms,
            steps: it.steps.iter().map(Into::into).collect(),
            whole: it.whole.as_ref().map(Into::into),
            reaches_to: it.reaches_to.map(Time),
        }
    }
}

/// Where the time of one request went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ledger)]
pub(crate) struct LedgerView {
    /// Its wall time, in nanoseconds.
    wall_ns: u64,
    /// What no phase accounts for, in nanoseconds.
    unexplained_ns: u64,
    /// The phases with time in them, in the order a request meets them.
    phases: Vec<PhaseView>,
}

/// Time in one phase.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhaseTime)]
struct PhaseView {
    /// The phase.
    #[schema(schema_with = phase_schema)]
    phase: &'static str,
    /// Time in it, in nanoseconds.
    ns: u64,
}

impl From<&LedgerSnapshot> for LedgerView {
    fn from(it: &LedgerSnapshot) -> Self {
        let phases = it.spent().map(|(phase, ns)| PhaseView { phase: phase.name(), ns });
        Self { wall_ns: it.wall_ns, unexplained_ns: it.unexplained_ns(), phases: phases.collect() }
    }
}

/// An object that was kept as text. It was written as one; a spoiled row is shown as the text it has.
pub(crate) fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
