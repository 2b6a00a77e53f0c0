//! `POST /api/admin/webhooks/{id}/test`: an admin tests whether a webhook is reached.

use galen_core::{ParcelId, WebhookId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, accepted};
use crate::caller::Admin;
use crate::extract::PathId;

/// A test that is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
struct TestView {
    /// The delivery's identifier, and its `webhook-id`.
    #[schema(value_type = String, format = "uuid")]
    id: ParcelId,
}

/// Sends a test to a webhook. What came of it stands among its deliveries.
#[utoipa::path(post, path = "/api/admin/webhooks/{id}/test", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The webhook.")), responses(
    (status = 202, description = "It is on its way.", body = TestView),
    (status = 409, description = "The webhook is not active."),
))]
pub(crate) async fn test(by: Admin, PathId(id): PathId<WebhookId>) -> Answer {
    let id = by.accounts().test_webhook(by.cx(), by.caller(), id).await?;
    accepted(&TestView { id })
}
