//! Publishing: to some users in one commit, or to many as one row; once, however often it is asked.

use galen_core::model::{
    Act, Audience, Author, Broadcast, Broadcasting, Content, NewBroadcast, Publication, Published,
    Reach, Recall, Recipient as To, Scope,
};
use galen_core::{Code, Cx, NotificationId, Page, PageRequest, Refusal, Signal, UnixMs};

use crate::email::Address;
use crate::fields::Fields;
use crate::message::{self, ContentHash};
use crate::{Accounts, Announce, Caller, Message, Publish, Publisher, Recipient};

/// How many users one call may name.
const RECIPIENTS_MAX: usize = 1_000;

/// How many users a preview looks at, at the most: it holds a reader, not the writer.
const LOOK_MAX: u32 = 100_000;

/// The farthest a broadcast may be scheduled ahead, in milliseconds: a year.
const AHEAD_MAX_MS: i64 = 366 * 24 * 60 * 60 * 1_000;

impl<'a> Publisher<'a> {
    fn author(self) -> Author {
        match self {
            Publisher::Admin(caller) => Author::User(caller.user.id),
            Publisher::Key(key) => Author::Key(key.id),
            Publisher::System => Author::System,
            Publisher::Monitor => Author::Monitor,
        }
    }

    const fn caller(self) -> Option<&'a Caller> {
        match self {
            Publisher::Admin(caller) => Some(caller),
            _ => None,
        }
    }

    /// Refuses who may not.
    fn require(self, scope: Scope) -> Result<(), Refusal> {
        match self {
            Publisher::Admin(caller) => caller.require_admin(),
            Publisher::Key(key) if !key.scopes.contains(&scope) => {
                let detail = format!("It wants the scope `{}`.", scope.name());
                Err(Refusal::new(Code::ApiKeyScope).with_detail(detail))
            }
            _ => Ok(()),
        }
    }
}

impl Accounts {
    /// Publishes a notification to some users, in one commit. With an idempotency key it happens
    /// once however often it is asked for; the outcome is then [`Published::Now`] or
    /// [`Published::Before`], with what became of each recipient.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::ApiKeyScope`]; [`Code::ApiKeyInvalid`]; [`Code::InvalidFields`];
    /// [`Code::SessionEnded`]; [`Code::IdempotencyMismatch`] when the key was used for another content.
    pub async fn publish(
        &self,
        cx: &Cx,
        by: Publisher<'_>,
        form: Publish,
    ) -> Result<Published, Refusal> {
        by.require(Scope::NotifySend)?;
        let publication = self.publication(by, form)?;
        let act = self.act_of(cx, by);
        let published = self
            .desk
            .write_for(cx, by.caller(), move |desk, cx| {
                Box::pin(async move {
                    let published = desk.store.publish(cx, act, publication).await?;
                    if let Published::Now(delivered) = &published {
                        desk.told(delivered);
                    }
                    Ok(published)
                })
            })
            .await?;
        match published {
            Published::Now(_) | Published::Before(_) => Ok(published),
            Published::KeyMismatch => Err(Refusal::new(Code::IdempotencyMismatch)),
        }
    }

    fn publication(&self, by: Publisher<'_>, form: Publish) -> Result<Publication, Refusal> {
        let mut wrong = Fields::default();
        wrong.require(
            (1..=RECIPIENTS_MAX).contains(&form.to.len()),
            "/users",
            Code::FieldLength,
            "1 to 1000 users.",
        );
        let only = form.to.len() == 1;
        let mut recipients = Vec::with_capacity(form.to.len().min(RECIPIENTS_MAX));
        for to in form.to.into_iter().take(RECIPIENTS_MAX) {
            let to = match to {
                Recipient::Id(id) => Some(To::Id(id)),
                Recipient::Email(email) => {
                    let pointer = if only { "/email" } else { "/users" };
                    let address = Address::parse_field(&email, pointer);
                    wrong.take(address).map(|address| To::Email(address.key))
                }
            };
            recipients.extend(to.map(|to| (self.notification_id(), to)));
        }
        message::check_key(form.idempotency_key.as_deref(), &mut wrong);
        let (content, gone_at) = self.checked(form.message, &mut wrong);
        wrong.finish()?;
        let mut hash = ContentHash::of("some", &content);
        for (_, to) in &recipients {
            match to {
                To::Id(id) => hash.part(Some(id.as_bytes())),
                To::Email(key) => hash.part(Some(key.0.as_bytes())),
            }
        }
        Ok(Publication {
            recipients,
            content_hash: hash.done(),
            content,
            gone_at,
            author: by.author(),
            idempotency_key: form.idempotency_key,
        })
    }

    /// What a message says, and when it leaves.
    fn checked(&self, message: Message, wrong: &mut Fields) -> (Content, UnixMs) {
        let (now, policy) = (self.clock.now(), &self.policy.notices);
        let content = message::check(message, policy, now, wrong);
        let kept_until = now.plus_ms(message::keep_ms(&content.category, policy));
        let gone_at = content.expires_at.map_or(kept_until, |at| at.min(kept_until));
        (content, gone_at)
    }

    fn notification_id(&self) -> NotificationId {
        NotificationId::mint(self.clock.as_ref(), self.entropy.as_ref())
    }

