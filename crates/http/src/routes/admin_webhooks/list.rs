//! `GET /api/admin/webhooks`: who is told over HTTP.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::WebhookView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookList)]
struct Webhooks<'a> {
    /// The webhooks, the oldest first: there are 50 at the most.
    items: Vec<WebhookView<'a>>,
}

/// Lists webhooks.
#[utoipa::path(get, path = "/api/admin/webhooks", tag = "admin", security(("session" = [])), responses(
    (status = 200, description = "All of them.", body = Webhooks),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    let webhooks = by.accounts().webhooks(by.cx(), by.caller()).await?;
    ok(&Webhooks { items: webhooks.iter().map(Into::into).collect() })
}
