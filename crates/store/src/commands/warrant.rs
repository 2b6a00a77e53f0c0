//! The right by which somebody acts, looked at once more inside the command.

use galen_core::model::{Act, Role, UserStatus, Warrant};
use galen_core::{StoreError, StoreResult};

use crate::queries::session as queries;
use crate::tx::{Tx, one};

/// A command that runs only while its act's warrant holds. The look and the work are one savepoint
/// of the one writer, so no revocation comes between them.
pub(crate) fn acting<T>(
    act: Act,
    work: impl FnOnce(&mut dyn Tx, &Act) -> StoreResult<T>,
) -> impl FnOnce(&mut dyn Tx) -> StoreResult<T> {
    move |tx| {
        hold(tx, &act)?;
        work(tx, &act)
    }
}

/// Refuses an act whose warrant holds no more.
///
/// # Errors
/// [`StoreError::SessionEnded`]; [`StoreError::NotAdmin`]; those of the engine.
pub(crate) fn hold(tx: &mut dyn Tx, act: &Act) -> StoreResult<()> {
    let Some(warrant) = act.warrant else { return Ok(()) };
    let actor = act.actor.ok_or(StoreError::SessionEnded)?;
    let values = [
        warrant.session.as_bytes().into(),
        actor.as_bytes().into(),
        act.at.plus_ms(-Warrant::LEEWAY_MS).0.into(),
        act.at.0.into(),
    ];
    let standing = one(tx, &queries::WARRANT, &values, |row| {
        Ok((row.text(0)? == UserStatus::Active.name(), row.text(1)? == Role::Admin.name()))
    })?;
    match standing {
        Some((true, is_admin)) if is_admin || !warrant.needs_admin => Ok(()),
        Some((true, _)) => Err(StoreError::NotAdmin),
        _ => Err(StoreError::SessionEnded),
    }
}
