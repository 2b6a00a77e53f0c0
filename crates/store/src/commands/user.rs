//! Commands on users.

use galen_core::model::{
    Act, AuditCode, EndReason, EndedSession, NewUser, Preferences, ProfileChange, Role, User,
    UserChange, UserChangeOutcome, UserCreation, UserStatus,
};
use galen_core::{EndSessions, StoreError, StoreResult, TokenHash, UserId};
use serde_json::{Map, Value as Json, json};

use super::audit::{Trail, user_target};
use super::counts::{self, Counter};
use super::{dispatch, ending, outbox, preference, push, setup};
use crate::queries::{device, link, purge, user as queries};
use crate::reads;
use crate::tx::{Tx, one};

pub(crate) fn create(
    tx: &mut dyn Tx,
    act: &Act,
    new: &NewUser,
    token: Option<&TokenHash>,
) -> StoreResult<UserCreation> {
    if let Some(hash) = token
        && !setup::opens(tx, hash, act.at)?
    {
        return Ok(UserCreation::TokenRefused);
    }
    // Asked before the token is taken, so that an address that is taken does not use it up.
    let email_key = new.email_key.0.as_str();
    if one(tx, &queries::EMAIL_TAKEN, &[email_key.into()], |_| Ok(()))?.is_some() {
        return Ok(UserCreation::EmailTaken);
    }
    if let Some(hash) = token
        && !setup::redeem(tx, hash, act.at)?
    {
        return Ok(UserCreation::TokenRefused);
    }
    let mut trail = Trail::new(act);
    let made = made(tx, act, &mut trail, new)?;
    if token.is_some() {
        trail.write(tx, AuditCode::SetupCompleted, Some(&user_target(new.id)), "{}")?;
    }
    Ok(UserCreation::Created(made))
}

/// Makes a user under an address that was found free in the same command.
pub(super) fn made(
    tx: &mut dyn Tx,
    act: &Act,
    trail: &mut Trail<'_>,
    new: &NewUser,
) -> StoreResult<User> {
    add(tx, act, new)?;
    let params = json!({ "role": new.role }).to_string();
    trail.write(tx, AuditCode::UserCreated, Some(&user_target(new.id)), &params)?;
    Ok(as_kept(act, new))
}

fn add(tx: &mut dyn Tx, act: &Act, new: &NewUser) -> StoreResult<()> {
    let values = [
        new.id.as_bytes().into(),
        new.email.as_str().into(),
        new.email_key.0.as_str().into(),
        new.name.as_str().into(),
        new.password_hash.reveal().as_str().into(),
        new.role.name().into(),
        act.at.0.into(),
        reads::notification::latest(tx)?.0.into(),
    ];
    if tx.run(&queries::ADD, &values)? == 0 {
        return Err(StoreError::Engine("an address that was free is taken".to_owned()));
    }
    counts::add(tx, Counter::Users, 1)?;
    counts::add(tx, Counter::Admins, i64::from(new.role == Role::Admin))?;
    counts::add(tx, Counter::ActiveAdmins, i64::from(new.role == Role::Admin))
}

fn as_kept(act: &Act, new: &NewUser) -> User {
    User {
        id: new.id,
        email: new.email.clone(),
        name: new.name.clone(),
        role: new.role,
        status: UserStatus::Active,
        email_verified_at: None,
        created_at: act.at,
        updated_at: act.at,
        last_login_at: None,
        preferences: Preferences::default(),
        unread: 0,
        unseen: 0,
    }
}

pub(crate) fn change_profile(
    tx: &mut dyn Tx,
    act: &Act,
    id: UserId,
    change: &ProfileChange,
) -> StoreResult<Option<User>> {
    let Some(mut user) = reads::user::by_id(tx, id)? else {
        return Ok(None);
    };
    let before = user.clone();
    if let Some(name) = &change.name {
        user.name.clone_from(name);
    }
    if let Some(preferences) = &change.preferences {
        user.preferences.clone_from(preferences);
    }
    let changed = [
        (user.name != before.name).then_some("name"),
        (user.preferences != before.preferences).then_some("preferences"),
    ];
    let changed: Vec<&str> = changed.into_iter().flatten().collect();
    if changed.is_empty() {
        return Ok(Some(user));
    }
    user.updated_at = act.at;
    let preferences = json!(user.preferences).to_string();
    let values = [
        user.name.as_str().into(),
        preferences.as_str().into(),
        act.at.0.into(),
        id.as_bytes().into(),
    ];
    tx.run(&queries::SET_PROFILE, &values)?;
    let params = json!({ "changed": changed }).to_string();
    let target = user_target(id);
    Trail::new(act).write(tx, AuditCode::UserProfileChanged, Some(&target), &params)?;
    Ok(Some(user))
}

