//! Admins and the whole at a glance.

pub(super) mod read;
