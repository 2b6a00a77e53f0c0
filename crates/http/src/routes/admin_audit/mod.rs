//! Admins and the audit trail.

pub(super) mod list;
