//! What admins do. Every verb asks for the role itself, whoever asked before.

mod sessions;
mod users;
