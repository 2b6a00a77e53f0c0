//! Reads of broadcasts, as admins see them, and of whom an audience has.

use galen_core::model::{Audience, Broadcast, Reach, Role};
use galen_core::{NotificationId, Page, PageRequest, StoreResult};

use super::{before, cut, dispatch, wanted};
use crate::queries::{broadcast as queries, counter};
use crate::rows;
use crate::tx::{Tx, all, one};

pub(crate) fn page(tx: &mut dyn Tx, page: PageRequest) -> StoreResult<Page<Broadcast>> {
    let before = before(page);
    let values = [(&before).into(), wanted(page).into()];
    let mut found = all(tx, &queries::PAGE, &values, rows::broadcast)?;
    for broadcast in &mut found {
        broadcast.carried = dispatch::progress(tx, broadcast.id)?;
    }
    Ok(cut(found, page, |broadcast| broadcast.id.0))
}

pub(crate) fn by_id(tx: &mut dyn Tx, id: NotificationId) -> StoreResult<Option<Broadcast>> {
    let mut found = one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::broadcast)?;
    if let Some(broadcast) = &mut found {
        broadcast.carried = dispatch::progress(tx, id)?;
    }
    Ok(found)
}

pub(crate) fn reach(tx: &mut dyn Tx, audience: Audience, look_max: u32) -> StoreResult<Reach> {
    let mut kept = |name: &str| -> StoreResult<i64> {
        Ok(one(tx, &counter::ONE, &[name.into()], |row| row.int(0))?.unwrap_or(0))
    };
    if audience.is_plain() {
        let users = match audience.role {
            None => kept("users")?,
            Some(Role::Admin) => kept("admins")?,
            Some(Role::User) => kept("users")? - kept("admins")?,
        };
        return Ok(Reach { users, is_exact: true });
    }
    let look_max = i64::from(look_max);
    let values = [
        audience.role.map(Role::name).into(),
        audience.created_before.map(|moment| moment.0).into(),
        audience.created_after.map(|moment| moment.0).into(),
        audience.verified.map(i64::from).into(),
        look_max.into(),
    ];
    let counted = one(tx, &queries::REACH, &values, |row| Ok((row.int(0)?, row.int(1)?)))?;
    let (looked, users) = counted.unwrap_or((0, 0));
    Ok(Reach { users, is_exact: looked < look_max })
}
