//! What users want to be told, out of rows.

use galen_core::post::Language;
use galen_core::preferences::{CategoryRule, Digest, Preferences, QuietHours};
use galen_core::{StoreError, StoreResult};

use super::{maybe_text, text, word};
use crate::tx::Row;

/// What a user said, but for the rules, from a column on. A row that is all empty, as an outer join
/// gives it, is the default.
pub(crate) fn preferences(row: &dyn Row, first: usize) -> StoreResult<Preferences> {
    if row.maybe_text(first + 4)?.is_none() {
        return Ok(Preferences::default());
    }
    let quiet = match (minute(row, first + 2)?, minute(row, first + 3)?) {
        (Some(from_min), Some(to_min)) => Some(QuietHours { from_min, to_min }),
        _ => None,
    };
    Ok(Preferences {
        language: language(row, first)?,
        zone: maybe_text(row, first + 1)?,
        quiet,
        digest: word(row, first + 4, &Digest::ALL, Digest::name)?,
        rules: Vec::new(),
    })
}

/// A language in this column, if there is one.
pub(crate) fn language(row: &dyn Row, column: usize) -> StoreResult<Option<Language>> {
    match row.maybe_text(column)? {
        Some(_) => word(row, column, &Language::ALL, Language::tag).map(Some),
        None => Ok(None),
    }
}

/// A user's rule about a category.
pub(crate) fn preference_rule(row: &dyn Row) -> StoreResult<CategoryRule> {
    let flag = |column| Ok(row.maybe_int(column)?.map(|flag| flag != 0));
    Ok(CategoryRule { category: text(row, 0)?, email: flag(1)?, push: flag(2)? })
}

fn minute(row: &dyn Row, column: usize) -> StoreResult<Option<u16>> {
    let minute = row.maybe_int(column)?.map(u16::try_from).transpose();
    minute.map_err(|error| StoreError::Engine(format!("column {column}: {error}")))
}
