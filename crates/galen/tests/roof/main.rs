//! The roof's tests: they drive the real binary as a person does, from its command line and its port.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod alerts;
mod api_keys;
mod configuration;
mod control;
mod doctor;
mod first_run;
mod generated;
mod house;
mod instance;
mod keys;
mod logs;
mod status;
mod stopping;
mod users;
