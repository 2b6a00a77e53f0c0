//! Admins and the sessions of others.

pub(super) mod end;
pub(super) mod end_many;
pub(super) mod list;
