//! Carrying on: what was published becomes parcels for those who asked, by one channel at a time.

mod hours;
mod letters;

use galen_core::dispatch::{Addressee, Carrying, Dispatch, FanOut, FanOutSlice, Held, Released};
use galen_core::model::{Level, Notification};
use galen_core::outbox::{NewParcel, PHONE};
use galen_core::post::Channel;
use galen_core::preferences::{Digest, EVERY_OTHER, SECURITY};
use galen_core::webhooks::{Webhook, WebhookState};
use galen_core::{Cx, Notice, NoticeTo, Notices, Refusal, UnixMs, UserId};
use serde::Serialize;

use crate::Accounts;
use crate::preferences::wants;

/// How many published notifications are read at a time.
const NOTICES: u32 = 200;
/// How many users of a broadcast's audience are looked at at a time, and at the most in one command as
/// long as none of them is owed anything.
const SLICE_USERS: u32 = 100;
const SLICE_USERS_MAX: u32 = 2_000;
/// How many parcels of a channel may wait before walks through audiences and releases pause: whoever asks for a new
/// password meanwhile waits behind so many mails at the most.
const BACKLOG_MAX: i64 = 400;
/// How many users' held back notifications are released in one turn.
const RELEASES: u32 = 100;
/// How many turns one run takes; the next run follows at once.
const TURNS: u32 = 50;

/// What one run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DispatchReport {
    /// Places of published notifications it went past.
    pub read: i64,
    /// Users of broadcasts' audiences it looked at.
    pub looked: u64,
    /// Parcels it put into the outbox.
    pub parcels: u64,
    /// What it held back.
    pub held: u64,
    /// Users whose held back notifications it released.
    pub released: u64,
}

/// What becomes of a notification for one user by one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// The user does not want it, or cannot get it.
    Never,
    /// It goes now.
    Now,
    /// It is held back until then.
    At(UnixMs),
}

impl Accounts {
    /// Carries on by one channel what was published since the last time, a slice of each broadcast,
    /// and what was held back and is due. `carried`: whether somebody carries this channel.
    ///
    /// # Errors
    /// Those of the store. What was put into the outbox before stays there and is not put there again.
    pub async fn dispatch(
        &self,
        cx: &Cx,
        channel: Channel,
        carried: bool,
    ) -> Result<DispatchReport, Refusal> {
        let mut report = DispatchReport::default();
        for _ in 0..TURNS {
            let mut has_moved = self.carry_on(cx, channel, carried, &mut report).await?;
            if matches!(channel, Channel::Email | Channel::Push) {
                has_moved |= self.fan_out(cx, channel, &mut report).await?;
                has_moved |= self.release(cx, channel, &mut report).await?;
            }
            if !has_moved {
                break;
            }
        }
        Ok(report)
    }

    /// Everything between the channel's place and the newest one, in one command.
    async fn carry_on(
        &self,
        cx: &Cx,
        channel: Channel,
        carried: bool,
        report: &mut DispatchReport,
    ) -> Result<bool, Refusal> {
        let store = &self.desk.store;
        let from = store.dispatched(cx, channel).await?;
        let hooks = self.hooks(cx, channel, carried).await?;
        let notices = match &hooks {
            Ways::None => {
                let upto = store.latest_seq(cx).await?;
                Notices { items: Vec::new(), upto, more: false }
            }
            Ways::Users => store.notices_after(cx, from, NOTICES).await?,
            Ways::To(ends) => {
                let each = u32::try_from(ends.len()).unwrap_or(NOTICES).max(1);
                store.notices_after(cx, from, (NOTICES / each).max(1)).await?
            }
        };
        if notices.upto <= from {
            return Ok(false);
        }
        let (carrying, broadcasts) = match hooks {
            Ways::None => (Carrying::default(), Vec::new()),
            Ways::Users => {
                let shared = notices.items.iter().map(|notice| &notice.notification);
                let shared = shared.filter(|one| one.is_broadcast).map(|one| (one.id, one.seq));
                (self.to_users(cx, channel, &notices.items).await?, shared.collect())
            }
            Ways::To(ends) => (self.to_ends(channel, &notices.items, &ends), Vec::new()),
        };
        let (parcels, held) = (carrying.parcels.len() as u64, carrying.held.len() as u64);
        let at = self.clock.now();
        let (upto, read) = (notices.upto, notices.upto.0 - from.0);
        let dispatch = Dispatch { channel, from, upto, at, carrying, broadcasts };
        let has_moved = store.dispatch(cx, dispatch).await?;
        if has_moved {
            report.read += read;
            report.parcels += parcels;
            report.held += held;
        }
        Ok(has_moved)
    }

