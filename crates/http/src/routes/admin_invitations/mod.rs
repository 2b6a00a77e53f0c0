//! Invitations: sent, listed and taken back by admins.

pub(super) mod list;
pub(super) mod send;
pub(super) mod withdraw;
