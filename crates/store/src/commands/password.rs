//! The command that changes a password.

use galen_core::links::LinkPurpose;
use galen_core::model::{Act, AuditCode, EndReason, EndedSession, UserStatus};
use galen_core::{ChangePassword, EndSessions, StoreResult};

use super::audit::{Trail, user_target};
use super::outbox::{Bound, owe};
use super::{ending, link, session};
use crate::queries::user as queries;
use crate::reads;
use crate::tx::Tx;

pub(crate) fn change(
    tx: &mut dyn Tx,
    act: &Act,
    change: &ChangePassword,
) -> StoreResult<Option<Vec<EndedSession>>> {
    let id = change.user_id;
    let kept = reads::user::credentials_by_id(tx, id)?;
    let unchanged = kept.filter(|kept| {
        kept.user.status == UserStatus::Active && kept.password_hash == change.old_hash
    });
    let Some(kept) = unchanged else {
        return Ok(None);
    };
    let values = [change.new_hash.reveal().as_str().into(), act.at.0.into(), id.as_bytes().into()];
    tx.run(&queries::SET_PASSWORD, &values)?;
    let mut trail = Trail::new(act);
    trail.write(tx, AuditCode::PasswordChanged, Some(&user_target(id)), "{}")?;
    let reason = EndReason::PasswordChanged;
    let every = EndSessions { user_id: id, keep: None, reason };
    let ended = ending::all_ended(tx, &mut trail, every)?;
    session::add(tx, &change.session)?;
    // A link that sets a password was asked for when it was another one.
    link::forget(tx, id, &[LinkPurpose::ResetPassword])?;
    if let Some(owed) = &change.owed {
        let to = Bound::to(tx, &kept.user)?;
        owe(tx, act, &to, owed)?;
    }
    Ok(Some(ended))
}
