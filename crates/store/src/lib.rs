//! The store: the port [`galen_core::Store`] kept in SQL, on the embedded SQLite.
//!
//! Statements (`queries`), reads and commands are written once over a small transaction trait
//! (`tx`); a driver runs them. The SQLite driver has one writer thread, which commits many commands
//! in one durable transaction, and reader threads beside it.
//!
//! Invariant: in this process nothing but SQLite opens the database's files while it is served:
//! closing such a handle would drop this process's own locks
//! (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).

mod commands;
mod drivers;
mod history;
pub mod migrations;
mod notice_port;
mod port;
mod port_dispatch;
mod port_mail;
mod port_preferences;
mod port_webhooks;
pub mod queries;
mod reads;
mod rows;
mod tx;

pub use drivers::sqlite::{
    APPLICATION_ID, OLDEST_SQLITE, OpenError, SqliteSettings, SqliteStore, Synchronous,
};
pub use history::{HISTORY_APPLICATION_ID, HistorySettings, NARROW_THE_RANGE, SqliteHistory};
pub use queries::Query;
