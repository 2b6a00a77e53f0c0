//! Alerts as they are shown and delivered: one a cause, with the symptoms below it.

use galen_core::{AlertId, UnixMs};
use serde::{Deserialize, Serialize};

/// Where a rule's life stands, apart from whether it can be judged at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Below the threshold.
    #[default]
    Normal,
    /// Above it, for less than the pending period.
    Pending,
    /// Above it for longer.
    Firing,
    /// Below it again, for less than the keep-firing period.
    Recovering,
}

/// Whether a rule can be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleHealth {
    /// It can.
    #[default]
    Ok,
    /// What it looks at was not measured.
    NoData,
    /// It could not be judged.
    Error,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look by day.
    Warning,
    /// Users are affected.
    Critical,
}

/// One symptom below an alert: a rule on an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symptom {
    /// The rule's code.
    pub rule: String,
    /// The object (a route, a statement); empty for the whole.
    pub object: String,
    /// Where it stands.
    pub state: AlertState,
    /// Whether it can be judged just now; without data the state stays as it was for ten minutes.
    #[serde(default)]
    pub health: RuleHealth,
    /// The value that was judged last, in the rule's unit.
    pub value: f64,
    /// The threshold.
    pub threshold: f64,
    /// The unit of both: `s`, `ratio`, `count`, `bytes`.
    pub unit: String,
    /// Since when it has been above.
    pub since: UnixMs,
}

/// An alert: one occurrence of one cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// The cause: `writer_lock`, `query:NAME`, `route:GET /x`, `rule:CODE`, …
    pub cause: String,
    /// Whether the ledger or the canary named the cause; otherwise it is the symptom's own name.
    pub is_measured: bool,
    /// How bad the worst symptom is.
    pub severity: Severity,
    /// Where it stands: that of its furthest symptom.
    pub state: AlertState,
    /// When the first symptom began.
    pub began_at: UnixMs,
    /// When it began to fire.
    pub fired_at: UnixMs,
    /// When it was over.
    pub resolved_at: Option<UnixMs>,
    /// Whether a symptom of it ended only because nothing was measured any more, not because it was
    /// seen to be good again.
    #[serde(default)]
    pub ended_without_data: bool,
    /// Who holds the resource, when the canary found out: `PID 4711 (sqlite3 dev.db)`.
    pub holder: Option<String>,
    /// The symptoms, the first one first.
    pub symptoms: Vec<Symptom>,
    /// Until when it is silenced, if it is.
    pub silenced_until: Option<UnixMs>,
    /// Whether the admins were told that it fires.
    pub told_firing: bool,
    /// Whether they were told that it is over.
    pub told_resolved: bool,
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

/// A message to be delivered. It is given again with every tick until [`crate::Monitor::delivered`]
/// is told that it was; the key makes a second delivery harmless.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The alert.
    pub alert: Alert,
    /// What to tell of it.
    pub telling: Telling,
    /// The key under which it is published once.
    pub key: String,
}

/// A rule as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its code.
    pub code: String,
    /// What it says, as a sentence with its numbers: `95 % of a route's requests take less than 5 s`.
    pub sentence: String,
    /// The unit of its threshold.
    pub unit: String,
    /// Whether values above the threshold are bad (else those below).
    pub above: bool,
    /// The threshold in force.
    pub threshold: f64,
    /// Its default.
    pub threshold_default: f64,
    /// The value at which a firing one begins to recover (hysteresis).
    pub clears_at: f64,
    /// How long it must be bad before it fires, in seconds.
    pub pending_s: u32,
    /// How long it must be good again before it is over, in seconds.
    pub keep_s: u32,
    /// Over how long it looks back, in seconds.
    pub window_s: u32,
    /// How many values it needs before it judges.
    pub min_count: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What its objects are: `route`, `query`, `check`; empty when it judges the whole.
    pub per: String,
    /// Whether it is judged.
    pub enabled: bool,
    /// Whether an admin changed it.
    pub changed: bool,
    /// Objects it is changed for.
    pub overrides: Vec<galen_core::model::RuleChange>,
    /// Whether it can be judged.
    pub health: RuleHealth,
    /// The furthest state of its objects.
    pub state: AlertState,
    /// The worst value now, and whose.
    pub worst: Option<(String, f64)>,
    /// How many objects were not judged at the last tick, because there are more than the judge
    /// looks at; those it looks at are the worst ones.
    pub unjudged: u64,
}

/// What a rule would have done over a stretch of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePreview {
    /// How often it would have fired.
    pub times: u32,
    /// When it would have begun to fire and been over; the newest last, at most a hundred.
    pub spans: Vec<(UnixMs, Option<UnixMs>)>,
    /// From when to when the history was looked at.
    pub from: UnixMs,
    /// Up to when.
    pub until: UnixMs,
    /// How fine, in milliseconds.
    pub step_ms: i64,
}
