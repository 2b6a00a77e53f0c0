//! Reads of links that open once.

use galen_core::links::{KeptLink, LinkPurpose};
use galen_core::{Page, PageRequest, StoreResult, TokenHash, UnixMs, UserId};

use super::{before, cut, wanted};
use crate::queries::link as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn by_hash(
    tx: &mut dyn Tx,
    hash: &TokenHash,
    purpose: LinkPurpose,
) -> StoreResult<Option<KeptLink>> {
    one(tx, &queries::BY_HASH, &[(&hash.0).into(), purpose.name().into()], rows::link)
}

pub(crate) fn is_unproven(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<bool> {
    let found = one(tx, &queries::UNPROVEN, &[user_id.as_bytes().into()], |_| Ok(()))?;
    Ok(found.is_some())
}

/// The newest link of a user for a purpose that opens at `now`.
pub(crate) fn open_of(
    tx: &mut dyn Tx,
    user_id: UserId,
    purpose: LinkPurpose,
    now: UnixMs,
) -> StoreResult<Option<KeptLink>> {
    let values = [user_id.as_bytes().into(), purpose.name().into(), now.0.into()];
    one(tx, &queries::OPEN_OF_USER, &values, rows::link)
}

pub(crate) fn invitations(tx: &mut dyn Tx, page: PageRequest) -> StoreResult<Page<KeptLink>> {
    let before = before(page);
    let values = [(&before).into(), wanted(page).into()];
    let links = all(tx, &queries::INVITATIONS, &values, rows::link)?;
    Ok(cut(links, page, |link| link.id.0))
}
