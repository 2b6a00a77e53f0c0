//! Examinations by the doctor as admins see them: what was examined, by whom it was begun, what came of
//! it, and the port to whoever runs and keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::post::Language;
use crate::{AlertId, ExaminationId, Fut, Refusal, UnixMs, UserId};

/// The name under which this installation itself is examined; no configured target may have it.
pub const OWN_TARGET: &str = "self";

/// Who began an examination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum BegunBy {
    /// An admin.
    Admin {
        /// Who.
        user: UserId,
    },
    /// An alert that fired.
    Alert,
}

/// Where an examination stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExaminationState {
    /// It waits for its turn: one runs at a time.
    Queued,
    /// It goes on.
    Running,
    /// It ended, and there is a report.
    Done,
    /// It ended without a report; `failure` says why.
    Failed,
    /// An admin ended it.
    Cancelled,
}

impl ExaminationState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The state as it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is not over.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// What became of the repair an examination was ordered to carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedRepair {
    /// Its name.
    pub id: String,
    /// The examination whose report offered it.
    pub of: ExaminationId,
    /// `proven`, `undone`, `without_effect`, `declined`, `failed`; `not_offered` when a fresh look did
    /// not find its cause any more. Nothing while it goes on.
    pub result: Option<String>,
}

/// One line of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadlineLine {
    /// Its code.
    pub code: String,
    /// Its typed parameters, a JSON object as text.
    pub params: String,
    /// The same in words, by the tag of the language.
    pub text: BTreeMap<String, String>,
}

/// One examination, without its report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// Its name.
    pub id: ExaminationId,
    /// What is examined: [`OWN_TARGET`], or the name of a configured target.
    pub target: String,
    /// Who began it.
    pub begun_by: BegunBy,
    /// The alerts it is attached to: the one that began it, and those that fired while it was open.
    pub alerts: Vec<AlertId>,
    /// Where it stands.
    pub state: ExaminationState,
    /// When it was ordered.
    pub ordered_at: UnixMs,
    /// When it began.
    pub began_at: Option<UnixMs>,
    /// When it was over.
    pub ended_at: Option<UnixMs>,
    /// `healthy`, `finding`, `inconclusive` or `repaired`, once it is done.
    pub outcome: Option<String>,
    /// The verdict's lines.
    pub headline: Vec<HeadlineLine>,
    /// The causes that are named, the greatest first.
    pub causes: Vec<String>,
    /// The repair it was ordered to carry out, if it was.
    pub repair: Option<OrderedRepair>,
    /// Why there is no report, as a code: `examination.interrupted`, `examination.deadline`, ….
    pub failure: Option<String>,
}

/// One step of an examination that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExaminationStep {
    /// When it began.
    pub at: UnixMs,
    /// The stage: `discover`, `probe`, `inspect`, `judge`, `repair`, `prove`, `report`.
    pub stage: String,
    /// What is done, in a few words.
    pub detail: String,
}

/// A target that can be examined by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExaminedTarget {
    /// Its name.
    pub name: String,
    /// Whether it is this installation.
    pub own: bool,
    /// Where it is, without credentials.
    pub place: String,
}

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExaminationWish {
    /// What to examine, by name.
    pub target: String,
    /// Who wishes it.
    pub by: BegunBy,
    /// The repair to carry out, when its cause is found again.
    pub repair: Option<OrderedRepair>,
}

/// What a repair would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForetoldRepair {
    /// How many rows, bytes or files; 0 means that it is useless.
    pub would_change: u64,
    /// What it would do.
    pub statement: String,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// The document that the others are made of.
    Json,
    /// One page that loads nothing.
    Html,
    /// Text.
    Markdown,
}

impl ReportFormat {
    /// Every format, by the word that asks for it.
    pub const ALL: [(&'static str, Self); 3] =
        [("json", Self::Json), ("html", Self::Html), ("markdown", Self::Markdown)];

    /// The ending of a file of it.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }
}

/// Runs examinations one at a time, each in a process of its own, and keeps their reports.
pub trait Examiner: Send + Sync {
    /// What can be examined; this installation first.
    fn targets(&self) -> Vec<ExaminedTarget>;

    /// Every examination that is kept, newest first.
    fn all(&self) -> Vec<Examination>;

    /// One of them.
    fn find(&self, id: ExaminationId) -> Option<Examination>;

    /// The steps of one so far; empty once it is over.
    fn steps(&self, id: ExaminationId) -> Vec<ExaminationStep>;

    /// The one that is attached to an alert.
    fn of_alert(&self, alert: AlertId) -> Option<ExaminationId>;

    /// Puts one into the queue.
    ///
    /// # Errors
    /// When there is no such target, it is under way already, or the queue is full.
    fn begin(&self, wish: ExaminationWish) -> Result<Examination, Refusal>;

    /// Ends one that is not over.
    ///
    /// # Errors
    /// When there is none, or it is over.
    fn cancel(&self, id: ExaminationId) -> Result<Examination, Refusal>;

    /// A report as it was written; `None` when there is none.
    fn report<'a>(
        &'a self,
        id: ExaminationId,
        format: ReportFormat,
        language: Language,
    ) -> Fut<'a, Result<Option<Vec<u8>>, Refusal>>;

    /// Judges whether a repair may be carried out over HTTP: one of class AUTO, offered by that
    /// report, on this installation.
    ///
    /// # Errors
    /// When it may not.
    fn judge_repair<'a>(
        &'a self,
        id: ExaminationId,
        repair: &'a str,
    ) -> Fut<'a, Result<(), Refusal>>;

    /// What such a repair would change. Nothing is changed.
    ///
    /// # Errors
    /// When it may not be carried out, or cannot be foretold.
    fn foretell<'a>(
        &'a self,
        id: ExaminationId,
        repair: &'a str,
    ) -> Fut<'a, Result<ForetoldRepair, Refusal>>;
}
