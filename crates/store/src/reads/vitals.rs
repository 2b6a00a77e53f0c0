//! Reads of the kept counts.

use galen_core::model::Counts;
use galen_core::{StoreError, StoreResult, UnixMs};

use crate::queries::counter as queries;
use crate::tx::Tx;

pub(crate) fn counts(tx: &mut dyn Tx, now: UnixMs) -> StoreResult<Counts> {
    let mut counts = Counts::default();
    let mut sessions = 0;
    tx.read(&queries::EVERY, &[now.0.into()], &mut |row| {
        let n = row.int(1)?;
        match row.text(0)? {
            "users" => counts.users = n,
            "active_admins" => counts.active_admins = n,
            "notifications" => counts.notifications = n,
            "expired" => counts.sessions_expired = n,
            "sessions" => sessions = n,
            _ => return Err(StoreError::Engine("an unknown counter".to_owned())),
        }
        Ok(())
    })?;
    counts.sessions_active = sessions - counts.sessions_expired;
    Ok(counts)
}
