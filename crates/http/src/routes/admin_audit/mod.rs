//! Admins and the audit trail.

pub(super) mod dto;
pub(super) mod export;
pub(super) mod list;
