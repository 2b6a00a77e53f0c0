//! The account room acted upon by its users, on a real database.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first surprise and says which one it was"
)]

mod accounts;
mod dispatch;
mod house;
mod mail;
mod revocation;
mod sign_in;
mod sweep;
mod warrants;
