//! Reads of carrying on what was published.

use galen_core::dispatch::{
    Addressee, AudienceSlice, FanOut, FanOutProgress, Held, RELEASED_MAX, Release,
};
use galen_core::model::Notification;
use galen_core::post::Channel;
use galen_core::{BROADCASTS_MAX, NotificationId, Seq, StoreResult, UnixMs, UserId};

use crate::commands::dispatch::place;
use crate::queries::{counter, dispatch as queries};
use crate::tx::{Tx, Value, all, one};
use crate::{reads, rows};

/// Behind the columns of an addressee: whether the broadcast is for it.
const IS_READER: usize = 15;

pub(crate) fn dispatched(tx: &mut dyn Tx, channel: Channel) -> StoreResult<Seq> {
    let found = one(tx, &counter::ONE, &[place(channel).into()], |row| row.int(0))?;
    Ok(Seq(found.unwrap_or(0)))
}

pub(crate) fn addressees(
    tx: &mut dyn Tx,
    wanted: &[(UserId, String)],
) -> StoreResult<Vec<Option<Addressee>>> {
    wanted.iter().map(|(id, category)| addressee(tx, *id, category)).collect()
}

fn addressee(tx: &mut dyn Tx, id: UserId, category: &str) -> StoreResult<Option<Addressee>> {
    let values = [category.into(), id.as_bytes().into()];
    let found = one(tx, &queries::ADDRESSEE, &values, rows::addressee)?;
    found.map(|found| with_browsers(tx, found)).transpose()
}

fn with_browsers(tx: &mut dyn Tx, found: Addressee) -> StoreResult<Addressee> {
    Ok(Addressee { browsers: reads::push::names(tx, found.user_id)?, ..found })
}

pub(crate) fn fan_outs(tx: &mut dyn Tx, channel: Channel) -> StoreResult<Vec<FanOut>> {
    let values = [channel.name().into(), i64::from(BROADCASTS_MAX).into()];
    all(tx, &queries::FAN_OUTS, &values, rows::fan_out)
}

pub(crate) fn audience(
    tx: &mut dyn Tx,
    broadcast: NotificationId,
    after: Option<UserId>,
    limit: u32,
) -> StoreResult<AudienceSlice> {
    let after = after.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]);
    let values = [Value::Blob(after), broadcast.as_bytes().into(), i64::from(limit).into()];
    let looked = all(tx, &queries::READERS, &values, |row| {
        Ok((rows::addressee(row)?, row.int(IS_READER)? != 0))
    })?;
    let upto = looked.last().map(|(user, _)| user.user_id);
    let count = u32::try_from(looked.len()).unwrap_or(u32::MAX);
    let readers = looked.into_iter().filter(|(_, is_reader)| *is_reader);
    let readers = readers.map(|(user, _)| with_browsers(tx, user)).collect::<StoreResult<_>>()?;
    Ok(AudienceSlice { looked: count, upto, readers })
}

pub(crate) fn due_release(
    tx: &mut dyn Tx,
    channel: Channel,
    now: UnixMs,
) -> StoreResult<Option<Release>> {
    let values = [channel.name().into(), now.0.into()];
    let Some(user) = one(tx, &queries::HELD_NEXT, &values, |row| rows::id(row, 0))? else {
        return Ok(None);
    };
    let values = [(&user).into(), channel.name().into(), now.0.into(), RELEASED_MAX.into()];
    let held = all(tx, &queries::HELD_OF, &values, rows::held)?;
    let user_id = UserId::from_bytes(user);
    let mut addressee = addressee(tx, user_id, "")?;
    if let Some(addressee) = &mut addressee {
        addressee.preferences = reads::preference::of_user(tx, user_id)?;
    }
    let mut unread = Vec::with_capacity(held.len());
    for one in &held {
        unread.extend(still_unread(tx, one)?);
    }
    Ok(Some(Release { addressee, held, unread }))
}

fn still_unread(tx: &mut dyn Tx, held: &Held) -> StoreResult<Option<Notification>> {
    let values = [held.notification.as_bytes().into(), held.user_id.as_bytes().into()];
    if let Some(told) = one(tx, &queries::UNREAD_TOLD, &values, rows::published)? {
        return Ok(Some(told));
    }
    let shared = one(tx, &queries::UNREAD_BROADCAST, &values, rows::published)?;
    Ok(shared.map(|shared| Notification { is_broadcast: true, ..shared }))
}

/// How far a broadcast has come by each channel it is carried on by.
pub(crate) fn progress(
    tx: &mut dyn Tx,
    broadcast: NotificationId,
) -> StoreResult<Vec<FanOutProgress>> {
    all(tx, &queries::PROGRESS, &[broadcast.as_bytes().into()], rows::progress)
}
