//! Reads of API keys.

use galen_core::model::ApiKey;
use galen_core::{API_KEYS_MAX, StoreResult, TokenHash};

use crate::queries::api_key as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn by_token(tx: &mut dyn Tx, hash: &TokenHash) -> StoreResult<Option<ApiKey>> {
    one(tx, &queries::BY_TOKEN, &[(&hash.0).into()], rows::api_key)
}

pub(crate) fn every(tx: &mut dyn Tx) -> StoreResult<Vec<ApiKey>> {
    all(tx, &queries::EVERY, &[i64::from(API_KEYS_MAX).into()], rows::api_key)
}
