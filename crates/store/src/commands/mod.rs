//! The port's commands, written once over [`crate::tx::Tx`]: one file per noun.
//!
//! A command runs to its end in its own savepoint; when it fails, nothing of it remains. It writes
//! the audit rows it owes beside what it changes, so that neither is there without the other.

pub(crate) mod audit;
mod counts;
pub(crate) mod ending;
pub(crate) mod notification;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod sweep;
pub(crate) mod user;
