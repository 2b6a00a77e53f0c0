//! Reads of sessions.

use galen_core::model::{Session, SessionFilter, SessionOwner};
use galen_core::{Page, PageRequest, StoreResult, TokenHash, UnixMs, UserId};

use super::{before, cut, wanted};
use crate::queries::session as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn by_token(tx: &mut dyn Tx, hash: &TokenHash) -> StoreResult<Option<SessionOwner>> {
    one(tx, &queries::BY_TOKEN, &[(&hash.0).into()], rows::owner)
}

pub(crate) fn of_user(tx: &mut dyn Tx, user_id: UserId, now: UnixMs) -> StoreResult<Vec<Session>> {
    let values = [user_id.as_bytes().into(), now.0.into()];
    all(tx, &queries::OF_USER, &values, rows::session)
}

pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: &SessionFilter,
    page: PageRequest,
) -> StoreResult<Page<SessionOwner>> {
    let before = before(page);
    let limit = wanted(page);
    let owners = match (filter.user_id, &filter.address) {
        (None, Some(address)) => {
            let values = [address.as_str().into(), (&before).into(), limit.into()];
            all(tx, &queries::PAGE_OF_ADDRESS, &values, rows::owner)?
        }
        (None, None) => {
            let values = [(&before).into(), limit.into()];
            all(tx, &queries::PAGE, &values, rows::owner)?
        }
        (Some(user_id), _) => {
            let values = [user_id.as_bytes().into(), (&before).into(), limit.into()];
            all(tx, &queries::PAGE_OF_USER, &values, rows::owner)?
        }
    };
    Ok(cut(owners, page, |owner| owner.session.id.0))
}
