//! Commands on links that open once: proving an address, setting a password, "this was not me".

use galen_core::links::{
    Device, Disowning, KeptLink, LinkPurpose, LinkRefused, Opened, Owed, Ownership, PasswordReset,
    Registered, Registering, SendLink,
};
use galen_core::model::{Act, AuditCode, Credentials, EndReason, EndedSession, UserStatus};
use galen_core::{EndSession, EndSessions, Secret, SessionId, StoreResult, TokenHash, UserId};
use serde_json::json;

use super::audit::{Trail, user_target};
use super::outbox::{Bound, owe};
use super::{ending, user};
use crate::queries::{device, link as queries, session, user as users};
use crate::reads;
use crate::rows;
use crate::tx::{Tx, one};

/// How many devices of a user are remembered, those seen last.
const DEVICES_KEPT: i64 = 50;
/// How much later than the last time a device must be seen for it to be written down, in
/// milliseconds: a day.
const SEEN_AGAIN_MS: i64 = 86_400_000;

/// Early way out of a command that uses a link: nothing was changed yet.
macro_rules! opening {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        }
    };
}
pub(super) use opening;

/// What a link that opens is bound to, all of it still there.
pub(super) struct Standing {
    pub(super) link: KeptLink,
    pub(super) credentials: Credentials,
    /// The canonical form of the user's address as of now.
    pub(super) email_key: String,
}

/// The link under this hash with its user, if it opens and the user is active. Nothing is changed.
pub(super) fn standing(
    tx: &mut dyn Tx,
    act: &Act,
    hash: &TokenHash,
    purpose: LinkPurpose,
) -> StoreResult<Result<Standing, LinkRefused>> {
    let Some(link) = reads::link::by_hash(tx, hash, purpose)? else {
        return Ok(Err(LinkRefused::Unknown));
    };
    if let Err(refused) = link.opens(act.at) {
        return Ok(Err(refused));
    }
    let Some(user_id) = link.user_id else {
        return Ok(Err(LinkRefused::Unknown));
    };
    let credentials = reads::user::credentials_by_id(tx, user_id)?;
    let active = credentials.filter(|known| known.user.status == UserStatus::Active);
    let Some(credentials) = active else {
        return Ok(Err(LinkRefused::Unknown));
    };
    let email_key = Bound::to(tx, &credentials.user)?.email_key;
    Ok(Ok(Standing { link, credentials, email_key }))
}

/// The same of a link that holds only while the account has the address it was sent to
/// (CVE-2026-115770).
fn standing_at_its_address(
    tx: &mut dyn Tx,
    act: &Act,
    hash: &TokenHash,
    purpose: LinkPurpose,
) -> StoreResult<Result<Standing, LinkRefused>> {
    Ok(standing(tx, act, hash, purpose)?.and_then(|standing| {
        let is_there = standing.email_key == standing.link.email_key.0;
        if is_there { Ok(standing) } else { Err(LinkRefused::Unknown) }
    }))
}

/// Uses a link up; whoever changes its row has won.
pub(super) fn use_up(tx: &mut dyn Tx, act: &Act, link: &KeptLink) -> StoreResult<bool> {
    Ok(tx.run(&queries::USE, &[act.at.0.into(), link.id.as_bytes().into()])? == 1)
}

/// Forgets links of a user that were not used.
pub(super) fn forget(
    tx: &mut dyn Tx,
    user_id: UserId,
    purposes: &[LinkPurpose],
) -> StoreResult<()> {
    for purpose in purposes {
        let values = [user_id.as_bytes().into(), purpose.name().into()];
        tx.run(&queries::FORGET_OF_USER, &values)?;
    }
    Ok(())
}

pub(crate) fn register(
    tx: &mut dyn Tx,
    act: &Act,
    registering: &Registering,
) -> StoreResult<Registered> {
    let new = &registering.user;
    let mut trail = Trail::new(act);
    let found = reads::user::credentials_by_email(tx, &new.email_key.0)?;
    let Some(known) = found.map(|known| known.user) else {
        let made = user::made(tx, act, &mut trail, new)?;
        tx.run(&queries::UNPROVEN_ADD, &[new.id.as_bytes().into(), act.at.0.into()])?;
        owe(tx, act, &Bound::at(&made, new.email_key.clone()), &registering.verify)?;
        return Ok(Registered::Made(new.id));
    };
    let target = user_target(known.id);
    trail.write(tx, AuditCode::Registered, Some(&target), "{\"outcome\":\"taken\"}")?;
    if known.status == UserStatus::Active {
        // Whoever registered before need not own the address: its owner gets the same link again,
        // and decides with it.
        let is_open = reads::link::is_unproven(tx, known.id)?;
        let owed = if is_open { &registering.verify } else { &registering.taken };
        owe(tx, act, &Bound::at(&known, new.email_key.clone()), owed)?;
    }
    Ok(Registered::Taken)
}

