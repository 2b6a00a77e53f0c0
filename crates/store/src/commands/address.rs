//! Commands on addresses: a user's other one, and those that are invited.

use galen_core::links::{EmailChange, EmailConfirmed, Inviting, LinkPurpose, LinkRefused, Owed};
use galen_core::model::{Act, AuditCode, NewUser, Role, User};
use galen_core::{LinkId, StoreResult, TokenHash, UserId};
use serde_json::json;

use super::audit::{Trail, user_target};
use super::link::{Standing, forget, opening, prove, standing, use_up};
use super::outbox::{Bound, keep_link, owe};
use super::user;
use crate::queries::{link as queries, user as users};
use crate::reads;
use crate::tx::Tx;

pub(crate) fn ask_change(tx: &mut dyn Tx, act: &Act, change: &EmailChange) -> StoreResult<()> {
    let Some(user) = reads::user::by_id(tx, change.user_id)? else { return Ok(()) };
    forget(tx, user.id, &[LinkPurpose::ConfirmEmail])?;
    let new = Bound {
        email: change.email.clone(),
        email_key: change.email_key.0.clone(),
        is_proven: false,
        ..Bound::to(tx, &user)?
    };
    let other = reads::user::credentials_by_email(tx, &change.email_key.0)?
        .map(|known| known.user)
        .filter(|known| known.id != user.id);
    match (&other, &change.confirm.opens) {
        // The link is kept and never sent, so that what is pending looks the same.
        (Some(other), Some((_, link))) => {
            keep_link(tx, act, &new, link)?;
            owe(tx, act, &Bound::at(other, change.email_key.clone()), &change.taken)?;
        }
        _ => owe(tx, act, &new, &change.confirm)?,
    }
    let old = Bound::to(tx, &user)?;
    owe(tx, act, &old, &change.told)?;
    let target = user_target(user.id);
    Trail::new(act).write(tx, AuditCode::EmailChangeAsked, Some(&target), "{}")
}

pub(crate) fn cancel_change(tx: &mut dyn Tx, act: &Act, user_id: UserId) -> StoreResult<bool> {
    let values = [user_id.as_bytes().into(), LinkPurpose::ConfirmEmail.name().into()];
    if tx.run(&queries::FORGET_OF_USER, &values)? == 0 {
        return Ok(false);
    }
    let target = user_target(user_id);
    Trail::new(act).write(tx, AuditCode::EmailChangeCancelled, Some(&target), "{}")?;
    Ok(true)
}

pub(crate) fn confirm(
    tx: &mut dyn Tx,
    act: &Act,
    hash: &TokenHash,
    told: &Owed,
) -> StoreResult<Result<EmailConfirmed, LinkRefused>> {
    let Standing { link, credentials, .. } =
        opening!(standing(tx, act, hash, LinkPurpose::ConfirmEmail)?);
    let user = credentials.user;
    let other = reads::user::credentials_by_email(tx, &link.email_key.0)?;
    if other.is_some_and(|other| other.user.id != user.id) {
        return Ok(Ok(EmailConfirmed::Taken));
    }
    if !use_up(tx, act, &link)? {
        return Ok(Err(LinkRefused::Used));
    }
    let old = Bound::to(tx, &user)?;
    let values = [
        link.email.as_str().into(),
        link.email_key.0.as_str().into(),
        act.at.0.into(),
        user.id.as_bytes().into(),
    ];
    tx.run(&users::SET_EMAIL, &values)?;
    tx.run(&queries::UNPROVEN_REMOVE, &[user.id.as_bytes().into()])?;
    let bound_to_old = [LinkPurpose::VerifyEmail, LinkPurpose::ResetPassword];
    forget(tx, user.id, &bound_to_old)?;
    let target = user_target(user.id);
    Trail::new(act).write(tx, AuditCode::EmailChanged, Some(&target), "{}")?;
    owe(tx, act, &old, told)?;
    let now =
        User { email: link.email, email_verified_at: Some(act.at), updated_at: act.at, ..user };
    Ok(Ok(EmailConfirmed::Changed(now)))
}

pub(crate) fn invite(
    tx: &mut dyn Tx,
    act: &Act,
    inviting: &Inviting,
) -> StoreResult<Option<LinkId>> {
    let Some((_, link)) = &inviting.owed.opens else { return Ok(None) };
    if reads::user::credentials_by_email(tx, &inviting.email_key.0)?.is_some() {
        return Ok(None);
    }
    tx.run(&queries::FORGET_INVITED, &[inviting.email_key.0.as_str().into()])?;
    let to = Bound {
        user_id: None,
        name: String::new(),
        email: inviting.email.clone(),
        email_key: inviting.email_key.0.clone(),
        is_proven: false,
        role: Some(inviting.role),
    };
    owe(tx, act, &to, &inviting.owed)?;
    let params = json!({ "role": inviting.role }).to_string();
    let target = format!("invitation:{}", link.id);
    Trail::new(act).write(tx, AuditCode::InvitationSent, Some(&target), &params)?;
    Ok(Some(link.id))
}

pub(crate) fn withdraw(tx: &mut dyn Tx, act: &Act, id: LinkId) -> StoreResult<bool> {
    if tx.run(&queries::FORGET_INVITATION, &[id.as_bytes().into()])? == 0 {
        return Ok(false);
    }
    let target = format!("invitation:{id}");
    Trail::new(act).write(tx, AuditCode::InvitationWithdrawn, Some(&target), "{}")?;
    Ok(true)
}

/// The address and the role are the invitation's, whatever the new user says.
pub(crate) fn accept(
    tx: &mut dyn Tx,
    act: &Act,
    hash: &TokenHash,
    new: NewUser,
) -> StoreResult<Result<Option<User>, LinkRefused>> {
    let Some(link) = reads::link::by_hash(tx, hash, LinkPurpose::Invitation)? else {
        return Ok(Err(LinkRefused::Unknown));
    };
    opening!(link.opens(act.at));
    if reads::user::credentials_by_email(tx, &link.email_key.0)?.is_some() {
        return Ok(Ok(None));
    }
    if !use_up(tx, act, &link)? {
        return Ok(Err(LinkRefused::Used));
    }
    let new = NewUser {
        email: link.email.clone(),
        email_key: link.email_key.clone(),
        role: link.role.unwrap_or(Role::User),
        ..new
    };
    let mut trail = Trail::new(act);
    let made = user::made(tx, act, &mut trail, &new)?;
    let target = format!("invitation:{}", link.id);
    trail.write(tx, AuditCode::InvitationAccepted, Some(&target), "{}")?;
    prove(tx, act, &mut trail, new.id)?;
    Ok(Ok(Some(User { email_verified_at: Some(act.at), ..made })))
}
