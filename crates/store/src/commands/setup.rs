//! The one-time setup token: kept by one command, redeemed by another.

use galen_core::{StoreResult, TokenHash, UnixMs};

use super::counts;
use crate::queries::setup as queries;
use crate::tx::{Tx, one};

pub(crate) fn offer(tx: &mut dyn Tx, hash: &TokenHash, expires_at: UnixMs) -> StoreResult<bool> {
    if counts::active_admins(tx)? > 0 {
        return Ok(false);
    }
    tx.run(&queries::OFFER, &[(&hash.0).into(), expires_at.0.into()])?;
    Ok(true)
}

/// Whether this token waits, has not expired, and no active admin is there already.
pub(crate) fn opens(tx: &mut dyn Tx, hash: &TokenHash, now: UnixMs) -> StoreResult<bool> {
    if counts::active_admins(tx)? > 0 {
        return Ok(false);
    }
    let values = [(&hash.0).into(), now.0.into()];
    Ok(one(tx, &queries::WAITS, &values, |_| Ok(()))?.is_some())
}

/// Takes the token away; whoever removes the row has won, everybody else gets `false`.
pub(super) fn redeem(tx: &mut dyn Tx, hash: &TokenHash, now: UnixMs) -> StoreResult<bool> {
    Ok(tx.run(&queries::REDEEM, &[(&hash.0).into(), now.0.into()])? == 1)
}
