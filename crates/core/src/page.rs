//! Keyset pages: a page begins after an identifier, so its cost does not grow with its number.

use crate::Id;

/// Which page is wanted. Rows come newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The last identifier of the page before; `None` for the first page.
    pub after: Option<Id>,
    /// How many rows at the most: 1 to 200, checked where the request is read.
    pub limit: u32,
}

/// One page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page begins, when there is one.
    pub next: Option<Id>,
}
