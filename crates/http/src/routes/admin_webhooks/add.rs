//! `POST /api/admin/webhooks`: an admin adds a webhook.

use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{ShownView, judge};
use crate::answer::{Answer, created};
use crate::caller::FreshAdmin;
use crate::extract::Json;

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookForm {
    /// Where it is posted to: https, unless its network is named in `webhooks.networks`.
    #[schema(max_length = 2048)]
    url: String,
    /// What admins call it.
    #[schema(max_length = 100)]
    #[serde(default)]
    label: String,
}

/// Adds a webhook: it is told of alerts, signed after Standard Webhooks. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/webhooks", tag = "admin", security(("session" = [])),
    request_body = WebhookForm, responses(
    (status = 201, description = "The webhook, and its secret this once.", body = ShownView),
))]
pub(crate) async fn add(by: FreshAdmin, Json(form): Json<WebhookForm>) -> Answer {
    judge(by.app(), &form.url)?;
    let (webhook, secret) =
        by.accounts().add_webhook(by.cx(), by.caller(), form.url, form.label).await?;
    created(&ShownView::new(&webhook, &secret), None)
}
