//! Admins and the synthetic checks.

pub(super) mod list;
