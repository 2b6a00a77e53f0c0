//! API keys, as admins see and make them.

pub(super) mod create;
pub(super) mod dto;
pub(super) mod list;
pub(super) mod revoke;
