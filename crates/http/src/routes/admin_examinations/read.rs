//! `GET /api/admin/examinations/{id}`: how an examination goes on, or what it found.

use galen_core::examinations::ReportFormat;
use galen_core::{Code, ExaminationId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::dto::{ExaminationView, StepView, find, language};
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::{PathId, Query};
use crate::fault::Fault;

/// An examination with its report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExaminationWithReport)]
struct Whole<'a> {
    /// The examination.
    examination: ExaminationView<'a>,
    /// Its steps so far, while it goes on.
    progress: Vec<StepView<'a>>,
    /// The report, once it is done: a document of docs/reference/report.schema.json.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
}

/// Reads an examination: its steps while it goes on, and its report once it is done. Every sentence of
/// the report is a `code` with typed `params` and the same as `text` in the language asked for.
#[utoipa::path(get, path = "/api/admin/examinations/{id}", tag = "doctor", security(("session" = [])), params(
    ("id" = String, Path, format = "uuid", description = "The examination."),
    ("language" = Option<String>, Query, description = "The language of the texts: `en` or `fa`; `en` if nothing is said."),
), responses(
    (status = 200, description = "The examination.", body = Whole),
))]
pub(crate) async fn read(by: Admin, PathId(id): PathId<ExaminationId>, mut query: Query) -> Answer {
    let language = language(&mut query);
    query.finish()?;
    let examination = find(&by, id)?;
    let examiner = &by.app().examiner;
    let document = examiner.report(id, ReportFormat::Json, language).await?;
    let steps = examiner.steps(id);
    let report = document.as_deref().map(serde_json::from_slice::<Value>).transpose();
    let report = report.map_err(|error| {
        tracing::error!(%error, examination = %id, "a kept report is not JSON");
        Fault::new(Code::Internal)
    })?;
    ok(&Whole {
        examination: (&examination).into(),
        progress: steps.iter().map(Into::into).collect(),
        report,
    })
}
