//! Carrying on what was published: from the inbox into the outbox, once for every reader who asked.
//!
//! Each channel reads on from a place of its own, and so waits for no other. The place moves in the
//! command that puts the parcels into the outbox: whatever dies in between, nothing is carried on
//! twice and nothing is left out. A broadcast is carried on in slices of its audience, each with the
//! same promise.

use serde::{Deserialize, Serialize};

use crate::model::Notification;
use crate::outbox::NewParcel;
use crate::post::Channel;
use crate::preferences::Preferences;
use crate::{Cx, Fut, NotificationId, PushId, Seq, StoreResult, UnixMs, UserId};

/// How many of what is held back for a user are released at a time.
pub const RELEASED_MAX: i64 = 100;

/// A user as far as carrying something on needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Who it is.
    pub user_id: UserId,
    /// The address mail goes to.
    pub email: String,
    /// Whether the user may sign in.
    pub is_active: bool,
    /// Whether somebody proved to own the address.
    pub is_proven: bool,
    /// What the user wants; of the rules only those that were asked for.
    pub preferences: Preferences,
    /// The browsers the user lets be told.
    pub browsers: Vec<PushId>,
}

/// What is held back for a user until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// For whom.
    pub user_id: UserId,
    /// The notification's place.
    pub seq: Seq,
    /// Its name.
    pub notification: NotificationId,
    /// When it is to be released.
    pub due_at: UnixMs,
}

/// What is owed by one channel of what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carrying {
    /// What goes into the outbox now.
    pub parcels: Vec<NewParcel>,
    /// What is held back.
    pub held: Vec<Held>,
}

/// The input of `post.dispatch`: what is owed of everything between two places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// By which channel.
    pub channel: Channel,
    /// The place it was read from.
    pub from: Seq,
    /// The place up to which it was read.
    pub upto: Seq,
    /// When.
    pub at: UnixMs,
    /// What is owed.
    pub carrying: Carrying,
    /// The broadcasts among what was read, whose audience is to be walked, with their places.
    pub broadcasts: Vec<(NotificationId, Seq)>,
}

/// A broadcast whose audience is being walked for a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOut {
    /// What is broadcast.
    pub notification: Notification,
    /// The last user that was looked at; `None` before the first.
    pub after: Option<UserId>,
}

/// Some of the users there are, in the order of their names, with those of them who get a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceSlice {
    /// How many were looked at.
    pub looked: u32,
    /// The last one that was looked at.
    pub upto: Option<UserId>,
    /// Those who get it.
    pub readers: Vec<Addressee>,
}

/// The input of `post.fan_out`: what is owed to a slice of a broadcast's audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOutSlice {
    /// By which channel.
    pub channel: Channel,
    /// Which broadcast.
    pub broadcast: NotificationId,
    /// The user the slice was read from.
    pub from: Option<UserId>,
    /// The last user that was looked at.
    pub upto: Option<UserId>,
    /// How many were looked at.
    pub looked: u32,
    /// Whether there is nobody after them.
    pub is_last: bool,
    /// When.
    pub at: UnixMs,
    /// What is owed.
    pub carrying: Carrying,
}

/// What is to be released for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// For whom; `None`: the user is gone.
    pub addressee: Option<Addressee>,
    /// Everything held back that is due, at most [`RELEASED_MAX`].
    pub held: Vec<Held>,
    /// What of it is still there and was not read, the oldest first.
    pub unread: Vec<Notification>,
}

/// The input of `post.release`: what was held back for one user, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// By which channel.
    pub channel: Channel,
    /// When.
    pub at: UnixMs,
    /// What is held back no more.
    pub held: Vec<Held>,
    /// What goes into the outbox for it.
    pub parcels: Vec<NewParcel>,
}

/// Whether a broadcast's audience is still being walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanOutState {
    /// It is.
    Running,
    /// Everybody was looked at.
    Done,
    /// It was taken back before.
    Stopped,
}

impl FanOutState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Stopped];

    /// The state as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }
}

/// How far a broadcast has come by a channel: kept with every step, never counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOutProgress {
    /// The channel.
    pub channel: Channel,
    /// Whether its audience is still being walked.
    pub state: FanOutState,
    /// Users looked at.
    pub looked: i64,
    /// Parcels that were put into the outbox.
    pub queued: i64,
    /// Readers for whom it is held back: for the end of quiet hours, or for a digest.
    pub held: i64,
    /// Parcels the other side took over.
    pub sent: i64,
    /// Parcels that will not be tried again.
    pub failed: i64,
    /// Parcels nobody carries: they are read here.
    pub captured: i64,
    /// Parcels that were taken back.
    pub cancelled: i64,
}

/// The port.
pub trait Dispatcher: Send + Sync {
    /// Up to which place a channel has carried everything on.
    fn dispatched<'a>(&'a self, cx: &'a Cx, channel: Channel) -> Fut<'a, StoreResult<Seq>>;

    /// These users, each with the rules about its category and about every other, in their order;
    /// `None`: there is no such user any more.
    fn addressees<'a>(
        &'a self,
        cx: &'a Cx,
        wanted: Vec<(UserId, String)>,
    ) -> Fut<'a, StoreResult<Vec<Option<Addressee>>>>;

    /// The broadcasts whose audience is being walked for a channel, the oldest first.
    fn fan_outs<'a>(&'a self, cx: &'a Cx, channel: Channel) -> Fut<'a, StoreResult<Vec<FanOut>>>;

    /// The next users after one, at most `limit`, with those of them who get this broadcast.
    fn audience<'a>(
        &'a self,
        cx: &'a Cx,
        broadcast: NotificationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Fut<'a, StoreResult<AudienceSlice>>;

    /// What is to be released at `now` for the user for whom something is due longest.
    fn due_release<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Option<Release>>>;

    /// `post.dispatch`: puts what is owed into the outbox and moves the channel's place. Gives
    /// `false`, and changes nothing, when the place is not where it was read from.
    fn dispatch<'a>(&'a self, cx: &'a Cx, dispatch: Dispatch) -> Fut<'a, StoreResult<bool>>;

    /// `post.fan_out`: puts what is owed to a slice into the outbox and moves on. Gives `false`, and
    /// changes nothing, when the walk is not where it was read from, or was stopped.
    fn fan_out<'a>(&'a self, cx: &'a Cx, slice: FanOutSlice) -> Fut<'a, StoreResult<bool>>;

    /// `post.release`: puts into the outbox what was made of what was held back, which is held back
    /// no more. Gives `false`, and changes nothing, when none of it was.
    fn release_held<'a>(&'a self, cx: &'a Cx, released: Released) -> Fut<'a, StoreResult<bool>>;
}
