//! How a webhook looks from outside: never with its secret, except the once.

use galen_core::webhooks::{Webhook, WebhookState};
use galen_core::{Code, Refusal, Secret, WebhookId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::app::App;
use crate::routes::me::dto::words;
use crate::time::Time;

/// The schema of a webhook's state.
pub(crate) fn state_schema() -> Schema {
    words(&WebhookState::ALL.map(WebhookState::name))
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: WebhookId,
    /// Where it is posted to.
    url: &'a str,
    /// What admins call it.
    label: &'a str,
    /// Where it stands: `gone` when its receiver answered 410.
    #[schema(schema_with = state_schema)]
    state: WebhookState,
    /// When its secret was rotated last; the one before goes on signing for a day.
    rotated_at: Option<Time>,
    /// When it was added.
    created_at: Time,
}

impl<'a> From<&'a Webhook> for WebhookView<'a> {
    fn from(webhook: &'a Webhook) -> Self {
        Self {
            id: webhook.id,
            url: &webhook.url,
            label: &webhook.label,
            state: webhook.state,
            rotated_at: webhook.rotated_at.map(Time),
            created_at: webhook.created_at.into(),
        }
    }
}

/// A webhook and its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub(crate) struct ShownView<'a> {
    /// The webhook.
    webhook: WebhookView<'a>,
    /// Its secret, as Standard Webhooks writes it. It is shown this once and kept nowhere.
    secret: &'a str,
}

impl<'a> ShownView<'a> {
    pub(crate) fn new(webhook: &'a Webhook, secret: &'a Secret<String>) -> Self {
        Self { webhook: webhook.into(), secret: secret.reveal() }
    }
}

/// Refuses a URL that nothing may be posted to.
pub(crate) fn judge(app: &App, url: &str) -> Result<(), Refusal> {
    app.post.judge_url(url).map_err(|says| Refusal::field("/url", Code::FieldUrl, says))
}
