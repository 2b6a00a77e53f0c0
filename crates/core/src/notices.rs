//! The port to notifications: what the store is asked about them and told of them.
//!
//! **The order.** Every notification that is published, to one user or to many, is given a place
//! ([`Seq`]) inside its commit by the one writer. Places rise in the order of the commits and are
//! never given twice, so a reader that remembers the last place it read misses nothing and reads
//! nothing twice. Identifiers are minted before the commit and would skip those that come late.

use serde::{Deserialize, Serialize};

use crate::model::{
    Act, ApiKey, Audience, Broadcast, Broadcasting, InboxAsk, KeyUse, Marked, Missed, NewApiKey,
    NewBroadcast, NoticeSweep, Notification, NotificationPage, Publication, Published, Reach,
    Recall, Step,
};
use crate::{
    ApiKeyId, Cx, Fut, NotificationId, Page, PageRequest, StoreResult, TokenHash, UnixMs, UserId,
};

/// A place in the order of all that was published; 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// A published notification with those it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who gets it.
    pub to: NoticeTo,
    /// What was published; nobody's state is in it.
    pub notification: Notification,
}

/// Who gets a published notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeTo {
    /// This user.
    User(UserId),
    /// Those of the users there were at its place.
    Audience(Audience),
}

/// What was published after a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// The oldest first.
    pub items: Vec<Notice>,
    /// Everything up to here is among `items`: where to read on.
    pub upto: Seq,
    /// Whether there was more when this was read.
    pub more: bool,
}

/// The port. The store implements it beside [`crate::Store`]; commands resolve after their commit is
/// durable.
pub trait NoticeStore: Send + Sync {
    // Reads.

    /// A page of a user's notifications, told alone and broadcast, newest first, with the counts.
    fn notifications<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        ask: InboxAsk,
    ) -> Fut<'a, StoreResult<NotificationPage>>;

    /// What a user was told after a place, at most `limit`, the oldest first: what a stream resumes
    /// with, and what an export is made of.
    fn missed<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        after: Seq,
        limit: u32,
    ) -> Fut<'a, StoreResult<Missed>>;

    /// Everything published after a place, at most `limit`, the oldest first, for whoever carries it
    /// on. What was removed meanwhile is passed over.
    fn notices_after<'a>(
        &'a self,
        cx: &'a Cx,
        after: Seq,
        limit: u32,
    ) -> Fut<'a, StoreResult<Notices>>;

    /// The newest place given.
    fn latest_seq<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Seq>>;

    /// How many users an audience has just now: from kept counts when it is everybody or a role,
    /// otherwise by looking at `look_max` users at the most.
    fn reach<'a>(
        &'a self,
        cx: &'a Cx,
        audience: Audience,
        look_max: u32,
    ) -> Fut<'a, StoreResult<Reach>>;

    /// Broadcasts, newest first, whatever they are.
    fn broadcasts<'a>(
        &'a self,
        cx: &'a Cx,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<Broadcast>>>;

    /// The key under this hash, working or not.
    fn api_key_by_token<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<ApiKey>>>;

    /// Every key, newest first; there are at most [`API_KEYS_MAX`].
    fn api_keys<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<ApiKey>>>;

    // Commands.

    /// `notice.publish`: stores a notification for each recipient there is, and raises their counts,
    /// in one commit. Nothing is kept, and no key, when there is none of them. A key that was
    /// revoked is refused with [`crate::StoreError::KeyEnded`].
    fn publish<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        publication: Publication,
    ) -> Fut<'a, StoreResult<Published>>;

    /// `notice.broadcast`: stores one row for many readers; it is sent with it, or waits for its time.
    fn broadcast<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        broadcast: NewBroadcast,
    ) -> Fut<'a, StoreResult<Broadcasting>>;

    /// `notice.release`: sends broadcasts whose time has come, at most [`BROADCASTS_MAX`], and gives
    /// how many.
    fn release<'a>(&'a self, cx: &'a Cx, act: Act) -> Fut<'a, StoreResult<u64>>;

    /// `notice.recall`: takes a broadcast back from everybody who has not read it.
    fn recall<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: NotificationId,
    ) -> Fut<'a, StoreResult<Recall>>;

    /// `notice.mark`: these of the user's notifications take a step; foreign and unknown ones and
    /// those that took it before are passed over.
    fn mark<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        marking: (Step, Vec<NotificationId>),
    ) -> Fut<'a, StoreResult<Marked>>;

    /// `notice.mark_seen`: the user has seen that everything up to this place is there. Changes
    /// nothing when more than a thousand unread ones came after it: whoever asks is far behind.
    fn mark_seen<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        upto: Seq,
    ) -> Fut<'a, StoreResult<Marked>>;

    /// `notice.mark_all_read`: one slice of marking all of the user's notifications as read, the
    /// oldest first, at most `max_rows`; all are seen with it, and broadcasts are read at once.
    fn mark_all_read<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        max_rows: u32,
    ) -> Fut<'a, StoreResult<Marked>>;

    /// `notice.sweep`: one bounded slice of removing what is over at `now`, through an index. Its
    /// answer does not wait for the disk: what a power cut undoes is swept again.
    fn sweep_notices<'a>(
        &'a self,
        cx: &'a Cx,
        now: UnixMs,
        max_rows: u32,
    ) -> Fut<'a, StoreResult<NoticeSweep>>;

    /// `key.create`: keeps a key. `None`: there are [`API_KEYS_MAX`] already.
    fn create_api_key<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        key: NewApiKey,
    ) -> Fut<'a, StoreResult<Option<ApiKey>>>;

    /// `key.revoke`: a key works no more. Gives whether it did.
    fn revoke_api_key<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ApiKeyId,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `key.note_uses`: writes down when keys were last used.
    fn note_key_uses<'a>(&'a self, cx: &'a Cx, uses: Vec<KeyUse>) -> Fut<'a, StoreResult<()>>;
}

/// How many keys are kept at the most, revoked ones included.
pub const API_KEYS_MAX: u32 = 1_000;

/// How many broadcasts may wait or be live at a time: a user's counts are made of as many rows at
/// the most.
pub const BROADCASTS_MAX: u32 = 200;
