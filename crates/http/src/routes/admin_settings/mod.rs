//! Admins and the configuration.

pub(super) mod list;
