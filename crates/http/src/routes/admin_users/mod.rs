//! Admins and the accounts of others.

pub(super) mod bulk;
pub(super) mod change;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod export;
pub(super) mod filter;
pub(super) mod list;
pub(super) mod read;
