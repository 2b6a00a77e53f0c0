//! `POST /api/notifications/mark-seen`: a user has seen that there is something.

use galen_core::Seq;
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::MarkedView;
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Json;

/// What was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenForm {
    /// The newest place that was shown, such as the `seq` of a list: everything up to it is seen.
    #[schema(value_type = i64)]
    seq: Seq,
}

/// Marks all of the user's notifications up to a place as seen; unread ones stay unread. Nothing
/// changes when more than a thousand unread ones came after it: read the list again.
#[utoipa::path(post, path = "/api/notifications/mark-seen", tag = "notifications",
    security(("session" = [])), request_body = SeenForm, responses(
    (status = 200, description = "They are seen.", body = MarkedView),
))]
pub(crate) async fn mark_seen(by: SignedIn, Json(form): Json<SeenForm>) -> Answer {
    let marked = by.accounts().mark_seen(by.cx(), by.caller(), form.seq).await?;
    ok(&MarkedView::from(marked))
}
