//! Admins and the connections to the database.

pub(super) mod recycle;
