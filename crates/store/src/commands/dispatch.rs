//! Commands that carry on what was published: the place moves beside the parcels, or neither does.

use galen_core::dispatch::{Carrying, Dispatch, FanOutSlice, FanOutState, Released};
use galen_core::outbox::ParcelState;
use galen_core::post::Channel;
use galen_core::{NotificationId, StoreResult, UnixMs, UserId};

use super::counts::{self, Counter};
use super::outbox;
use crate::queries::{broadcast, dispatch as queries, parcel};
use crate::rows;
use crate::tx::{Tx, Value, all, one};

/// The counter under which a channel's place is kept.
pub(crate) const fn place(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "dispatched.email",
        Channel::Ntfy => "dispatched.ntfy",
        Channel::Push => "dispatched.push",
        Channel::Webhook => "dispatched.webhook",
    }
}

pub(crate) fn dispatch(tx: &mut dyn Tx, dispatch: &Dispatch) -> StoreResult<bool> {
    let Dispatch { channel, from, upto, at, carrying, broadcasts } = dispatch;
    let values = [upto.0.into(), place(*channel).into(), from.0.into()];
    if tx.run(&queries::MOVE, &values)? == 0 {
        return Ok(false);
    }
    carry(tx, *channel, *at, carrying)?;
    for (id, seq) in broadcasts {
        let nobody = Value::Blob(&[]);
        let values = [id.as_bytes().into(), channel.name().into(), seq.0.into(), nobody];
        tx.run(&queries::FAN_OUT_ADD, &values)?;
    }
    Ok(true)
}

pub(crate) fn fan_out(tx: &mut dyn Tx, slice: &FanOutSlice) -> StoreResult<bool> {
    let state = if slice.is_last { FanOutState::Done } else { FanOutState::Running };
    let held = i64::try_from(slice.carrying.held.len()).unwrap_or(i64::MAX);
    let upto = slice.upto.or(slice.from);
    let values = [
        user(upto.as_ref()),
        state.name().into(),
        i64::from(slice.looked).into(),
        held.into(),
        slice.broadcast.as_bytes().into(),
        slice.channel.name().into(),
        user(slice.from.as_ref()),
    ];
    if tx.run(&queries::FAN_OUT_MOVE, &values)? == 0 {
        return Ok(false);
    }
    carry(tx, slice.channel, slice.at, &slice.carrying)?;
    Ok(true)
}

/// A user as a walk remembers it; nothing before the first.
fn user(id: Option<&UserId>) -> Value<'_> {
    Value::Blob(id.map_or(&[][..], |id| &id.as_bytes()[..]))
}

fn carry(tx: &mut dyn Tx, channel: Channel, at: UnixMs, carrying: &Carrying) -> StoreResult<()> {
    outbox::owe_each(tx, at, &carrying.parcels)?;
    for held in &carrying.held {
        let values = [
            held.user_id.as_bytes().into(),
            channel.name().into(),
            held.seq.0.into(),
            held.notification.as_bytes().into(),
            held.due_at.0.into(),
        ];
        tx.run(&queries::HOLD, &values)?;
    }
    Ok(())
}

pub(crate) fn release_held(tx: &mut dyn Tx, released: &Released) -> StoreResult<bool> {
    let Released { channel, at, held, parcels } = released;
    let mut gone = 0;
    for held in held {
        let values = [held.user_id.as_bytes().into(), channel.name().into(), held.seq.0.into()];
        gone += tx.run(&queries::LET_GO, &values)?;
    }
    if gone > 0 {
        outbox::owe_each(tx, *at, parcels)?;
    }
    Ok(gone > 0)
}

/// Counts a parcel of a broadcast that is new in the outbox.
pub(super) fn queued(
    tx: &mut dyn Tx,
    broadcast: Option<NotificationId>,
    channel: Channel,
) -> StoreResult<()> {
    let Some(id) = broadcast else { return Ok(()) };
    tx.run(&queries::QUEUED, &[id.as_bytes().into(), channel.name().into()]).map(drop)
}

/// Counts parcels of a broadcast that came to an end, or, below zero, are to be tried again.
pub(super) fn tally(
    tx: &mut dyn Tx,
    broadcast: Option<NotificationId>,
    channel: Channel,
    (state, n): (ParcelState, i64),
) -> StoreResult<()> {
    let Some(id) = broadcast else { return Ok(()) };
    let of = |column: ParcelState| Value::Int(if column == state { n } else { 0 });
    let values = [
        of(ParcelState::Sent),
        of(ParcelState::Failed),
        of(ParcelState::Captured),
        of(ParcelState::Cancelled),
        id.as_bytes().into(),
        channel.name().into(),
    ];
    tx.run(&queries::TALLY, &values).map(drop)
}

/// Whether a parcel carries on what its readers have no more.
pub(super) fn is_recalled(
    tx: &mut dyn Tx,
    carried_on: Option<NotificationId>,
) -> StoreResult<bool> {
    let Some(id) = carried_on else { return Ok(false) };
    Ok(one(tx, &broadcast::IS_LIVE, &[id.as_bytes().into()], |_| Ok(()))?.is_none())
}

/// A broadcast is taken back: its audience is walked no further, and what waits is not sent. There are
/// no more of those than wait before a walk pauses.
pub(super) fn stop(tx: &mut dyn Tx, at: UnixMs, id: NotificationId) -> StoreResult<()> {
    tx.run(&queries::STOP, &[id.as_bytes().into()])?;
    let values = [at.0.into(), id.as_bytes().into()];
    for channel in all(tx, &parcel::CANCEL_OF_BROADCAST, &values, rows::channel)? {
        counts::add(tx, Counter::Waiting(channel), -1)?;
        tally(tx, Some(id), channel, (ParcelState::Cancelled, 1))?;
    }
    Ok(())
}

/// Forgets what is held back for a user who is deleted.
pub(super) fn forget_user(tx: &mut dyn Tx, id: UserId) -> StoreResult<()> {
    tx.run(&queries::FORGET_HELD, &[id.as_bytes().into()]).map(drop)
}
