//! `POST /api/admin/broadcasts/{id}/recall`: a broadcast is taken back.

use galen_core::NotificationId;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::PathId;
use crate::routes::notify::answers::BroadcastView;

/// Takes a broadcast back from everybody who has not read it; one that is scheduled is never sent.
#[utoipa::path(post, path = "/api/admin/broadcasts/{id}/recall", tag = "admin",
    security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The broadcast.")), responses(
    (status = 200, description = "It is taken back.", body = BroadcastView),
    (status = 409, description = "It is over already."),
))]
pub(crate) async fn recall(by: Admin, PathId(id): PathId<NotificationId>) -> Answer {
    let recalled = by.accounts().recall(by.cx(), by.caller(), id).await?;
    ok(&BroadcastView::from(&recalled))
}
