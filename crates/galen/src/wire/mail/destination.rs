//! Where parcels go: looked up at the moment of delivery, and forgotten when it is gone.

use galen_core::outbox::{Attempted, KeptParcel};
use galen_core::post::{Channel, Destination};
use galen_core::webhooks::{WebhookChange, WebhookState};
use galen_core::{PushId, WebhookId};

use super::Mailroom;

impl Mailroom {
    /// Where a parcel goes, with what its courier needs; or what became of it without.
    pub(super) async fn destination(&self, kept: &KeptParcel) -> Result<Destination, Attempted> {
        match (kept.channel, &self.phone) {
            (Channel::Email, _) => Ok(Destination::Mailbox { address: kept.destination.clone() }),
            (Channel::Ntfy, Some(phone)) => {
                Ok(Destination::Ntfy { topic: phone.topic.clone(), token: phone.token.clone() })
            }
            (Channel::Ntfy, None) => Err(Attempted::Captured),
            (Channel::Webhook, _) => self.webhook(kept).await,
            (Channel::Push, _) => self.browser(kept).await,
        }
    }

    async fn webhook(&self, kept: &KeptParcel) -> Result<Destination, Attempted> {
        let read = match kept.destination.parse() {
            Ok(id) => self.store.webhook(&self.cx(), id).await,
            Err(_) => Ok(None),
        };
        match read {
            Ok(Some(webhook)) if webhook.state == WebhookState::Active => {
                let secrets = self.accounts.webhook_secrets(&webhook, self.clock.now());
                Ok(Destination::Webhook { url: webhook.url, secrets })
            }
            Ok(Some(webhook)) => failed(format!("the webhook is {}", webhook.state.name())),
            Ok(None) => failed("the webhook was removed".to_owned()),
            Err(error) => Err(self.again(kept, 0, error.to_string())),
        }
    }

    /// A browser that is still its user's: somebody else may be signed in there by now.
    async fn browser(&self, kept: &KeptParcel) -> Result<Destination, Attempted> {
        let read = match kept.destination.parse() {
            Ok(id) => self.store.subscription(&self.cx(), id).await,
            Err(_) => Ok(None),
        };
        match read {
            Ok(Some(browser)) if Some(browser.user_id) == kept.user_id => Ok(Destination::Push {
                endpoint: browser.endpoint,
                p256dh: browser.p256dh,
                auth: browser.auth,
            }),
            Ok(_) => failed("the browser is told no more".to_owned()),
            Err(error) => Err(self.again(kept, 0, error.to_string())),
        }
    }

    /// Notes that a destination wants nothing more, ever.
    pub(super) async fn gone(&self, kept: &KeptParcel) {
        match kept.channel {
            Channel::Webhook => self.webhook_gone(kept).await,
            Channel::Push => self.browser_gone(kept).await,
            Channel::Email | Channel::Ntfy => {}
        }
    }

    async fn webhook_gone(&self, kept: &KeptParcel) {
        let Ok(id) = kept.destination.parse::<WebhookId>() else { return };
        let state = Some(WebhookState::Gone);
        let change = WebhookChange { state, ..WebhookChange::default() };
        let cx = self.cx();
        let noted = self
            .accounts
            .command(&cx, None, move |store, cx, act| store.change_webhook(cx, act, id, change));
        match noted.await {
            Ok(_) => {
                tracing::warn!(webhook = %id, "a webhook's receiver is gone; it is told nothing more")
            }
            Err(error) => {
                tracing::warn!(webhook = %id, %error, "that a webhook is gone is not noted")
            }
        }
    }

    /// A browser that is gone is forgotten: its push service said so (RFC 8030 section 7.3).
    async fn browser_gone(&self, kept: &KeptParcel) {
        let Ok(id) = kept.destination.parse::<PushId>() else { return };
        let cx = self.cx();
        let forgotten = self
            .accounts
            .command(&cx, None, move |store, cx, act| store.forget_subscription(cx, act, id, None));
        if let Err(error) = forgotten.await {
            tracing::warn!(push = %id, %error, "that a browser is gone is not noted");
        }
    }
}

fn failed(says: String) -> Result<Destination, Attempted> {
    Err(Attempted::Failed { says })
}