    fn act_of(&self, cx: &Cx, by: Publisher<'_>) -> Act {
        match by {
            Publisher::Admin(caller) => self.act_by_admin(cx, caller),
            _ => self.act(cx, None),
        }
    }

    /// Broadcasts a notification: one row for all its readers, sent now or at its time.
    ///
    /// # Errors
    /// As [`Self::publish`]; [`Code::FieldPast`] at `/publish_at`; [`Code::BroadcastsFull`].
    pub async fn announce(
        &self,
        cx: &Cx,
        by: Publisher<'_>,
        form: Announce,
    ) -> Result<Broadcasting, Refusal> {
        by.require(Scope::NotifyBroadcast)?;
        let broadcast = self.new_broadcast(by, form)?;
        let act = self.act_of(cx, by);
        let outcome = self
            .desk
            .write_for(cx, by.caller(), move |desk, cx| {
                Box::pin(async move {
                    let outcome = desk.store.broadcast(cx, act, broadcast).await?;
                    if matches!(&outcome, Broadcasting::Now(sent) if sent.seq.is_some()) {
                        desk.told_many(Signal::Published);
                    }
                    Ok(outcome)
                })
            })
            .await?;
        match outcome {
            Broadcasting::Now(_) | Broadcasting::Before(_) => Ok(outcome),
            Broadcasting::KeyMismatch => Err(Refusal::new(Code::IdempotencyMismatch)),
            Broadcasting::TooMany => Err(Refusal::new(Code::BroadcastsFull)),
        }
    }

    fn new_broadcast(&self, by: Publisher<'_>, form: Announce) -> Result<NewBroadcast, Refusal> {
        let (now, mut wrong) = (self.clock.now(), Fields::default());
        let ahead_ms = form.publish_at.map_or(1, |at| at.since_ms(now));
        wrong.require(ahead_ms > 0, "/publish_at", Code::FieldPast, "A moment in the future.");
        wrong.require(
            ahead_ms <= AHEAD_MAX_MS,
            "/publish_at",
            Code::FieldRange,
            "At most a year ahead.",
        );
        message::check_key(form.idempotency_key.as_deref(), &mut wrong);
        let (content, gone_at) = self.checked(form.message, &mut wrong);
        let starts_at = form.publish_at.unwrap_or(now);
        wrong.require(
            content.expires_at.is_none_or(|end| starts_at < end),
            "/expires_at",
            Code::FieldRange,
            "After `publish_at`.",
        );
        wrong.finish()?;
        let mut hash = ContentHash::of("many", &content);
        let audience = form.audience;
        hash.part(audience.role.map(|role| role.name().as_bytes()));
        hash.part(audience.verified.map(|flag| if flag { &b"1"[..] } else { b"0" }));
        for moment in [audience.created_before, audience.created_after, form.publish_at] {
            hash.moment(moment);
        }
        Ok(NewBroadcast {
            id: self.notification_id(),
            content_hash: hash.done(),
            // Its time begins when it is sent.
            ends_at: content.expires_at.unwrap_or(gone_at.plus_ms(starts_at.since_ms(now))),
            content,
            audience,
            publish_at: form.publish_at,
            author: by.author(),
            idempotency_key: form.idempotency_key,
        })
    }

    /// How many users an audience has just now, before anything is sent to it.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::ApiKeyScope`].
    pub async fn reach(
        &self,
        cx: &Cx,
        by: Publisher<'_>,
        audience: Audience,
    ) -> Result<Reach, Refusal> {
        by.require(Scope::NotifyBroadcast)?;
        Ok(self.desk.store.reach(cx, audience, LOOK_MAX).await?)
    }

    /// Broadcasts, newest first, with how many have read each.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn broadcasts(
        &self,
        cx: &Cx,
        caller: &Caller,
        page: PageRequest,
    ) -> Result<Page<Broadcast>, Refusal> {
        caller.require_admin()?;
        Ok(self.desk.store.broadcasts(cx, page).await?)
    }

    /// Takes a broadcast back from everybody who has not read it.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::BroadcastNotFound`]; [`Code::BroadcastOver`].
    pub async fn recall(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: NotificationId,
    ) -> Result<Broadcast, Refusal> {
        caller.require_admin()?;
        let act = self.act_by_admin(cx, caller);
        let outcome = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let outcome = desk.store.recall(cx, act, id).await?;
                    if matches!(outcome, Recall::Done(_)) {
                        desk.told_many(Signal::Recalled(id));
                    }
                    Ok(outcome)
                })
            })
            .await?;
        match outcome {
            Recall::Done(broadcast) => Ok(*broadcast),
            Recall::NotFound => Err(Refusal::new(Code::BroadcastNotFound)),
            Recall::Over => Err(Refusal::new(Code::BroadcastOver)),
        }
    }

    /// Sends broadcasts whose time has come. Gives how many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn release_broadcasts(&self, cx: &Cx) -> Result<u64, Refusal> {
        let act = self.act(cx, None);
        let sent = self.desk.write(cx, move |desk, cx| {
            Box::pin(async move {
                let sent = desk.store.release(cx, act).await?;
                if sent > 0 {
                    desk.told_many(Signal::Published);
                }
                Ok(sent)
            })
        });
        Ok(sent.await?)
    }
}
