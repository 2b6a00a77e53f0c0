//! What admins do. Every verb asks a caller for the role itself, whoever asked before.

mod sessions;
mod users;
