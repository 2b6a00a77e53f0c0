//! Reads of what users want to be told.

use galen_core::preferences::Preferences;
use galen_core::{StoreResult, UserId};

use crate::queries::preference as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

/// How many rules are read at the most: those a user may have, and those that links in mails added.
const RULES_READ: i64 = 1_000;

/// What a user wants; the default when the user never said.
pub(crate) fn of_user(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<Preferences> {
    let id = user_id.as_bytes();
    let said = one(tx, &queries::OF_USER, &[id.into()], |row| rows::preferences(row, 0))?;
    let rules = all(tx, &queries::RULES, &[id.into(), RULES_READ.into()], rows::preference_rule)?;
    Ok(Preferences { rules, ..said.unwrap_or_default() })
}
