//! Admins and the periodic work.

pub(super) mod list;
pub(super) mod run;
