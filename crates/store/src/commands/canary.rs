//! The canary: one real write, so that whoever asks whether writes work is told by one.

use galen_core::{StoreError, StoreResult};

use crate::queries::counter as queries;
use crate::tx::Tx;

pub(crate) fn sing(tx: &mut dyn Tx) -> StoreResult<()> {
    match tx.run(&queries::CANARY, &[])? {
        1 => Ok(()),
        changed => Err(StoreError::Engine(format!("the canary changed {changed} rows"))),
    }
}
