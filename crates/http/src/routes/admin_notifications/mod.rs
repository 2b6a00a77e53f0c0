//! Admins publish notifications.

pub(super) mod publish;
