//! `POST /api/admin/examinations/{id}/repairs/{repair}`: a repair that a report offers is ordered.

use galen_core::examinations::{BegunBy, ExaminationWish, ForetoldRepair, OrderedRepair};
use galen_core::model::AuditCode;
use galen_core::{ExaminationId, Note};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::dto::{ExaminationView, find};
use crate::answer::{Answer, accepted, ok};
use crate::caller::FreshAdmin;
use crate::extract::{Json, PathIds};

/// How a repair is ordered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepairForm {
    /// Whether only what it would change is to be said; nothing is changed then.
    dry_run: bool,
}

/// What a repair would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForetoldRepair)]
struct ForetoldView<'a> {
    /// How many rows, bytes or files; 0 means that it is useless.
    would_change: u64,
    /// What it would do.
    statement: &'a str,
}

impl<'a> From<&'a ForetoldRepair> for ForetoldView<'a> {
    fn from(it: &'a ForetoldRepair) -> Self {
        Self { would_change: it.would_change, statement: &it.statement }
    }
}

/// Orders a repair that the examination's report offers: only of class `auto`, on this installation.
/// The target is examined anew; if the cause is still there, the repair is carried out, the same
/// requests are measured again, and what did not help is undone where it can be. All of it is an
/// examination of its own, whose report has the receipt, before and after. Wants a fresh
/// authentication.
#[utoipa::path(post, path = "/api/admin/examinations/{id}/repairs/{repair}", tag = "doctor", security(("session" = [])), params(
    ("id" = String, Path, format = "uuid", description = "The examination whose report offers it."),
    ("repair" = String, Path, description = "The `repair` of one of the report's `repairs`."),
), request_body = RepairForm, responses(
    (status = 200, description = "What it would change: a dry run.", body = ForetoldView),
    (status = 202, description = "It is carried out by this examination.", body = ExaminationView),
    (status = 409, description = "The target is being examined already."),
))]
pub(crate) async fn repair(
    by: FreshAdmin,
    PathIds(id, repair): PathIds<ExaminationId, String>,
    Json(form): Json<RepairForm>,
) -> Answer {
    let examination = find(&by, id)?;
    let examiner = &by.app().examiner;
    examiner.judge_repair(id, &repair).await?;
    if form.dry_run {
        return ok(&ForetoldView::from(&examiner.foretell(id, &repair).await?));
    }
    let note = Note {
        code: AuditCode::RepairOrdered,
        target: None,
        params: json!({ "examination": id, "repair": repair }).to_string(),
    };
    by.accounts()
        .command(by.cx(), Some(by.caller()), |store, cx, act| store.note(cx, act, note))
        .await?;
    let begun = examiner.begin(ExaminationWish {
        target: examination.target,
        by: BegunBy::Admin { user: by.caller().user.id },
        repair: Some(OrderedRepair { id: repair, of: id, result: None }),
    })?;
    accepted(&ExaminationView::from(&begun))
}
