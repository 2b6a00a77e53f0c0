//! The counts every command keeps beside what it changes.

use galen_core::post::Channel;
use galen_core::{StoreResult, UnixMs};

use crate::queries::counter as queries;
use crate::tx::{Tx, one};

/// A kept count, by the name of its row.
#[derive(Clone, Copy)]
pub(super) enum Counter {
    Users,
    Admins,
    ActiveAdmins,
    Sessions,
    Notifications,
    /// Parcels of a channel that wait to leave.
    Waiting(Channel),
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Admins => "admins",
            Self::ActiveAdmins => "active_admins",
            Self::Sessions => "sessions",
            Self::Notifications => "notifications",
            Self::Waiting(Channel::Email) => "waiting.email",
            Self::Waiting(Channel::Ntfy) => "waiting.ntfy",
            Self::Waiting(Channel::Push) => "waiting.push",
            Self::Waiting(Channel::Webhook) => "waiting.webhook",
        }
    }
}

pub(super) fn add(tx: &mut dyn Tx, counter: Counter, n: i64) -> StoreResult<()> {
    if n != 0 {
        tx.run(&queries::ADD, &[n.into(), counter.name().into()])?;
    }
    Ok(())
}

pub(super) fn active_admins(tx: &mut dyn Tx) -> StoreResult<i64> {
    count(tx, Counter::ActiveAdmins)
}

/// How many parcels of a channel wait to leave.
pub(crate) fn waiting(tx: &mut dyn Tx, channel: Channel) -> StoreResult<i64> {
    count(tx, Counter::Waiting(channel))
}

fn count(tx: &mut dyn Tx, counter: Counter) -> StoreResult<i64> {
    Ok(one(tx, &queries::ONE, &[counter.name().into()], |row| row.int(0))?.unwrap_or(0))
}

/// Takes one from the active admins; `false`, and nothing changed, when it would be the last.
pub(super) fn take_admin(tx: &mut dyn Tx) -> StoreResult<bool> {
    Ok(tx.run(&queries::TAKE_ADMIN, &[])? == 1)
}

/// A session was opened that expires at this moment.
pub(super) fn session_opened(tx: &mut dyn Tx, expires_at: UnixMs) -> StoreResult<()> {
    tx.run(&queries::EXPIRY_ADD, &[expires_at.0.into()])?;
    add(tx, Counter::Sessions, 1)
}

/// A session's expiry moved.
pub(super) fn session_moved(tx: &mut dyn Tx, from: UnixMs, to: UnixMs) -> StoreResult<()> {
    if from != to {
        tx.run(&queries::EXPIRY_TAKE, &[1.into(), from.0.into()])?;
        tx.run(&queries::EXPIRY_ADD, &[to.0.into()])?;
    }
    Ok(())
}

/// Sessions that would have expired at these moments are gone.
pub(super) fn sessions_gone(tx: &mut dyn Tx, expired_at: &mut [UnixMs]) -> StoreResult<()> {
    expired_at.sort_unstable();
    for alike in expired_at.chunk_by(|a, b| a == b) {
        let n = i64::try_from(alike.len()).unwrap_or(i64::MAX);
        if let Some(moment) = alike.first() {
            tx.run(&queries::EXPIRY_TAKE, &[n.into(), moment.0.into()])?;
        }
    }
    add(tx, Counter::Sessions, -i64::try_from(expired_at.len()).unwrap_or(i64::MAX))
}