    /// To whom a channel leads.
    async fn hooks(&self, cx: &Cx, channel: Channel, carried: bool) -> Result<Ways, Refusal> {
        let policy = &self.policy.notices;
        Ok(match channel {
            Channel::Email | Channel::Push => Ways::Users,
            Channel::Ntfy if carried && !policy.phone.is_empty() => {
                Ways::To(vec![PHONE.to_owned()])
            }
            Channel::Webhook if !policy.webhooks.is_empty() => {
                let is_active = |webhook: &Webhook| webhook.state == WebhookState::Active;
                let webhooks = self.desk.store.webhooks(cx).await?;
                let active = webhooks.iter().filter(|webhook| is_active(webhook));
                Ways::To(active.map(|webhook| webhook.id.to_string()).collect())
            }
            Channel::Ntfy | Channel::Webhook => Ways::None,
        })
    }

    /// What the phone or the webhooks are told: of the categories that were named for them, but of
    /// alerts, which they are told of by the monitor itself.
    fn to_ends(&self, channel: Channel, notices: &[Notice], ends: &[String]) -> Carrying {
        let policy = &self.policy.notices;
        let named = if channel == Channel::Ntfy { &policy.phone } else { &policy.webhooks };
        let is_told = |notification: &Notification| {
            let category = &notification.content.category;
            !letters::is_of_monitor(notification)
                && named.iter().any(|name| name == category || name == EVERY_OTHER)
        };
        let mut parcels = Vec::new();
        for Notice { to, notification } in notices {
            if !is_told(notification) {
                continue;
            }
            let user_id = match to {
                NoticeTo::User(id) => Some(*id),
                NoticeTo::Audience(_) => None,
            };
            let parcel = |end: &String| letters::to_end(notification, user_id, channel, end);
            parcels.extend(ends.iter().map(parcel));
        }
        Carrying { parcels, held: Vec::new() }
    }

    /// What single users were told.
    async fn to_users(
        &self,
        cx: &Cx,
        channel: Channel,
        notices: &[Notice],
    ) -> Result<Carrying, Refusal> {
        let told: Vec<(UserId, &Notification)> = notices
            .iter()
            .filter_map(|notice| match notice.to {
                NoticeTo::User(id) => Some((id, &notice.notification)),
                NoticeTo::Audience(_) => None,
            })
            .collect();
        let wanted = told.iter().map(|(id, one)| (*id, one.content.category.clone())).collect();
        let users = self.desk.store.addressees(cx, wanted).await?;
        let mut carrying = Carrying::default();
        for ((_, notification), user) in told.iter().zip(users) {
            if let Some(user) = user {
                self.carry(channel, notification, &user, &mut carrying);
            }
        }
        Ok(carrying)
    }

    /// One slice of each broadcast whose audience is being walked, as long as few parcels wait.
    async fn fan_out(
        &self,
        cx: &Cx,
        channel: Channel,
        report: &mut DispatchReport,
    ) -> Result<bool, Refusal> {
        let mut has_moved = false;
        for fan_out in self.desk.store.fan_outs(cx, channel).await? {
            if self.backlog(cx, channel).await? >= BACKLOG_MAX {
                break;
            }
            has_moved |= self.slice(cx, channel, fan_out, report).await?;
        }
        Ok(has_moved)
    }

    async fn backlog(&self, cx: &Cx, channel: Channel) -> Result<i64, Refusal> {
        let queues = self.desk.store.queues(cx).await?;
        Ok(queues.iter().find(|queue| queue.channel == channel).map_or(0, |queue| queue.waiting))
    }

