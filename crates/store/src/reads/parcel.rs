//! Reads of the outbox.

use galen_core::outbox::{ChannelQueue, KeptParcel, ParcelFilter};
use galen_core::post::Channel;
use galen_core::{Page, PageRequest, ParcelId, StoreResult, UnixMs};

use super::{before, cut, wanted};
use crate::commands::counts;
use crate::queries::parcel as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn due(tx: &mut dyn Tx, channel: Channel) -> StoreResult<Option<UnixMs>> {
    one(tx, &queries::DUE, &[channel.name().into()], |row| row.int(0).map(UnixMs))
}

pub(crate) fn by_id(tx: &mut dyn Tx, id: ParcelId) -> StoreResult<Option<KeptParcel>> {
    one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::parcel)
}

pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: ParcelFilter,
    page: PageRequest,
) -> StoreResult<Page<KeptParcel>> {
    let (before, limit) = (before(page), wanted(page));
    let parcels = match filter.state {
        None => all(tx, &queries::PAGE, &[(&before).into(), limit.into()], rows::parcel)?,
        Some(state) => {
            let values = [state.name().into(), (&before).into(), limit.into()];
            all(tx, &queries::PAGE_IN_STATE, &values, rows::parcel)?
        }
    };
    Ok(cut(parcels, page, |parcel| parcel.id.0))
}

pub(crate) fn queues(tx: &mut dyn Tx) -> StoreResult<Vec<ChannelQueue>> {
    let queue = |channel: Channel| {
        let waiting = counts::waiting(tx, channel)?;
        let oldest = one(tx, &queries::OLDEST, &[channel.name().into()], |row| row.int(0));
        Ok(ChannelQueue { channel, waiting, oldest_at: oldest?.map(UnixMs) })
    };
    Channel::ALL.into_iter().map(queue).collect()
}
