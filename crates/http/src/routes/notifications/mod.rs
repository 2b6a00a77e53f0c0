//! What a user is told.

pub(crate) mod dto;
pub(super) mod export;
pub(super) mod list;
pub(super) mod mark;
pub(super) mod mark_all_read;
pub(super) mod mark_seen;
