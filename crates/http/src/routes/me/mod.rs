//! What a user does with its own account.

pub(super) mod change;
pub(super) mod delete;
pub(crate) mod dto;
pub(super) mod end_session;
pub(super) mod password;
pub(super) mod read;
pub(super) mod sessions;
