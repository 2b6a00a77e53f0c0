//! The outbox: what waits to leave the house, what became of it, and the port to where it is kept.
//!
//! A parcel is written by the command that owes it, in the same savepoint. Whoever sends it first
//! claims it for a while; a claim that is not settled in time, because the program died, is due
//! again. So nothing is lost, and at the most what was being handed over at that moment goes twice,
//! under the same name.

use serde::{Deserialize, Serialize};

use crate::links::{LinkPurpose, Owed};
use crate::model::{Act, EndedSession};
use crate::post::{Channel, Language, LetterCode, LinkName, Param, Rendered};
use crate::{
    Cx, Fut, LinkId, NotificationId, Page, PageRequest, ParcelId, StoreResult, UnixMs, UserId,
};

/// How many parcels may wait at the most; a command that owes one more is refused, and says so.
pub const WAITING_MAX: i64 = 100_000;

/// The destination of what goes to the phone: there is one.
pub const PHONE: &str = "phone";

/// Where a parcel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelState {
    /// It waits for its next attempt.
    Queued,
    /// It is being handed over.
    Sending,
    /// It was handed over.
    Sent,
    /// It will not be tried again.
    Failed,
    /// There is nobody to carry it: it is kept to be read here.
    Captured,
    /// An admin took it back.
    Cancelled,
}

impl ParcelState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Sending, Self::Sent, Self::Failed, Self::Captured, Self::Cancelled];

    /// The state as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Captured => "captured",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it still waits to leave.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }
}

/// A link of a kept letter: what is needed to write it out, and nothing that opens anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrder {
    /// It opens something once, by a secret derived from this name.
    Opens {
        /// What it is for in the letter.
        name: LinkName,
        /// What it opens.
        purpose: LinkPurpose,
        /// Its name.
        id: LinkId,
    },
    /// It leads to a page of this installation, or of the application.
    Leads {
        /// The page's path, or its whole URL.
        path: String,
    },
    /// It ends mails of this kind to the parcel's user (RFC 8058).
    Ends {
        /// The category, or `*` for all that can be turned off.
        category: String,
    },
}

/// A parcel as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptParcel {
    /// Its name, the same at every attempt.
    pub id: ParcelId,
    /// By which way it goes.
    pub channel: Channel,
    /// To which user, when it goes to one.
    pub user_id: Option<UserId>,
    /// To which mailbox, or by its name to which endpoint.
    pub destination: String,
    /// What the letter says.
    pub code: LetterCode,
    /// In which language.
    pub language: Language,
    /// Its parameters.
    pub params: Vec<(String, Param)>,
    /// Its links.
    pub links: Vec<LinkOrder>,
    /// Where it stands.
    pub state: ParcelState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was owed.
    pub created_at: UnixMs,
    /// When it is tried next, or its claim ends.
    pub next_at: UnixMs,
    /// When it stops making sense, because its link does.
    pub expires_at: Option<UnixMs>,
    /// When it left, failed, was captured or cancelled.
    pub ended_at: Option<UnixMs>,
    /// What the other side said last, or what went wrong.
    pub says: Option<String>,
    /// The broadcast it carries on, if it does.
    pub broadcast: Option<NotificationId>,
}

/// A parcel that no other command owes, to be put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParcel {
    /// Its name. One that is there already is not added again: whoever is not sure that it was
    /// added derives the same name and adds it once more.
    pub id: ParcelId,
    /// By which way it goes.
    pub channel: Channel,
    /// To which user, when it goes to one.
    pub user_id: Option<UserId>,
    /// To which mailbox, or by its name to which endpoint.
    pub destination: String,
    /// What the letter says.
    pub code: LetterCode,
    /// In which language.
    pub language: Language,
    /// Its parameters.
    pub params: Vec<(String, Param)>,
    /// Its links; none of them opens anything.
    pub links: Vec<LinkOrder>,
    /// The broadcast it carries on, if it does.
    pub broadcast: Option<NotificationId>,
}

/// Which parcels are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelFilter {
    /// Only those in this state.
    pub state: Option<ParcelState>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The other side took it over.
    Sent {
        /// Its words.
        says: String,
    },
    /// It is to be tried again.
    Again {
        /// When.
        at: UnixMs,
        /// What went wrong.
        says: String,
    },
    /// It is not to be tried again.
    Failed {
        /// What went wrong.
        says: String,
    },
    /// Nobody carries this channel: it is kept to be read here.
    Captured,
}

/// What became of a claimed parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Which parcel.
    pub id: ParcelId,
    /// Which attempt; one that was claimed again since is settled by whoever claimed it.
    pub attempt: u32,
    /// When.
    pub at: UnixMs,
    /// What became of it.
    pub outcome: Attempted,
}

