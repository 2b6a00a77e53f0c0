//! The port's reads, written once over [`crate::tx::Tx`]: one file per noun.

pub(crate) mod alert;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod broadcast;
pub(crate) mod dispatch;
pub(crate) mod link;
pub(crate) mod notification;
pub(crate) mod parcel;
pub(crate) mod preference;
pub(crate) mod push;
pub(crate) mod session;
pub(crate) mod user;
pub(crate) mod vitals;
pub(crate) mod webhook;

use galen_core::{Id, Page, PageRequest, UnixMs};

/// An identifier after every other: where a first page begins.
const LAST: [u8; 16] = [0xff; 16];

/// The identifier a page begins before: newest come first.
fn before(page: PageRequest) -> [u8; 16] {
    page.after.map_or(LAST, |id| *id.as_bytes())
}

/// The identifier a page begins before, and the least one of it, for rows that were named between two
/// moments: identifiers sort by time.
fn between(page: PageRequest, from: Option<UnixMs>, until: Option<UnixMs>) -> ([u8; 16], [u8; 16]) {
    let id = |at| *Id::least_at(at).as_bytes();
    let until = until.map_or(LAST, id);
    (before(page).min(until), from.map_or([0; 16], id))
}

/// How many rows to ask for: one more than the page holds tells whether there is a next page.
fn wanted(page: PageRequest) -> i64 {
    i64::from(page.limit).saturating_add(1)
}

/// Cuts the row too many off, and says where the next page begins when there was one.
fn cut<T>(mut items: Vec<T>, page: PageRequest, id: impl Fn(&T) -> Id) -> Page<T> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let next = if items.len() > limit {
        items.truncate(limit);
        items.last().map(id)
    } else {
        None
    };
    Page { items, next }
}
