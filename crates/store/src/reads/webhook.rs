//! Reads of webhooks.

use galen_core::outbox::KeptParcel;
use galen_core::post::Channel;
use galen_core::webhooks::{WEBHOOKS_MAX, Webhook};
use galen_core::{Page, PageRequest, StoreResult, WebhookId};

use super::{before, cut, wanted};
use crate::queries::{parcel, webhook as queries};
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn every(tx: &mut dyn Tx) -> StoreResult<Vec<Webhook>> {
    all(tx, &queries::EVERY, &[WEBHOOKS_MAX.into()], rows::webhook)
}

pub(crate) fn by_id(tx: &mut dyn Tx, id: WebhookId) -> StoreResult<Option<Webhook>> {
    one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::webhook)
}

pub(crate) fn deliveries(
    tx: &mut dyn Tx,
    id: WebhookId,
    page: PageRequest,
) -> StoreResult<Page<KeptParcel>> {
    let (destination, before) = (id.to_string(), before(page));
    let values = [
        Channel::Webhook.name().into(),
        destination.as_str().into(),
        (&before).into(),
        wanted(page).into(),
    ];
    let parcels = all(tx, &parcel::PAGE_TO, &values, rows::parcel)?;
    Ok(cut(parcels, page, |parcel| parcel.id.0))
}
