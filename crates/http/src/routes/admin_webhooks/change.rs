//! `PATCH /api/admin/webhooks/{id}`: an admin changes a webhook.

use galen_core::WebhookId;
use galen_core::webhooks::{WebhookChange, WebhookState};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{WebhookView, judge};
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::{Json, PathId};

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChangeForm {
    /// Where it is posted to. Wants a fresh authentication.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// What admins call it.
    #[schema(max_length = 100)]
    label: Option<String>,
    /// `true` makes it active, one that is gone as well; `false` has it pause: it is told of nothing.
    active: Option<bool>,
}

/// Changes a webhook: its URL, its label, whether it is told of anything.
#[utoipa::path(patch, path = "/api/admin/webhooks/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The webhook.")),
    request_body = WebhookChangeForm, responses(
    (status = 200, description = "The webhook as it is now.", body = WebhookView),
))]
pub(crate) async fn change(
    by: Admin,
    PathId(id): PathId<WebhookId>,
    Json(form): Json<WebhookChangeForm>,
) -> Answer {
    if let Some(url) = &form.url {
        judge(by.app(), url)?;
    }
    let state = |active| if active { WebhookState::Active } else { WebhookState::Paused };
    let change = WebhookChange { url: form.url, label: form.label, state: form.active.map(state) };
    let webhook = by.accounts().change_webhook(by.cx(), by.caller(), id, change).await?;
    ok(&WebhookView::from(&webhook))
}
