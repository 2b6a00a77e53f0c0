//! A running server and a small client, for all tests of this room.

mod app;
mod client;
mod clock;
pub mod examiner;
mod listener;
pub mod log;
mod observer;

pub use app::{EMAIL, PASSWORD, TestApp, eventually, ok};
pub use client::{Client, Reply, raw, read_reply};
pub use listener::Listener;
