//! `POST /api/notifications/mark-all-read`: a user has read everything.

use super::dto::MarkedView;
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;

/// Marks all of the user's notifications as read.
#[utoipa::path(post, path = "/api/notifications/mark-all-read", tag = "notifications",
    security(("session" = [])), responses(
    (status = 200, description = "All are read.", body = MarkedView),
))]
pub(crate) async fn mark_all_read(by: SignedIn) -> Answer {
    let marked = by.accounts().mark_all_read(by.cx(), by.caller()).await?;
    ok(&MarkedView::from(marked))
}