    async fn slice(
        &self,
        cx: &Cx,
        channel: Channel,
        fan_out: FanOut,
        report: &mut DispatchReport,
    ) -> Result<bool, Refusal> {
        let (store, FanOut { notification, after }) = (&self.desk.store, fan_out);
        let (mut carrying, mut looked, mut upto) = (Carrying::default(), 0, after);
        let is_last = loop {
            let found = store.audience(cx, notification.id, upto, SLICE_USERS).await?;
            for reader in &found.readers {
                self.carry(channel, &notification, reader, &mut carrying);
            }
            looked += found.looked;
            upto = found.upto.or(upto);
            let owes = !carrying.parcels.is_empty() || !carrying.held.is_empty();
            if found.looked < SLICE_USERS || owes || looked >= SLICE_USERS_MAX {
                break found.looked < SLICE_USERS;
            }
        };
        let (parcels, held) = (carrying.parcels.len() as u64, carrying.held.len() as u64);
        let slice = FanOutSlice {
            channel,
            broadcast: notification.id,
            from: after,
            upto,
            looked,
            is_last,
            at: self.clock.now(),
            carrying,
        };
        let has_moved = store.fan_out(cx, slice).await?;
        if has_moved {
            report.looked += u64::from(looked);
            report.parcels += parcels;
            report.held += held;
        }
        Ok(has_moved)
    }

    /// Releases what was held back and is due: one parcel for a user, however much it is.
    async fn release(
        &self,
        cx: &Cx,
        channel: Channel,
        report: &mut DispatchReport,
    ) -> Result<bool, Refusal> {
        let store = &self.desk.store;
        if self.backlog(cx, channel).await? >= BACKLOG_MAX {
            return Ok(false);
        }
        for turn in 0..RELEASES {
            let now = self.clock.now();
            let Some(due) = store.due_release(cx, channel, now).await? else {
                return Ok(turn > 0);
            };
            let parcels = match &due.addressee {
                Some(user) => self.released(channel, user, &due.unread, now),
                None => Vec::new(),
            };
            let count = parcels.len() as u64;
            let released = Released { channel, at: now, held: due.held, parcels };
            if store.release_held(cx, released).await? {
                report.released += 1;
                report.parcels += count;
            }
        }
        Ok(true)
    }

    fn released(
        &self,
        channel: Channel,
        user: &Addressee,
        unread: &[Notification],
        now: UnixMs,
    ) -> Vec<NewParcel> {
        let is_wanted = |one: &&Notification| self.gets(channel, one, user, now);
        let wanted: Vec<&Notification> = unread.iter().filter(is_wanted).collect();
        match wanted.as_slice() {
            [] => Vec::new(),
            [only] => letters::to_user(only, user, channel),
            several => letters::digest(several, user, channel),
        }
    }

    fn carry(
        &self,
        channel: Channel,
        notification: &Notification,
        user: &Addressee,
        carrying: &mut Carrying,
    ) {
        match self.when(channel, notification, user, self.clock.now()) {
            When::Never => {}
            When::Now => carrying.parcels.extend(letters::to_user(notification, user, channel)),
            When::At(due_at) => carrying.held.push(Held {
                user_id: user.user_id,
                seq: notification.seq,
                notification: notification.id,
                due_at,
            }),
        }
    }

    fn when(
        &self,
        channel: Channel,
        notification: &Notification,
        user: &Addressee,
        now: UnixMs,
    ) -> When {
        if !self.gets(channel, notification, user, now) {
            return When::Never;
        }
        let content = &notification.content;
        if content.level == Level::Error || content.category == SECURITY {
            return When::Now;
        }
        let wishes = &user.preferences;
        let due_at = match wishes.digest {
            digest if channel == Channel::Email && digest != Digest::Off => {
                let morning = hours::next_digest(wishes, digest, now);
                hours::quiet_until(wishes, morning).unwrap_or(morning)
            }
            _ => match hours::quiet_until(wishes, now) {
                None => return When::Now,
                Some(end) => end,
            },
        };
        When::At(due_at)
    }

    /// Whether a user wants a notification by a channel, and can get it.
    fn gets(
        &self,
        channel: Channel,
        notification: &Notification,
        user: &Addressee,
        now: UnixMs,
    ) -> bool {
        let can_get = match channel {
            // Of an address nobody has proven it is not known whose it is. What Galen itself has to
            // say is a mail already, owed by the command it is about.
            Channel::Email => user.is_proven && !letters::is_mailed_already(notification),
            Channel::Push => !user.browsers.is_empty(),
            Channel::Webhook | Channel::Ntfy => false,
        };
        let content = &notification.content;
        can_get
            && user.is_active
            && content.expires_at.is_none_or(|end| now < end)
            && wants(&user.preferences.rules, &self.policy.notices, channel, &content.category)
    }
}

/// To whom a channel leads.
enum Ways {
    /// To nobody: what was published is passed over.
    None,
    /// To users, as each wants it.
    Users,
    /// To these ends, whoever is told.
    To(Vec<String>),
}
