//! What the house's end-to-end tests share: real processes, and a client that behaves like a browser.

pub mod client;
pub mod galen;
pub mod patients;
pub mod python;
pub mod sickroom;
pub mod smtp;
