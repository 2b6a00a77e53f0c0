//! How examinations look from outside: codes and parameters, and the words in every language.

use std::collections::BTreeMap;

use galen_core::examinations::{
    BegunBy, Examination, ExaminationState, ExaminationStep, HeadlineLine, OrderedRepair,
};
use galen_core::post::Language;
use galen_core::{AlertId, Code, ExaminationId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::caller::Anybody;
use crate::extract::Query;
use crate::fault::Fault;
use crate::routes::me::dto::words;
use crate::time::Time;

fn state_schema() -> Schema {
    words(&ExaminationState::ALL.map(ExaminationState::name))
}

fn begun_by_schema() -> Schema {
    words(&["admin", "alert"])
}

fn outcome_schema() -> Schema {
    words(&["healthy", "finding", "inconclusive", "repaired"])
}

fn result_schema() -> Schema {
    words(&["proven", "undone", "without_effect", "declined", "failed", "not_offered"])
}

/// An examination, without its report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Examination)]
pub(super) struct ExaminationView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: ExaminationId,
    /// What is examined: `self` for this installation, or the name of a configured target.
    target: &'a str,
    /// Where it stands.
    #[schema(schema_with = state_schema)]
    state: ExaminationState,
    /// Whether an admin began it or an alert.
    #[schema(schema_with = begun_by_schema)]
    begun_by: &'static str,
    /// The admin, when it was one.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// The alerts it is attached to: the one that began it, and those that fired while it was open.
    #[schema(value_type = Vec<String>)]
    alerts: &'a [AlertId],
    /// When it was ordered.
    ordered_at: Time,
    /// When it began.
    began_at: Option<Time>,
    /// When it was over.
    ended_at: Option<Time>,
    /// How long it took, in milliseconds.
    took_ms: Option<i64>,
    /// The verdict, once it is done.
    #[schema(schema_with = outcome_schema)]
    outcome: Option<&'a str>,
    /// The verdict's lines.
    headline: Vec<HeadlineView<'a>>,
    /// The causes that are named, by their numbers, the greatest first.
    causes: &'a [String],
    /// The repair it was ordered to carry out, if it was.
    repair: Option<OrderedView<'a>>,
    /// Why there is no report, as a code: `examination.interrupted`, `examination.deadline`,
    /// `examination.broke`, `target.unusable`, ….
    failure: Option<&'a str>,
}

/// A line of a verdict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeadlineLine)]
struct HeadlineView<'a> {
    /// Its code.
    code: &'a str,
    /// Its parameters, as in the report.
    #[schema(value_type = Object)]
    params: Value,
    /// The same in words, by the tag of the language: `en`, `fa`.
    text: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a HeadlineLine> for HeadlineView<'a> {
    fn from(line: &'a HeadlineLine) -> Self {
        // It was written by us; a broken one shows as none.
        let params = serde_json::from_str(&line.params).unwrap_or_default();
        Self { code: &line.code, params, text: &line.text }
    }
}

/// A repair that was ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderedRepair)]
struct OrderedView<'a> {
    /// Its name.
    repair: &'a str,
    /// The examination whose report offered it.
    #[schema(value_type = String, format = "uuid")]
    of: ExaminationId,
    /// What became of it; nothing while it goes on. `not_offered`: a fresh look did not find the cause
    /// any more, so nothing was changed.
    #[schema(schema_with = result_schema)]
    result: Option<&'a str>,
}

impl<'a> From<&'a OrderedRepair> for OrderedView<'a> {
    fn from(it: &'a OrderedRepair) -> Self {
        Self { repair: &it.id, of: it.of, result: it.result.as_deref() }
    }
}

impl<'a> From<&'a Examination> for ExaminationView<'a> {
    fn from(it: &'a Examination) -> Self {
        let (begun_by, user_id) = match it.begun_by {
            BegunBy::Admin { user } => ("admin", Some(user)),
            BegunBy::Alert => ("alert", None),
        };
        let took_ms = it.began_at.zip(it.ended_at).map(|(began, ended)| ended.since_ms(began));
        Self {
            id: it.id,
            target: &it.target,
            state: it.state,
            begun_by,
            user_id,
            alerts: &it.alerts,
            ordered_at: it.ordered_at.into(),
            began_at: it.began_at.map(Time),
            ended_at: it.ended_at.map(Time),
            took_ms,
            outcome: it.outcome.as_deref(),
            headline: it.headline.iter().map(Into::into).collect(),
            causes: &it.causes,
            repair: it.repair.as_ref().map(Into::into),
            failure: it.failure.as_deref(),
        }
    }
}

/// A step of an examination that goes on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExaminationStep)]
pub(super) struct StepView<'a> {
    /// When it began.
    at: Time,
    /// The stage: `discover`, `probe`, `inspect`, `judge`, `repair`, `prove`, `report`.
    stage: &'a str,
    /// What is done, in a few words.
    detail: &'a str,
}

impl<'a> From<&'a ExaminationStep> for StepView<'a> {
    fn from(it: &'a ExaminationStep) -> Self {
        Self { at: it.at.into(), stage: &it.stage, detail: &it.detail }
    }
}

/// The examination of this name.
pub(super) fn find(by: &Anybody, id: ExaminationId) -> Result<Examination, Fault> {
    by.app().examiner.find(id).ok_or_else(|| Fault::new(Code::ExaminationNotFound))
}

/// `language`; English if nothing is said.
pub(super) fn language(query: &mut Query) -> Language {
    let all = Language::ALL.map(|language| (language.tag(), language));
    query.word("language", &all).unwrap_or_default()
}
