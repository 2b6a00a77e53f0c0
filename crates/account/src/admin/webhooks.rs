//! Webhooks: who is told over HTTP, with secrets that are derived and shown once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use galen_core::model::AuditCode;
use galen_core::outbox::{KeptParcel, NewParcel};
use galen_core::post::{Channel, Language, LetterCode, Param};
use galen_core::webhooks::{
    LABEL_CHARS_MAX, NewWebhook, RETIRING_MS, URL_BYTES_MAX, Webhook, WebhookChange, WebhookState,
};
use galen_core::{Code, Cx, Note, Page, PageRequest, ParcelId, Refusal, Secret, UnixMs, WebhookId};

use crate::fields::Fields;
use crate::{Accounts, Caller};

impl Accounts {
    /// Every webhook, the oldest first.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn webhooks(&self, cx: &Cx, caller: &Caller) -> Result<Vec<Webhook>, Refusal> {
        caller.require_admin()?;
        Ok(self.desk.store.webhooks(cx).await?)
    }

    /// Adds a webhook. Gives it and its secret, which is shown this once.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::InvalidFields`] at `/url` and
    /// `/label`; [`Code::Overloaded`] when there are as many as there may be.
    pub async fn add_webhook(
        &self,
        cx: &Cx,
        caller: &Caller,
        url: String,
        label: String,
    ) -> Result<(Webhook, Secret<String>), Refusal> {
        caller.require_admin()?;
        caller.require_fresh(self.clock.now())?;
        judge(Some(&url), Some(&label))?;
        let id = WebhookId::mint(self.clock.as_ref(), self.entropy.as_ref());
        let new = NewWebhook { id, url, label };
        let webhook = self
            .command(cx, Some(caller), move |store, cx, act| store.add_webhook(cx, act, new))
            .await?;
        let secret = self.shown(&webhook);
        Ok((webhook, secret))
    }

    /// Changes a webhook. Another URL wants a fresh authentication, as a new webhook does.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::InvalidFields`] at `/url` and
    /// `/label`; [`Code::WebhookNotFound`].
    pub async fn change_webhook(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: WebhookId,
        change: WebhookChange,
    ) -> Result<Webhook, Refusal> {
        caller.require_admin()?;
        if change.url.is_some() {
            caller.require_fresh(self.clock.now())?;
        }
        judge(change.url.as_deref(), change.label.as_deref())?;
        let changed = self
            .command(cx, Some(caller), move |store, cx, act| {
                store.change_webhook(cx, act, id, change)
            })
            .await?;
        changed.ok_or_else(unknown)
    }

    /// Gives a webhook its next secret, shown this once. The one before goes on signing for a day.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::WebhookNotFound`].
    pub async fn rotate_webhook(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<(Webhook, Secret<String>), Refusal> {
        caller.require_admin()?;
        caller.require_fresh(self.clock.now())?;
        let rotated = self
            .command(cx, Some(caller), move |store, cx, act| store.rotate_webhook(cx, act, id))
            .await?;
        let webhook = rotated.ok_or_else(unknown)?;
        let secret = self.shown(&webhook);
        Ok((webhook, secret))
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::WebhookNotFound`].
    pub async fn remove_webhook(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<(), Refusal> {
        let removed = self
            .command(cx, Some(caller), move |store, cx, act| store.remove_webhook(cx, act, id))
            .await?;
        if removed { Ok(()) } else { Err(unknown()) }
    }

    /// What was sent, or waits to be sent, to a webhook, newest first.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::WebhookNotFound`].
    pub async fn webhook_deliveries(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: WebhookId,
        page: PageRequest,
    ) -> Result<Page<KeptParcel>, Refusal> {
        caller.require_admin()?;
        let store = &self.desk.store;
        store.webhook(cx, id).await?.ok_or_else(unknown)?;
        Ok(store.deliveries(cx, id, page).await?)
    }

    /// Sends a test to a webhook. Gives the parcel's name, under which its way can be followed.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::WebhookNotFound`]; [`Code::WebhookNotActive`].
    pub async fn test_webhook(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<ParcelId, Refusal> {
        caller.require_admin()?;
        let webhook = self.desk.store.webhook(cx, id).await?.ok_or_else(unknown)?;
        if webhook.state != WebhookState::Active {
            return Err(Refusal::new(Code::WebhookNotActive));
        }
        let (at, parcel) =
            (self.clock.now(), ParcelId::mint(self.clock.as_ref(), self.entropy.as_ref()));
        let by = Param::Text(caller.user.email.clone());
        let test = NewParcel {
            id: parcel,
            channel: Channel::Webhook,
            user_id: None,
            destination: id.to_string(),
            code: LetterCode::Test,
            language: Language::En,
            params: vec![("by".to_owned(), by), ("at".to_owned(), Param::Moment(at))],
            links: Vec::new(),
            broadcast: None,
        };
        let note = Note {
            code: AuditCode::WebhookTested,
            target: Some(format!("webhook:{id}")),
            params: "{}".to_owned(),
        };
        self.command(cx, Some(caller), move |store, cx, act| {
            Box::pin(async move {
                store.note(cx, act, note).await?;
                store.owe_each(cx, at, vec![test]).await
            })
        })
        .await?;
        Ok(parcel)
    }

    /// The secrets a webhook is signed with at this moment, the newest first.
    #[must_use]
    pub fn webhook_secrets(&self, webhook: &Webhook, now: UnixMs) -> Vec<Secret<Vec<u8>>> {
        let is_retiring = |at: UnixMs| now.since_ms(at) < RETIRING_MS;
        let before = webhook.rotated_at.filter(|at| is_retiring(*at)).map(|_| webhook.rotation - 1);
        let rotations = std::iter::once(webhook.rotation).chain(before);
        let secret = |rotation| self.keys.webhook(webhook.id, rotation).to_vec();
        rotations.map(|rotation| Secret::new(secret(rotation))).collect()
    }

    /// The newest secret as its owner takes it (Standard Webhooks, "Signature scheme").
    fn shown(&self, webhook: &Webhook) -> Secret<String> {
        let secret = self.keys.webhook(webhook.id, webhook.rotation);
        Secret::new(format!("whsec_{}", STANDARD.encode(secret)))
    }
}

fn judge(url: Option<&str>, label: Option<&str>) -> Result<(), Refusal> {
    let mut fields = Fields::default();
    let is_line = |text: &str| !text.contains(char::is_control);
    let fits = url.is_none_or(|url| url.len() <= URL_BYTES_MAX && is_line(url));
    let says = format!("At most {URL_BYTES_MAX} bytes, without control characters.");
    fields.require(fits, "/url", Code::FieldLength, &says);
    let fits = label.is_none_or(|label| label.chars().count() <= LABEL_CHARS_MAX && is_line(label));
    let says = format!("At most {LABEL_CHARS_MAX} characters, without control characters.");
    fields.require(fits, "/label", Code::FieldLength, &says);
    fields.finish()
}

fn unknown() -> Refusal {
    Refusal::new(Code::WebhookNotFound)
}