pub(crate) fn send(tx: &mut dyn Tx, act: &Act, send: &SendLink) -> StoreResult<()> {
    let found = reads::user::credentials_by_email(tx, &send.email_key.0)?;
    let wanted = found.map(|known| known.user).filter(|user| {
        let proves =
            matches!(&send.owed.opens, Some((_, link)) if link.purpose == LinkPurpose::VerifyEmail);
        user.status == UserStatus::Active && !(proves && user.email_verified_at.is_some())
    });
    let params = json!({ "account": send.digest, "sent": wanted.is_some() }).to_string();
    let target = wanted.as_ref().map(|user| user_target(user.id));
    Trail::new(act).write(tx, send.audit, target.as_deref(), &params)?;
    if let Some(user) = wanted {
        owe(tx, act, &Bound::at(&user, send.email_key.clone()), &send.owed)?;
    }
    Ok(())
}

pub(crate) fn verify_email(
    tx: &mut dyn Tx,
    act: &Act,
    hash: &TokenHash,
    ownership: &Ownership,
) -> StoreResult<Result<Opened, LinkRefused>> {
    let found = standing_at_its_address(tx, act, hash, LinkPurpose::VerifyEmail)?;
    let Standing { link, credentials, .. } = opening!(found);
    let id = credentials.user.id;
    let is_theirs = match ownership {
        Ownership::Password(checked) => *checked == credentials.password_hash,
        Ownership::Session(session) => is_session_of(tx, *session, id)?,
        Ownership::NewPassword(_) => true,
    };
    if !is_theirs {
        return Ok(Err(LinkRefused::Unknown));
    }
    if !use_up(tx, act, &link)? {
        return Ok(Err(LinkRefused::Used));
    }
    let mut trail = Trail::new(act);
    let mut ended = Vec::new();
    // Whoever proves the address and does not know the password is not who registered: what that
    // one set up ends here (CVE-2026-44166).
    if let Ownership::NewPassword(new_hash) = ownership {
        ended = set_password(tx, &mut trail, act, id, new_hash)?;
    }
    prove(tx, act, &mut trail, id)?;
    opened(tx, id, ended)
}

fn is_session_of(tx: &mut dyn Tx, id: SessionId, user_id: UserId) -> StoreResult<bool> {
    let found = one(tx, &session::BY_ID, &[id.as_bytes().into()], rows::session_and_token)?;
    Ok(found.is_some_and(|(session, _)| session.user_id == user_id))
}

/// Notes that the address of a user was proven.
pub(super) fn prove(
    tx: &mut dyn Tx,
    act: &Act,
    trail: &mut Trail<'_>,
    id: UserId,
) -> StoreResult<()> {
    tx.run(&users::PROVE_EMAIL, &[act.at.0.into(), id.as_bytes().into()])?;
    tx.run(&queries::UNPROVEN_REMOVE, &[id.as_bytes().into()])?;
    forget(tx, id, &[LinkPurpose::VerifyEmail])?;
    trail.write(tx, AuditCode::EmailVerified, Some(&user_target(id)), "{}")
}

/// Sets a password's hash, ends every session, and voids the links that would set another.
fn set_password(
    tx: &mut dyn Tx,
    trail: &mut Trail<'_>,
    act: &Act,
    id: UserId,
    new_hash: &Secret<String>,
) -> StoreResult<Vec<EndedSession>> {
    let values = [new_hash.reveal().as_str().into(), act.at.0.into(), id.as_bytes().into()];
    tx.run(&users::SET_PASSWORD, &values)?;
    trail.write(tx, AuditCode::PasswordReset, Some(&user_target(id)), "{}")?;
    forget(tx, id, &[LinkPurpose::ResetPassword])?;
    let reason = EndReason::PasswordChanged;
    ending::all_ended(tx, trail, EndSessions { user_id: id, keep: None, reason })
}

/// The user as it is now, with what ended.
fn opened(
    tx: &mut dyn Tx,
    id: UserId,
    ended: Vec<EndedSession>,
) -> StoreResult<Result<Opened, LinkRefused>> {
    let user = reads::user::by_id(tx, id)?;
    Ok(user.map(|user| Opened { user, ended }).ok_or(LinkRefused::Unknown))
}

