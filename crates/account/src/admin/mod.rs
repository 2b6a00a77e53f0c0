//! What admins do. Every verb asks a caller for the role itself, whoever asked before.

mod command;
mod invitations;
mod mail;
mod sessions;
mod users;
mod webhooks;
