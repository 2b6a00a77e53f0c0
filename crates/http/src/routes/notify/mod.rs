//! Publishing notifications.

pub(crate) mod answers;
pub(crate) mod form;
