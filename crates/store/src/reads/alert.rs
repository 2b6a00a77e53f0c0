//! Reads of what admins tell the alerts.

use galen_core::model::{RuleChange, Silence};
use galen_core::{StoreResult, UnixMs};

use crate::queries::alert as queries;
use crate::rows;
use crate::tx::{Tx, all};

/// How many changed rules are kept at the most, and how many silences at a time: an admin reads
/// lists of them, and the monitor holds them against every rule at every tick.
pub(crate) const KEPT_MOST: i64 = 1_000;

pub(crate) fn rule_changes(tx: &mut dyn Tx) -> StoreResult<Vec<RuleChange>> {
    all(tx, &queries::RULES, &[KEPT_MOST.into()], rows::rule_change)
}

pub(crate) fn silences(tx: &mut dyn Tx, now: UnixMs) -> StoreResult<Vec<Silence>> {
    all(tx, &queries::SILENCES, &[now.0.into(), KEPT_MOST.into()], rows::silence)
}
