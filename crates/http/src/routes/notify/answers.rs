//! What became of publishing, as it is answered; and the one place that publishes.

use galen_account::{Publish, Publisher};
use galen_core::dispatch::FanOutProgress;
use galen_core::model::{
    Audience, Broadcast, BroadcastState, Broadcasting, Delivered, Published, Reach, Role,
};
use galen_core::{Code, NotificationId, Seq, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Wanted;
use crate::answer::{Answer, created, ok};
use crate::caller::Anybody;
use crate::fault::Fault;
use crate::time::Time;

/// What became of a publishing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Published)]
pub(crate) struct PublishedView {
    /// The notification; there is none when none of many users was found.
    #[schema(value_type = Option<String>, format = "uuid")]
    id: Option<NotificationId>,
    /// Whether it was published now; `false`: before, under the same idempotency key.
    created: bool,
    /// What became of each of many users, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<ResultView>>,
    /// The broadcast, when it is one that was made now.
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcast: Option<BroadcastView>,
}

/// What became of one of many users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedTo)]
struct ResultView {
    /// `published`, or `user.not_found`.
    outcome: &'static str,
    /// The user, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// The notification, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    id: Option<NotificationId>,
    /// Its place.
    #[schema(value_type = Option<i64>)]
    seq: Option<Seq>,
}

impl From<&Delivered> for ResultView {
    fn from(it: &Delivered) -> Self {
        match it {
            Delivered::To { user, id, seq } => {
                Self { outcome: "published", user_id: Some(*user), id: Some(*id), seq: Some(*seq) }
            }
            Delivered::Nobody => {
                Self { outcome: Code::UserNotFound.text(), user_id: None, id: None, seq: None }
            }
        }
    }
}

/// How many users an audience has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reach)]
pub(crate) struct ReachView {
    /// So many.
    users: i64,
    /// Whether all users were looked at; `false`: there are at least so many.
    exact: bool,
}

impl From<Reach> for ReachView {
    fn from(it: Reach) -> Self {
        Self { users: it.users, exact: it.is_exact }
    }
}

/// Who gets a broadcast.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audience)]
struct AudienceView {
    /// Only users of this role.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Only users whose account is older than this moment.
    created_before: Option<Time>,
    /// Only users whose account was made at this moment or later.
    created_after: Option<Time>,
    /// Only users who had, or had not, proven their address.
    verified: Option<bool>,
}

impl From<&Audience> for AudienceView {
    fn from(it: &Audience) -> Self {
        Self {
            role: it.role,
            created_before: it.created_before.map(Time),
            created_after: it.created_after.map(Time),
            verified: it.verified,
        }
    }
}

/// A broadcast, with how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Broadcast)]
pub(crate) struct BroadcastView {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: NotificationId,
    /// Its place, once it was sent.
    #[schema(value_type = Option<i64>)]
    seq: Option<Seq>,
    /// `scheduled`, `live`, `recalled` or `ended`.
    #[schema(value_type = String)]
    state: BroadcastState,
    /// What it is about.
    category: String,
    /// Its one line.
    title: String,
    /// Its code, if it has one.
    code: Option<String>,
    /// Who gets it.
    audience: AudienceView,
    /// Who published it: `user`, `api_key`, `system` or `monitor`.
    created_by: &'static str,
    /// When it was written.
    created_at: Time,
    /// When it is to be sent, or was.
    publish_at: Time,
    /// When it ends.
    ends_at: Time,
    /// How many have it.
    reach: ReachView,
    /// How many have read it.
    read: i64,
    /// How far it has come by mail and push: one entry each, once it is under way.
    channels: Vec<FanOutView>,
}

/// How far a broadcast has come by a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastChannel)]
struct FanOutView {
    /// `email` or `push`.
    channel: &'static str,
    /// `running` while its audience is looked through, `done`, or `stopped` when it was taken back.
    state: &'static str,
    /// Users looked at so far.
    looked: i64,
    /// Messages put into the outbox so far, whatever became of them.
    queued: i64,
    /// Readers for whom it is held back: for the end of quiet hours, or for a digest.
    held: i64,
    /// Messages that were delivered.
    delivered: i64,
    /// Messages that will not be delivered.
    failed: i64,
    /// Messages that are kept to be read in the outbox, because nobody carries them.
    captured: i64,
    /// Messages that were taken back before they were sent.
    cancelled: i64,
}

impl From<&FanOutProgress> for FanOutView {
    fn from(it: &FanOutProgress) -> Self {
        Self {
            channel: it.channel.name(),
            state: it.state.name(),
            looked: it.looked,
            queued: it.queued,
            held: it.held,
            delivered: it.sent,
            failed: it.failed,
            captured: it.captured,
            cancelled: it.cancelled,
        }
    }
}

impl From<&Broadcast> for BroadcastView {
    fn from(it: &Broadcast) -> Self {
        Self {
            id: it.id,
            seq: it.seq,
            state: it.state,
            category: it.content.category.clone(),
            title: it.content.title.clone(),
            code: it.content.code.clone(),
            audience: (&it.audience).into(),
            created_by: it.author.kind(),
            created_at: it.created_at.into(),
            publish_at: it.publish_at.into(),
            ends_at: it.ends_at.into(),
            reach: it.reach.into(),
            read: it.read,
            channels: it.carried.iter().map(FanOutView::from).collect(),
        }
    }
}

/// Publishes what is wanted: THE one way, for admins and applications alike.
pub(crate) async fn publish(anybody: &Anybody, by: Publisher<'_>, wanted: Wanted) -> Answer {
    let (accounts, cx) = (anybody.accounts(), anybody.cx());
    let view = match wanted {
        Wanted::One(form) => {
            let (created, delivered) = told(anybody, by, form).await?;
            match delivered[..] {
                [Delivered::To { id, .. }] => {
                    PublishedView { id: Some(id), created, results: None, broadcast: None }
                }
                _ => return Err(Fault::new(Code::UserNotFound)),
            }
        }
        Wanted::Some(form) => {
            let (created, delivered) = told(anybody, by, form).await?;
            let results: Vec<ResultView> = delivered.iter().map(Into::into).collect();
            let id = results.iter().find_map(|one| one.id);
            PublishedView { id, created, results: Some(results), broadcast: None }
        }
        Wanted::Many(form) => match accounts.announce(cx, by, form).await? {
            Broadcasting::Now(broadcast) => PublishedView {
                id: Some(broadcast.id),
                created: true,
                results: None,
                broadcast: Some((&*broadcast).into()),
            },
            Broadcasting::Before(id) => {
                PublishedView { id: Some(id), created: false, results: None, broadcast: None }
            }
            Broadcasting::KeyMismatch => return Err(Fault::new(Code::IdempotencyMismatch)),
            Broadcasting::TooMany => return Err(Fault::new(Code::BroadcastsFull)),
        },
    };
    if view.created { created(&view, None) } else { ok(&view) }
}

async fn told(
    anybody: &Anybody,
    by: Publisher<'_>,
    form: Publish,
) -> Result<(bool, Vec<Delivered>), Fault> {
    match anybody.accounts().publish(anybody.cx(), by, form).await? {
        Published::Now(delivered) => Ok((true, delivered)),
        Published::Before(delivered) => Ok((false, delivered)),
        Published::KeyMismatch => Err(Fault::new(Code::IdempotencyMismatch)),
    }
}
