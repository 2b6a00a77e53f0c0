//! How alerts, rules and silences look from outside, and how a rule is changed.

use galen_core::model::{RuleChange, Silence};
use galen_core::{AlertId, Code, ExaminationId, FieldError, Refusal, SilenceId, UserId};
use galen_monitor::{Alert, AlertState, RuleHealth, RuleView as Rule, Severity, Symptom};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::app::App;
use crate::routes::admin_monitor::dto::OBJECT_CHARS_MAX;
use crate::routes::me::dto::words;
use crate::time::Time;

/// The schema of where a rule's life stands.
pub(super) fn state_schema() -> Schema {
    words(&["normal", "pending", "firing", "recovering"])
}

/// The schema of how bad it is.
pub(super) fn severity_schema() -> Schema {
    words(&["warning", "critical"])
}

fn rule_health_schema() -> Schema {
    words(&["ok", "no_data", "error"])
}

/// An alert: one occurrence of one cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(super) struct AlertView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: AlertId,
    /// The cause: `writer_lock`, `query:NAME`, `route:GET /x`, `rule:CODE`.
    cause: &'a str,
    /// Whether the cause was measured; otherwise it is the symptom's own name.
    measured: bool,
    /// How bad the worst symptom is.
    #[schema(schema_with = severity_schema)]
    severity: Severity,
    /// Where it stands.
    #[schema(schema_with = state_schema)]
    state: AlertState,
    /// When the first symptom began.
    began_at: Time,
    /// When it began to fire.
    fired_at: Time,
    /// When it was over.
    resolved_at: Option<Time>,
    /// Who holds the resource, when that was found out.
    holder: Option<&'a str>,
    /// The symptoms, the first one first.
    symptoms: Vec<SymptomView<'a>>,
    /// Until when it is silenced, if it is.
    silenced_until: Option<Time>,
    /// The examination that was begun because of it: `GET /api/admin/examinations/{id}`.
    #[schema(value_type = Option<String>, format = "uuid")]
    examination: Option<ExaminationId>,
    /// Whether the admins were told that it fires.
    told_firing: bool,
    /// Whether they were told that it is over.
    told_resolved: bool,
}

/// One symptom below an alert: a rule on an object.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Symptom)]
struct SymptomView<'a> {
    /// The rule's code.
    rule: &'a str,
    /// The object (a route, a statement); empty for the whole.
    object: &'a str,
    /// Where it stands.
    #[schema(schema_with = state_schema)]
    state: AlertState,
    /// The value that was judged last, in `unit`.
    value: f64,
    /// The threshold, in `unit`.
    threshold: f64,
    /// The unit of both: `s`, `ratio`, `count`, `bytes`.
    unit: &'a str,
    /// Since when.
    since: Time,
}

impl<'a> From<&'a Symptom> for SymptomView<'a> {
    fn from(it: &'a Symptom) -> Self {
        Self {
            rule: &it.rule,
            object: &it.object,
            state: it.state,
            value: it.value,
            threshold: it.threshold,
            unit: &it.unit,
            since: it.since.into(),
        }
    }
}

impl<'a> AlertView<'a> {
    /// The alerts, each with the examination it began.
    pub(super) fn all(alerts: &'a [Alert], app: &App) -> Vec<Self> {
        alerts.iter().map(|it| Self::new(it, app.examiner.of_alert(it.id))).collect()
    }

    fn new(it: &'a Alert, examination: Option<ExaminationId>) -> Self {
        Self {
            id: it.id,
            cause: &it.cause,
            measured: it.is_measured,
            severity: it.severity,
            state: it.state,
            began_at: it.began_at.into(),
            fired_at: it.fired_at.into(),
            resolved_at: it.resolved_at.map(Time),
            holder: it.holder.as_deref(),
            symptoms: it.symptoms.iter().map(Into::into).collect(),
            silenced_until: it.silenced_until.map(Time),
            examination,
            told_firing: it.told_firing,
            told_resolved: it.told_resolved,
        }
    }
}

/// A rule as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub(super) struct RuleView<'a> {
    /// Its code.
    code: &'a str,
    /// What it says, with its numbers.
    sentence: &'a str,
    /// The unit of its threshold: `s`, `ratio`, `count`, `bytes`.
    unit: &'a str,
    /// Whether values above the threshold are bad; else those below.
    above: bool,
    /// The threshold in force.
    threshold: f64,
    /// Its default.
    threshold_default: f64,
    /// The value at which one that fires begins to recover.
    clears_at: f64,
    /// How long it must be bad before it fires, in seconds.
    pending_s: u32,
    /// How long it must be good again before it is over, in seconds.
    keep_s: u32,
    /// Over how long it looks back, in seconds.
    window_s: u32,
    /// How many values it needs before it judges.
    min_count: u64,
    /// How bad it is.
    #[schema(schema_with = severity_schema)]
    severity: Severity,
    /// What its objects are: `route`, `query`, `check`; empty when it judges the whole.
    per: &'a str,
    /// Whether it is judged.
    enabled: bool,
    /// Whether an admin changed it.
    changed: bool,
    /// Objects it is changed for.
    overrides: Vec<OverrideView<'a>>,
    /// Whether it can be judged.
    #[schema(schema_with = rule_health_schema)]
    health: RuleHealth,
    /// The furthest state of its objects.
    #[schema(schema_with = state_schema)]
    state: AlertState,
    /// The worst value now, and whose it is.
    worst: Option<WorstView<'a>>,
}

