//! Webhooks: who is told over HTTP, and the port to where they are kept.
//!
//! A webhook's secret is not kept: it is derived from the installation's key, the webhook's name and
//! the number of its rotation, and shown once.

use serde::{Deserialize, Serialize};

use crate::model::Act;
use crate::outbox::KeptParcel;
use crate::{Cx, Fut, Page, PageRequest, StoreResult, UnixMs, WebhookId};

/// How many webhooks there are at the most.
pub const WEBHOOKS_MAX: i64 = 50;
/// Bytes of a webhook's URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// Characters of its label.
pub const LABEL_CHARS_MAX: usize = 100;
/// For how long the secret before a rotation still signs, in milliseconds: a day.
pub const RETIRING_MS: i64 = 86_400_000;

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It is told of everything.
    Active,
    /// An admin told it to pause.
    Paused,
    /// Its receiver said that it is gone for good (410).
    Gone,
}

impl WebhookState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Gone];

    /// The state as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Gone => "gone",
        }
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub id: WebhookId,
    /// Where it is posted to.
    pub url: String,
    /// What admins call it; may be empty.
    pub label: String,
    /// Where it stands.
    pub state: WebhookState,
    /// Which secret it has: 1 at first, one more with every rotation.
    pub rotation: i64,
    /// When its secret was rotated last.
    pub rotated_at: Option<UnixMs>,
    /// When it was added.
    pub created_at: UnixMs,
}

/// A webhook to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// Its name.
    pub id: WebhookId,
    /// Where it is posted to.
    pub url: String,
    /// What admins call it; may be empty.
    pub label: String,
}

/// What to change of a webhook; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// Where it is posted to.
    pub url: Option<String>,
    /// What admins call it.
    pub label: Option<String>,
    /// Where it stands.
    pub state: Option<WebhookState>,
}

/// The port to where webhooks are kept.
pub trait Webhooks: Send + Sync {
    /// Every webhook, the oldest first; there are at most [`WEBHOOKS_MAX`].
    fn webhooks<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<Webhook>>>;

    /// The webhook of this name.
    fn webhook<'a>(&'a self, cx: &'a Cx, id: WebhookId) -> Fut<'a, StoreResult<Option<Webhook>>>;

    /// What was sent, or waits to be sent, to a webhook, newest first.
    fn deliveries<'a>(
        &'a self,
        cx: &'a Cx,
        id: WebhookId,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptParcel>>>;

    /// `webhook.add`: adds one; refused as full beyond [`WEBHOOKS_MAX`].
    fn add_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        new: NewWebhook,
    ) -> Fut<'a, StoreResult<Webhook>>;

    /// `webhook.change`: changes one. Gives it as it is now.
    fn change_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
        change: WebhookChange,
    ) -> Fut<'a, StoreResult<Option<Webhook>>>;

    /// `webhook.rotate`: gives one its next secret.
    fn rotate_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
    ) -> Fut<'a, StoreResult<Option<Webhook>>>;

    /// `webhook.remove`: removes one. What waits for it fails when its turn comes.
    fn remove_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
    ) -> Fut<'a, StoreResult<bool>>;
}
