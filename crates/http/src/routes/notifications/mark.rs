//! `POST /api/notifications/mark-read` and `…/archive`: what a user did with these.

use galen_core::model::Step;
use galen_core::{Code, NotificationId, Refusal};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::MarkedView;
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Json;

/// How many may be marked at once.
const IDS_MAX: usize = 200;

/// Notifications that take a step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkForm {
    /// The notifications; foreign and unknown ones and those that took the step are passed over.
    #[schema(value_type = Vec<String>, max_items = 200)]
    ids: Vec<NotificationId>,
}

async fn mark(by: SignedIn, form: MarkForm, step: Step) -> Answer {
    if form.ids.len() > IDS_MAX {
        let detail = format!("{IDS_MAX} identifiers at the most.");
        return Err(Refusal::field("/ids", Code::FieldLength, detail).into());
    }
    let marked = by.accounts().mark(by.cx(), by.caller(), step, form.ids).await?;
    ok(&MarkedView::from(marked))
}

/// Marks notifications of the user as read.
#[utoipa::path(post, path = "/api/notifications/mark-read", tag = "notifications",
    security(("session" = [])), request_body = MarkForm, responses(
    (status = 200, description = "They are read.", body = MarkedView),
))]
pub(crate) async fn mark_read(by: SignedIn, Json(form): Json<MarkForm>) -> Answer {
    mark(by, form, Step::Read).await
}

/// Puts notifications of the user away; they count as read.
#[utoipa::path(post, path = "/api/notifications/archive", tag = "notifications",
    security(("session" = [])), request_body = MarkForm, responses(
    (status = 200, description = "They are put away.", body = MarkedView),
))]
pub(crate) async fn archive(by: SignedIn, Json(form): Json<MarkForm>) -> Answer {
    mark(by, form, Step::Archived).await
}
