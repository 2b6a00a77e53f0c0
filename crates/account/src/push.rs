//! The browsers a user lets be told (Web Push).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use galen_core::push::{AUTH_BYTES, ENDPOINT_BYTES_MAX, KEY_BYTES, NewSubscription, Subscription};
use galen_core::{Code, Cx, PushId, Refusal, Secret};
use sha2::{Digest as _, Sha256};

use crate::fields::{self, Fields};
use crate::{Accounts, Caller};

/// A browser's subscription as the browser gives it. Field errors point at `/endpoint`,
/// `/keys/p256dh` and `/keys/auth`.
#[derive(Clone, Debug)]
pub struct SubscriptionForm {
    /// The push service's URL.
    pub endpoint: Secret<String>,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The secret shared with it, in base64url.
    pub auth: Secret<String>,
    /// What the browser calls itself; cut to 256 characters.
    pub user_agent: Option<String>,
}

impl Accounts {
    /// The caller's browsers, the oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn subscriptions(
        &self,
        cx: &Cx,
        caller: &Caller,
    ) -> Result<Vec<Subscription>, Refusal> {
        Ok(self.desk.store.subscriptions(cx, caller.user.id).await?)
    }

    /// Lets one of the caller's browsers be told. The same browser again keeps its name; of more than
    /// there may be the oldest is told no more.
    ///
    /// # Errors
    /// [`Code::InvalidFields`]; [`Code::SessionEnded`].
    pub async fn subscribe(
        &self,
        cx: &Cx,
        caller: &Caller,
        form: SubscriptionForm,
    ) -> Result<Subscription, Refusal> {
        let new = self.new_subscription(form)?;
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let kept = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move { desk.store.subscribe(cx, act, user_id, new).await })
            })
            .await?;
        Ok(kept)
    }

    /// One of the caller's browsers is told no more.
    ///
    /// # Errors
    /// [`Code::SubscriptionNotFound`]; [`Code::SessionEnded`].
    pub async fn forget_subscription(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: PushId,
    ) -> Result<(), Refusal> {
        let (owner, act) = (Some(caller.user.id), self.act_by(cx, caller));
        let found = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move { desk.store.forget_subscription(cx, act, id, owner).await })
            })
            .await?;
        if found { Ok(()) } else { Err(Refusal::new(Code::SubscriptionNotFound)) }
    }

    /// A number from which the key towards push services is made, 256 bits; one in 2^32 is none, and
    /// the next `attempt` gives another.
    #[must_use]
    pub fn push_number(&self, attempt: u8) -> Secret<[u8; 32]> {
        Secret::new(self.keys.push(attempt))
    }

    fn new_subscription(&self, form: SubscriptionForm) -> Result<NewSubscription, Refusal> {
        let mut wrong = Fields::default();
        let endpoint = form.endpoint.reveal();
        let is_plain = endpoint.bytes().all(|byte| byte.is_ascii_graphic());
        wrong.require(
            (1..=ENDPOINT_BYTES_MAX).contains(&endpoint.len()) && is_plain,
            "/endpoint",
            Code::FieldLength,
            "A URL of at most 1024 visible ASCII characters.",
        );
        let mut bytes = |text: &str, length: usize, pointer: &str| {
            // Browsers write base64url with and without its padding.
            let read = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
            let read = read.filter(|bytes| bytes.len() == length);
            let detail = format!("{length} bytes in base64url.");
            wrong.require(read.is_some(), pointer, Code::FieldFormat, &detail);
            read.unwrap_or_default()
        };
        let p256dh = bytes(&form.p256dh, KEY_BYTES, "/keys/p256dh");
        let auth = bytes(form.auth.reveal(), AUTH_BYTES, "/keys/auth");
        wrong.finish()?;
        Ok(NewSubscription {
            id: PushId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            endpoint_hash: Sha256::digest(endpoint).into(),
            endpoint: form.endpoint,
            p256dh,
            auth: Secret::new(auth),
            user_agent: fields::user_agent(form.user_agent),
        })
    }
}
