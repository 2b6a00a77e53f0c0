//! `POST /api/admin/examinations/{id}/cancel`: an examination is ended.

use galen_core::examinations::ExaminationState;
use galen_core::model::AuditCode;
use galen_core::{Code, ExaminationId, Note};
use serde_json::json;

use super::dto::{ExaminationView, find};
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::PathId;
use crate::fault::Fault;

/// Ends an examination that waits or runs: its process is ended, and there is no report. A repair that
/// has begun is finished by the server, which is the one to carry it out.
#[utoipa::path(post, path = "/api/admin/examinations/{id}/cancel", tag = "doctor", security(("session" = [])), params(
    ("id" = String, Path, format = "uuid", description = "The examination."),
), responses(
    (status = 200, description = "It has ended.", body = ExaminationView),
    (status = 409, description = "It is over already."),
))]
pub(crate) async fn cancel(by: Admin, PathId(id): PathId<ExaminationId>) -> Answer {
    if !ExaminationState::is_open(find(&by, id)?.state) {
        return Err(Fault::new(Code::ExaminationOver));
    }
    let note = Note {
        code: AuditCode::ExaminationCancelled,
        target: None,
        params: json!({ "examination": id }).to_string(),
    };
    by.accounts()
        .command(by.cx(), Some(by.caller()), |store, cx, act| store.note(cx, act, note))
        .await?;
    ok(&ExaminationView::from(&by.app().examiner.cancel(id)?))
}
