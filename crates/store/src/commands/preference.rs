//! Commands on what users want to be told.

use galen_core::model::{Act, AuditCode};
use galen_core::post::Language;
use galen_core::preferences::{Digest, EVERY_OTHER, Preferences, SECURITY, Unwanted};
use galen_core::{StoreResult, UserId};
use serde_json::json;

use super::audit::{Trail, user_target};
use crate::queries::preference as queries;
use crate::tx::{Tx, one};
use crate::{reads, rows};

/// In which language a user wants letters, if the user said so.
pub(super) fn language(tx: &mut dyn Tx, user_id: UserId) -> StoreResult<Option<Language>> {
    let said =
        one(tx, &queries::LANGUAGE, &[user_id.as_bytes().into()], |row| rows::language(row, 0))?;
    Ok(said.flatten())
}

pub(crate) fn set(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    preferences: &Preferences,
) -> StoreResult<()> {
    let id = user_id.as_bytes();
    let quiet = preferences.quiet;
    let said = [
        id.into(),
        preferences.language.map(Language::tag).into(),
        preferences.zone.as_deref().into(),
        quiet.map(|quiet| i64::from(quiet.from_min)).into(),
        quiet.map(|quiet| i64::from(quiet.to_min)).into(),
        Digest::name(preferences.digest).into(),
    ];
    tx.run(&queries::SET, &said)?;
    tx.run(&queries::FORGET_RULES, &[id.into()])?;
    for rule in &preferences.rules {
        let values = [
            id.into(),
            rule.category.as_str().into(),
            rule.email.map(i64::from).into(),
            rule.push.map(i64::from).into(),
        ];
        tx.run(&queries::ADD_RULE, &values)?;
    }
    Trail::new(act).write(tx, AuditCode::PreferencesChanged, Some(&user_target(user_id)), "{}")
}

/// Whoever ends mails once more changes nothing, and leaves no second row in the trail: programs of
/// mailboxes follow such links as often as they like.
pub(crate) fn unsubscribe(
    tx: &mut dyn Tx,
    act: &Act,
    user_id: UserId,
    unwanted: &Unwanted,
) -> StoreResult<bool> {
    if reads::user::by_id(tx, user_id)?.is_none() {
        return Ok(false);
    }
    let before = reads::preference::of_user(tx, user_id)?;
    let id = user_id.as_bytes();
    let category = match unwanted {
        Unwanted::Category(category) => category.as_str(),
        Unwanted::Every => {
            tx.run(&queries::NO_MAIL_AT_ALL, &[id.into(), SECURITY.into()])?;
            EVERY_OTHER
        }
    };
    tx.run(&queries::NO_MAIL_OF, &[id.into(), category.into()])?;
    if reads::preference::of_user(tx, user_id)? != before {
        let params = json!({ "category": category }).to_string();
        let target = user_target(user_id);
        Trail::new(act).write(tx, AuditCode::Unsubscribed, Some(&target), &params)?;
    }
    Ok(true)
}

/// Forgets all that a user wanted, who is deleted.
pub(super) fn forget_user(tx: &mut dyn Tx, id: UserId) -> StoreResult<()> {
    tx.run(&queries::FORGET, &[id.as_bytes().into()])?;
    tx.run(&queries::FORGET_RULES, &[id.as_bytes().into()]).map(drop)
}
