//! Admins and the log.

pub(super) mod list;
