//! Invitations, for admins: who was invited, and who still may come.

pub(super) mod list;
pub(super) mod send;
pub(super) mod withdraw;