/// How a rule was changed for one object.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleOverride)]
struct OverrideView<'a> {
    /// The object.
    object: &'a str,
    /// Whether the rule is judged for it.
    enabled: bool,
    /// Its threshold, when it is another.
    threshold: Option<f64>,
    /// Its pending period in seconds, when it is another.
    pending_s: Option<u32>,
}

/// The worst value of a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleWorst)]
struct WorstView<'a> {
    /// Whose it is; empty for the whole.
    object: &'a str,
    /// The value, in the rule's unit.
    value: f64,
}

impl<'a> From<&'a RuleChange> for OverrideView<'a> {
    fn from(it: &'a RuleChange) -> Self {
        Self {
            object: &it.object,
            enabled: it.enabled,
            threshold: it.threshold,
            pending_s: it.pending_s,
        }
    }
}

impl<'a> From<&'a Rule> for RuleView<'a> {
    fn from(it: &'a Rule) -> Self {
        let worst = it.worst.as_ref();
        Self {
            code: &it.code,
            sentence: &it.sentence,
            unit: &it.unit,
            above: it.above,
            threshold: it.threshold,
            threshold_default: it.threshold_default,
            clears_at: it.clears_at,
            pending_s: it.pending_s,
            keep_s: it.keep_s,
            window_s: it.window_s,
            min_count: it.min_count,
            severity: it.severity,
            per: &it.per,
            enabled: it.enabled,
            changed: it.changed,
            overrides: it.overrides.iter().map(Into::into).collect(),
            health: it.health,
            state: it.state,
            worst: worst.map(|(object, value)| WorstView { object, value: *value }),
        }
    }
}

/// How a rule is to be changed, in place of an earlier change for the same object. What is left out
/// is as the rule's default has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleForm {
    /// The one object (a route, a statement) it is changed for; without it for all.
    #[serde(default)]
    #[schema(max_length = 300)]
    object: String,
    /// Whether it is judged at all; it is when nothing is said.
    #[serde(default = "yes")]
    enabled: bool,
    /// Another threshold, in the rule's unit.
    threshold: Option<f64>,
    /// Another pending period, in seconds.
    pending_s: Option<u32>,
}

const fn yes() -> bool {
    true
}

impl RuleForm {
    /// The change of the rule with this code. Whether such a rule can be changed so, the monitor says.
    pub(super) fn read(self, rule: String) -> Result<RuleChange, Refusal> {
        line("/object", &self.object, 0, OBJECT_CHARS_MAX).map_err(|e| Refusal::fields(vec![e]))?;
        let Self { object, enabled, threshold, pending_s } = self;
        Ok(RuleChange { rule, object, enabled, threshold, pending_s })
    }
}

/// Checks that a text is one line of so many characters.
pub(super) fn line(at: &str, text: &str, min: usize, max: usize) -> Result<(), FieldError> {
    let wrong = |code, detail| Err(FieldError { pointer: at.to_owned(), code, detail });
    if !(min..=max).contains(&text.chars().count()) {
        return wrong(Code::FieldLength, format!("{min} to {max} characters."));
    }
    if text.chars().any(char::is_control) {
        return wrong(Code::FieldFormat, "One line, without control characters.".to_owned());
    }
    Ok(())
}

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Silence)]
pub(super) struct SilenceView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: SilenceId,
    /// What it matches: a cause, a rule's code, or `*` for everything.
    matches: &'a str,
    /// Why.
    reason: &'a str,
    /// Since when.
    created_at: Time,
    /// Until when.
    ends_at: Time,
    /// Who set it; nobody for the command line.
    #[schema(value_type = Option<String>, format = "uuid")]
    created_by: Option<UserId>,
}

impl<'a> From<&'a Silence> for SilenceView<'a> {
    fn from(it: &'a Silence) -> Self {
        Self {
            id: it.id,
            matches: &it.matches,
            reason: &it.reason,
            created_at: it.created_at.into(),
            ends_at: it.ends_at.into(),
            created_by: it.created_by,
        }
    }
}
