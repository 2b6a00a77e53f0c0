//! `POST /api/admin/webhooks/{id}/rotate`: an admin gives a webhook another secret.

use galen_core::WebhookId;

use super::dto::ShownView;
use crate::answer::{Answer, ok};
use crate::caller::FreshAdmin;
use crate::extract::PathId;

/// Gives a webhook its next secret. For a day each delivery is signed with both, so that the receiver
/// can change over. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/webhooks/{id}/rotate", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The webhook.")), responses(
    (status = 200, description = "The webhook, and its new secret this once.", body = ShownView),
))]
pub(crate) async fn rotate(by: FreshAdmin, PathId(id): PathId<WebhookId>) -> Answer {
    let (webhook, secret) = by.accounts().rotate_webhook(by.cx(), by.caller(), id).await?;
    ok(&ShownView::new(&webhook, &secret))
}
