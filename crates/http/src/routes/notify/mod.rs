//! Publishing notifications.

pub(crate) mod answers;
pub(crate) mod form;
pub(super) mod send;
pub(super) mod simple;
