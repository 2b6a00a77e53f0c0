//! What the house's end-to-end tests share: real processes, and a client that behaves like a browser.

pub mod bench;
pub mod chaos;
pub mod client;
pub mod doctoring;
pub mod galen;
pub mod patients;
pub mod python;
pub mod redis;
pub mod report;
pub mod scenario;
pub mod shop;
pub mod sickroom;
pub mod smtp;
pub mod ward;
