//! Invitations.

pub(super) mod list;
pub(super) mod send;
pub(super) mod withdraw;
