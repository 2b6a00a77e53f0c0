//! The first admin, made once.

pub(super) mod complete;
