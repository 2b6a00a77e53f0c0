//! The port's commands, written once over [`crate::tx::Tx`]: one file per noun.
//!
//! A command runs to its end in its own savepoint; when it fails, nothing of it remains. It writes
//! the audit rows it owes beside what it changes, so that neither is there without the other. Each
//! that takes an act is wrapped in [`warrant::acting`] by the port.

pub(crate) mod address;
pub(crate) mod alert;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod broadcast;
pub(crate) mod canary;
pub(crate) mod counts;
pub(crate) mod dispatch;
pub(crate) mod ending;
pub(crate) mod link;
pub(crate) mod marking;
pub(crate) mod notice_sweep;
pub(crate) mod notification;
pub(crate) mod outbox;
pub(crate) mod password;
pub(crate) mod preference;
pub(crate) mod push;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod sweep;
pub(crate) mod user;
pub(crate) mod warrant;
pub(crate) mod webhook;
