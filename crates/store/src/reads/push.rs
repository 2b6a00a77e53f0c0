//! Reads of the browsers users let be told.

use galen_core::push::{BROWSERS_MAX, Subscription};
use galen_core::{PushId, StoreResult, UserId};

use crate::queries::push as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn of_user(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<Vec<Subscription>> {
    let values = [user_id.as_bytes().into(), BROWSERS_MAX.into()];
    all(tx, &queries::OF_USER, &values, rows::subscription)
}

pub(crate) fn names(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<Vec<PushId>> {
    let values = [user_id.as_bytes().into(), BROWSERS_MAX.into()];
    all(tx, &queries::NAMES, &values, rows::push_id)
}

pub(crate) fn by_id(tx: &mut dyn Tx, id: PushId) -> StoreResult<Option<Subscription>> {
    one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::subscription)
}
