//! `DELETE /api/admin/webhooks/{id}`: an admin removes a webhook.

use galen_core::WebhookId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Removes a webhook. What waits to be sent to it fails.
#[utoipa::path(delete, path = "/api/admin/webhooks/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The webhook.")), responses(
    (status = 204, description = "It is removed."),
))]
pub(crate) async fn remove(by: Admin, PathId(id): PathId<WebhookId>) -> Answer {
    by.accounts().remove_webhook(by.cx(), by.caller(), id).await?;
    Ok(nothing())
}
