//! `POST /api/admin/examinations`: an admin has something examined.

use galen_core::examinations::{BegunBy, ExaminationWish, OWN_TARGET};
use galen_core::model::AuditCode;
use galen_core::{Code, Note, Refusal};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::dto::ExaminationView;
use crate::answer::{Answer, accepted};
use crate::caller::Admin;
use crate::extract::Json;

/// What to examine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExaminationForm {
    /// The name of a target; `self`, this installation, if nothing is said.
    #[schema(max_length = 100)]
    target: Option<String>,
}

/// Has a target examined, in a process of its own. One runs at a time; others wait. How it goes on is
/// told on the stream under the topic `examinations`, and by `GET /api/admin/examinations/{id}`.
#[utoipa::path(post, path = "/api/admin/examinations", tag = "doctor", security(("session" = [])),
    request_body = ExaminationForm, responses(
    (status = 202, description = "It waits for its turn, or runs.", body = ExaminationView),
    (status = 404, description = "There is no such target."),
    (status = 409, description = "The target is being examined already."),
))]
pub(crate) async fn begin(by: Admin, Json(form): Json<ExaminationForm>) -> Answer {
    let target = form.target.unwrap_or_else(|| OWN_TARGET.to_owned());
    let known = by.app().examiner.targets();
    if !known.iter().any(|one| one.name == target) {
        return Err(Refusal::new(Code::TargetNotFound).into());
    }
    let begun_by = BegunBy::Admin { user: by.caller().user.id };
    let examiner = &by.app().examiner;
    let begun = examiner.begin(ExaminationWish { target, by: begun_by, repair: None })?;
    let note = Note {
        code: AuditCode::ExaminationBegun,
        target: None,
        params: json!({ "examination": begun.id, "target": begun.target }).to_string(),
    };
    let noted = by
        .accounts()
        .command(by.cx(), Some(by.caller()), |store, cx, act| store.note(cx, act, note))
        .await;
    if let Err(refusal) = noted {
        // What cannot stand in the trail does not happen. If it is over already, it did.
        let _is_over = examiner.cancel(begun.id);
        return Err(refusal.into());
    }
    accepted(&ExaminationView::from(&begun))
}
