//! Reads of users.

use galen_core::model::{Credentials, Role, User, UserFilter};
use galen_core::{Page, PageRequest, StoreResult, UserId};

use super::{before, cut, wanted};
use crate::queries::user as queries;
use crate::rows;
use crate::tx::{Tx, all, one};

/// The last code point: what begins with a prefix sorts before the prefix followed by it, byte for
/// byte, because UTF-8 sorts as code points do (RFC 3629, section 1) and it is no character.
const LAST_CHARACTER: char = '\u{10FFFF}';

pub(crate) fn by_id(tx: &mut dyn Tx, id: UserId) -> StoreResult<Option<User>> {
    one(tx, &queries::BY_ID, &[id.as_bytes().into()], rows::user)
}

pub(crate) fn credentials_by_id(tx: &mut dyn Tx, id: UserId) -> StoreResult<Option<Credentials>> {
    let values = [id.as_bytes().into()];
    one(tx, &queries::CREDENTIALS_BY_ID, &values, rows::credentials)
}

pub(crate) fn credentials_by_email(
    tx: &mut dyn Tx,
    email_key: &str,
) -> StoreResult<Option<Credentials>> {
    one(tx, &queries::BY_EMAIL, &[email_key.into()], rows::credentials)
}

pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: &UserFilter,
    page: PageRequest,
) -> StoreResult<Page<User>> {
    let before = before(page);
    let limit = wanted(page);
    let (every, by_prefix) = match filter.role {
        None => (&queries::PAGE, &queries::PAGE_BY_PREFIX),
        Some(Role::Admin) => (&queries::PAGE_ADMINS, &queries::PAGE_ADMINS_BY_PREFIX),
        Some(Role::User) => (&queries::PAGE_PLAIN, &queries::PAGE_PLAIN_BY_PREFIX),
    };
    let users = match &filter.email_prefix {
        None => all(tx, every, &[(&before).into(), limit.into()], rows::user)?,
        Some(prefix) => {
            let mut end = prefix.clone();
            end.push(LAST_CHARACTER);
            let values =
                [prefix.as_str().into(), end.as_str().into(), (&before).into(), limit.into()];
            all(tx, by_prefix, &values, rows::user)?
        }
    };
    Ok(cut(users, page, |user| user.id.0))
}
