//! `POST /api/notifications/mark-read`: a user has read these.

use galen_core::{Code, NotificationId, Refusal};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::MarkedReadView;
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Json;

/// How many may be marked at once.
const IDS_MAX: usize = 200;

/// What was read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkReadForm {
    /// The notifications; foreign, unknown and read ones are passed over.
    #[schema(value_type = Vec<String>, max_items = 200)]
    ids: Vec<NotificationId>,
}

/// Marks notifications of the user as read.
#[utoipa::path(post, path = "/api/notifications/mark-read", tag = "notifications",
    security(("session" = [])), request_body = MarkReadForm, responses(
    (status = 200, description = "They are read.", body = MarkedReadView),
))]
pub(crate) async fn mark_read(by: SignedIn, Json(form): Json<MarkReadForm>) -> Answer {
    if form.ids.len() > IDS_MAX {
        let detail = format!("{IDS_MAX} identifiers at the most.");
        return Err(Refusal::field("/ids", Code::FieldLength, detail).into());
    }
    let marked = by.accounts().mark_read(by.cx(), by.caller(), form.ids).await?;
    ok(&MarkedReadView::from(marked))
}