pub(crate) fn change(
    tx: &mut dyn Tx,
    act: &Act,
    id: UserId,
    change: &UserChange,
) -> StoreResult<UserChangeOutcome> {
    let Some(before) = reads::user::by_id(tx, id)? else {
        return Ok(UserChangeOutcome::NotFound);
    };
    let mut after = before.clone();
    after.role = change.role.unwrap_or(before.role);
    after.status = change.status.unwrap_or(before.status);
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if after == before {
        let ended = Vec::new();
        return Ok(UserChangeOutcome::Done { user: before, ended });
    }
    if !count_admin(tx, is_active_admin(&before), is_active_admin(&after))? {
        return Ok(UserChangeOutcome::LastAdmin);
    }
    after.updated_at = act.at;
    let values = [
        after.name.as_str().into(),
        after.role.name().into(),
        after.status.name().into(),
        act.at.0.into(),
        id.as_bytes().into(),
    ];
    tx.run(&queries::CHANGE, &values)?;
    if before.role != after.role {
        let admins = if after.role == Role::Admin { 1 } else { -1 };
        counts::add(tx, Counter::Admins, admins)?;
        let since = reads::notification::latest(tx)?;
        tx.run(&queries::ROLE_SINCE, &[since.0.into(), id.as_bytes().into()])?;
    }
    let mut trail = Trail::new(act);
    let params = what_changed(&before, &after);
    trail.write(tx, AuditCode::UserChanged, Some(&user_target(id)), &params)?;
    let reason = if before.status != after.status && after.status == UserStatus::Disabled {
        Some(EndReason::UserDisabled)
    } else {
        (before.role != after.role).then_some(EndReason::RoleChanged)
    };
    let ended = match reason {
        Some(reason) => end_every(tx, &mut trail, id, reason)?,
        None => Vec::new(),
    };
    Ok(UserChangeOutcome::Done { user: after, ended })
}

pub(crate) fn delete(tx: &mut dyn Tx, act: &Act, id: UserId) -> StoreResult<UserChangeOutcome> {
    let Some(user) = reads::user::by_id(tx, id)? else {
        return Ok(UserChangeOutcome::NotFound);
    };
    if !count_admin(tx, is_active_admin(&user), false)? {
        return Ok(UserChangeOutcome::LastAdmin);
    }
    let ended = remove(tx, act, &user, "{}")?;
    Ok(UserChangeOutcome::Done { user, ended })
}

/// Removes an account whose address nobody proved in time, and that is no admin's by now. Gives the
/// sessions that ended.
pub(super) fn remove_unproven(
    tx: &mut dyn Tx,
    act: &Act,
    id: UserId,
) -> StoreResult<Vec<EndedSession>> {
    let user = reads::user::by_id(tx, id)?;
    match user.filter(|user| user.role == Role::User) {
        Some(user) => remove(tx, act, &user, "{\"reason\":\"unproven\"}"),
        None => {
            tx.run(&link::UNPROVEN_REMOVE, &[id.as_bytes().into()])?;
            Ok(Vec::new())
        }
    }
}

fn remove(tx: &mut dyn Tx, act: &Act, user: &User, params: &str) -> StoreResult<Vec<EndedSession>> {
    let id = user.id;
    let mut trail = Trail::new(act);
    trail.write(tx, AuditCode::UserDeleted, Some(&user_target(id)), params)?;
    let ended = end_every(tx, &mut trail, id, EndReason::UserDeleted)?;
    for query in [
        &queries::REMOVE,
        &purge::ADD,
        &link::FORGET_EVERY,
        &link::UNPROVEN_REMOVE,
        &device::FORGET_EVERY,
    ] {
        tx.run(query, &[id.as_bytes().into()])?;
    }
    outbox::forget_user(tx, id)?;
    preference::forget_user(tx, id)?;
    dispatch::forget_user(tx, id)?;
    push::forget_user(tx, id)?;
    counts::add(tx, Counter::Users, -1)?;
    counts::add(tx, Counter::Admins, -i64::from(user.role == Role::Admin))?;
    Ok(ended)
}

fn end_every(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    user_id: UserId,
    reason: EndReason,
) -> StoreResult<Vec<EndedSession>> {
    ending::all_ended(tx, trail, EndSessions { user_id, keep: None, reason })
}

fn is_active_admin(user: &User) -> bool {
    user.role == Role::Admin && user.status == UserStatus::Active
}

/// Keeps the count of active admins; `false`, and nothing changed, when the last one would go.
fn count_admin(tx: &mut dyn Tx, before: bool, after: bool) -> StoreResult<bool> {
    match (before, after) {
        (true, false) => counts::take_admin(tx),
        (false, true) => counts::add(tx, Counter::ActiveAdmins, 1).map(|()| true),
        _ => Ok(true),
    }
}

/// What an admin changed. Names are not repeated: they are somebody's, not the trail's.
fn what_changed(before: &User, after: &User) -> String {
    let mut params = Map::new();
    if before.role != after.role {
        params.insert("role".to_owned(), json!({ "from": before.role, "to": after.role }));
    }
    if before.status != after.status {
        params.insert("status".to_owned(), json!({ "from": before.status, "to": after.status }));
    }
    if before.name != after.name {
        params.insert("name".to_owned(), Json::Bool(true));
    }
    Json::Object(params).to_string()
}
