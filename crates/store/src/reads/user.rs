//! Reads of users.

use galen_core::model::{Credentials, KeptOf, Role, User, UserFilter, UserStatus};
use galen_core::{Id, Page, PageRequest, StoreResult, UnixMs, UserId};

use super::{between, cut, wanted};
use crate::queries::{Query, device, link, parcel, user as queries};
use crate::rows;
use crate::tx::{Tx, Value, all, one};

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

/// How many users one page looks at, at the most, for those whom a filter without an index fits.
const LOOK_AT: i64 = 20_000;

pub(crate) fn page(
    tx: &mut dyn Tx,
    filter: &UserFilter,
    page: PageRequest,
) -> StoreResult<Page<User>> {
    let (before, least) = between(page, filter.created_from, filter.created_until);
    let (before, least, limit) = ((&before).into(), (&least).into(), wanted(page).into());
    let rest = rest(filter);
    let is_admins = filter.role == Some(Role::Admin);
    let (query, mut values) = match &filter.email_prefix {
        Some(prefix) => {
            let query =
                if is_admins { &queries::PAGE_ADMINS_BY_PREFIX } else { &queries::PAGE_BY_PREFIX };
            let end = format!("{prefix}{LAST_CHARACTER}");
            let from = filter.created_from.map_or(i64::MIN, |at| at.0).into();
            return by_prefix(tx, query, (prefix, &end), [before, from], (&rest, limit))
                .map(|users| cut(users, page, |user| user.id.0));
        }
        None if is_admins => (&queries::PAGE_ADMINS, vec![before, least]),
        None if rest == REST => (&queries::PAGE, vec![before, least]),
        None => (&queries::PAGE_AMONG, vec![before, least, LOOK_AT.into()]),
    };
    if *query != queries::PAGE {
        values.extend(rest);
    }
    values.push(limit);
    let users = cut(all(tx, query, &values, rows::user)?, page, |user| user.id.0);
    if users.next.is_some() || *query != queries::PAGE_AMONG {
        return Ok(users);
    }
    // Fewer than wanted were found among those looked at: the next page looks at those behind them.
    let last = one(tx, &queries::LOOKED_TO, &[before, least, (LOOK_AT - 1).into()], |row| {
        rows::id(row, 0).map(Id::from_bytes)
    })?;
    Ok(Page { next: last, ..users })
}

/// What a filter says that no index has.
fn rest(filter: &UserFilter) -> [Value<'static>; 5] {
    [
        filter.role.map_or("", Role::name).into(),
        filter.status.map_or("", UserStatus::name).into(),
        filter.verified.map_or(-1, i64::from).into(),
        filter.seen_from.map_or(0, |at| at.0).into(),
        filter.seen_until.map_or(i64::MAX, |at| at.0).into(),
    ]
}

/// Of a filter that says nothing.
const REST: [Value<'static>; 5] =
    [Value::Text(""), Value::Text(""), Value::Int(-1), Value::Int(0), Value::Int(i64::MAX)];

fn by_prefix(
    tx: &mut dyn Tx,
    query: &Query,
    (begin, end): (&str, &str),
    bounds: [Value<'_>; 2],
    (rest, limit): (&[Value<'_>], Value<'_>),
) -> StoreResult<Vec<User>> {
    let mut values = vec![begin.into(), end.into()];
    values.extend(bounds);
    values.extend_from_slice(rest);
    values.push(limit);
    all(tx, query, &values, rows::user)
}

/// What is kept of a user beside what other reads give.
pub(crate) fn kept_of(tx: &mut dyn Tx, id: UserId) -> StoreResult<KeptOf> {
    let whose = [id.as_bytes().into()];
    Ok(KeptOf {
        devices: all(tx, &device::OF_USER, &whose, |row| row.int(0).map(UnixMs))?,
        links: all(tx, &link::OF_USER, &whose, rows::link)?,
        parcels: all(tx, &parcel::OF_USER, &whose, rows::parcel)?,
    })
}