/// What became of an admin's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParcelChange {
    /// It was done.
    Done,
    /// There is no such parcel.
    NotFound,
    /// It does not go with the state the parcel is in.
    NotNow(ParcelState),
}

/// One bounded slice of forgetting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxSweep {
    /// Sent and cancelled parcels that ended at or before this moment go.
    pub sent_at: UnixMs,
    /// Failed and captured ones.
    pub failed_at: UnixMs,
    /// How many captured ones stay at the most, the newest.
    pub captured_max: u32,
    /// Links that expired at or before this moment go.
    pub links_at: UnixMs,
    /// An account registered at or before this moment, whose address nobody proved, goes.
    pub unproven_at: UnixMs,
    /// How many rows of each kind at the most.
    pub max_rows: u32,
}

/// What one slice forgot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxSwept {
    /// Parcels.
    pub parcels: u64,
    /// Links.
    pub links: u64,
    /// The account whose address nobody proved.
    pub account: Option<UserId>,
    /// Its sessions; they must leave every cache.
    pub ended: Vec<EndedSession>,
}

/// What waits in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelQueue {
    /// The channel.
    pub channel: Channel,
    /// How many parcels wait, those being handed over included.
    pub waiting: i64,
    /// When the oldest of them was owed.
    pub oldest_at: Option<UnixMs>,
}

/// The port to where parcels are kept.
pub trait Outbox: Send + Sync {
    /// When the next parcel of this channel is due; `None` when none waits.
    fn parcel_due<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
    ) -> Fut<'a, StoreResult<Option<UnixMs>>>;

    /// Parcels, newest first.
    fn parcels<'a>(
        &'a self,
        cx: &'a Cx,
        filter: ParcelFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptParcel>>>;

    /// The parcel of this name.
    fn parcel<'a>(&'a self, cx: &'a Cx, id: ParcelId) -> Fut<'a, StoreResult<Option<KeptParcel>>>;

    /// What waits, by channel; kept counts, so it costs the same however much does.
    fn queues<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<ChannelQueue>>>;

    /// `post.claim`: takes the parcel of this channel that is due longest, for an attempt that is
    /// settled before `until`. A destination that is being delivered to is passed over, so that a
    /// slow one holds up nobody else.
    fn claim_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
        now: UnixMs,
        until: UnixMs,
    ) -> Fut<'a, StoreResult<Option<KeptParcel>>>;

    /// `post.settle`: writes down what became of an attempt. Gives whether it was still the claim's.
    fn settle_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        settlement: Settlement,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `post.owe`: puts a letter to this address into the outbox that no other command owes.
    fn owe_letter<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        address: String,
        owed: Owed,
    ) -> Fut<'a, StoreResult<()>>;

    /// `post.owe_each`: puts parcels into the outbox that no other command owes, each once. Gives how
    /// many of them were not there yet.
    fn owe_each<'a>(
        &'a self,
        cx: &'a Cx,
        at: UnixMs,
        parcels: Vec<NewParcel>,
    ) -> Fut<'a, StoreResult<u64>>;

    /// `post.resend`: queues a parcel that failed or was captured once more, as if it were new.
    fn resend_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ParcelId,
    ) -> Fut<'a, StoreResult<ParcelChange>>;

    /// `post.cancel`: takes a parcel back that waits for its next attempt.
    fn cancel_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ParcelId,
    ) -> Fut<'a, StoreResult<ParcelChange>>;

    /// `post.sweep`: one bounded slice of forgetting what was sent, links that expired, and accounts
    /// whose address nobody proved.
    fn sweep_outbox<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        work: OutboxSweep,
    ) -> Fut<'a, StoreResult<OutboxSwept>>;
}

/// The port to whoever can write a kept parcel's letter out.
pub trait PostRoom: Send + Sync {
    /// The letter of this parcel as its reader sees it. A link that opens something is whole only
    /// while the parcel is captured: then nobody else can read it; else its secret is left out.
    ///
    /// # Errors
    /// In the words of an operator, when the letter cannot be rendered.
    fn show(&self, parcel: &KeptParcel) -> Result<Rendered, String>;

    /// Whether something may be posted to this URL, as far as that is known before its host is
    /// looked up.
    ///
    /// # Errors
    /// In words for whoever gave it, when nothing may.
    fn judge_url(&self, url: &str) -> Result<(), String>;

    /// Whether somebody carries this channel; what nobody carries is captured.
    fn carries(&self, channel: Channel) -> bool;

    /// The key browsers subscribe to, as they take it (`applicationServerKey`); `None`: they are told
    /// nothing.
    fn push_key(&self) -> Option<String>;
}