pub(crate) fn reset_password(
    tx: &mut dyn Tx,
    act: &Act,
    reset: &PasswordReset,
) -> StoreResult<Result<Opened, LinkRefused>> {
    let PasswordReset { hash, new_hash, owed } = reset;
    let found = standing_at_its_address(tx, act, hash, LinkPurpose::ResetPassword)?;
    let Standing { link, credentials, .. } = opening!(found);
    if !use_up(tx, act, &link)? {
        return Ok(Err(LinkRefused::Used));
    }
    let id = credentials.user.id;
    let mut trail = Trail::new(act);
    let ended = set_password(tx, &mut trail, act, id, new_hash)?;
    if credentials.user.email_verified_at.is_none() {
        prove(tx, act, &mut trail, id)?;
    }
    let outcome = opened(tx, id, ended)?;
    if let Ok(opened) = &outcome {
        let to = Bound::to(tx, &opened.user)?;
        owe(tx, act, &to, owed)?;
    }
    Ok(outcome)
}

/// The address the account goes back to is that of the link, which was sent to it while it was the
/// account's and proven.
pub(crate) fn disown(
    tx: &mut dyn Tx,
    act: &Act,
    disowning: &Disowning,
) -> StoreResult<Result<Opened, LinkRefused>> {
    let Disowning { hash, locked, reset } = disowning;
    let Standing { link, credentials, email_key } =
        opening!(standing(tx, act, hash, LinkPurpose::NotMe)?);
    if !use_up(tx, act, &link)? {
        return Ok(Err(LinkRefused::Used));
    }
    let id = credentials.user.id;
    let goes_back = email_key != link.email_key.0
        && reads::user::credentials_by_email(tx, &link.email_key.0)?.is_none();
    if goes_back {
        let values = [
            link.email.as_str().into(),
            link.email_key.0.as_str().into(),
            act.at.0.into(),
            id.as_bytes().into(),
        ];
        tx.run(&users::SET_EMAIL, &values)?;
    }
    let values = [locked.reveal().as_str().into(), act.at.0.into(), id.as_bytes().into()];
    tx.run(&users::SET_PASSWORD, &values)?;
    // Links of whoever had the account go too, those that undo included.
    forget(tx, id, &LinkPurpose::ALL)?;
    let mut trail = Trail::new(act);
    let params = json!({ "address_restored": goes_back }).to_string();
    trail.write(tx, AuditCode::AccountDisowned, Some(&user_target(id)), &params)?;
    let reason = EndReason::Disowned;
    let every = EndSessions { user_id: id, keep: None, reason };
    let ended = ending::all_ended(tx, &mut trail, every)?;
    let outcome = opened(tx, id, ended)?;
    if let Ok(opened) = &outcome {
        let to = Bound {
            email: link.email,
            email_key: link.email_key.0,
            ..Bound::to(tx, &opened.user)?
        };
        owe(tx, act, &to, reset)?;
    }
    Ok(outcome)
}

/// Notes from which device somebody signed in; tells the user when it is another one than before. Gives
/// whether the inbox was told.
pub(super) fn see_device(
    tx: &mut dyn Tx,
    act: &Act,
    user: &galen_core::model::User,
    device: &Device,
) -> StoreResult<bool> {
    let id = user.id.as_bytes();
    let seen = one(tx, &device::SEEN, &[id.into(), (&device.digest).into()], |row| row.int(0))?;
    if seen.is_some_and(|seen| act.at.0.saturating_sub(seen) < SEEN_AGAIN_MS) {
        return Ok(false);
    }
    let is_first = one(tx, &device::ANY, &[id.into()], |_| Ok(()))?.is_none();
    tx.run(&device::SEE, &[id.into(), (&device.digest).into(), act.at.0.into()])?;
    if seen.is_some() {
        return Ok(false);
    }
    tx.run(&device::FORGET_BEYOND, &[id.into(), DEVICES_KEPT.into()])?;
    if is_first {
        return Ok(false);
    }
    let to = Bound::to(tx, user)?;
    owe(tx, act, &to, &device.owed)?;
    Ok(device.owed.inbox.is_some())
}

pub(crate) fn revoke_session(
    tx: &mut dyn Tx,
    act: &Act,
    id: SessionId,
    owed: &Owed,
) -> StoreResult<Option<(EndedSession, UserId)>> {
    let found = one(tx, &session::BY_ID, &[id.as_bytes().into()], rows::session_and_token)?;
    let Some((session, _)) = found else { return Ok(None) };
    let mut trail = Trail::new(act);
    let ending = EndSession { id, owner: None, reason: EndReason::RevokedByAdmin };
    let ended = ending::one_ended(tx, &mut trail, ending)?;
    let Some(ended) = ended else { return Ok(None) };
    if let Some(user) = reads::user::by_id(tx, session.user_id)? {
        let to = Bound::to(tx, &user)?;
        owe(tx, act, &to, owed)?;
    }
    Ok(Some((ended, session.user_id)))
}
