//! The HTTP room on real sockets, over a real SQLite store and the real account room.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "tests stop at the first surprise and say which one it was; so do their helpers"
)]

mod accounts;
mod admin;
mod alerts;
mod cors;
mod csrf;
mod document;
mod endings;
mod examinations;
mod faults;
mod ledger;
mod limits;
mod malformed;
mod metrics;
mod monitor;
mod notifications;
mod notify;
mod pages;
mod panels;
mod protocol;
mod request_line;
mod revoked;
mod sessions;
mod stream;
mod support;
