//! What tests share: a hand-moved clock, seeded entropy, observers, samples, a Python, a PostgreSQL, and the suite every store passes.
//!
//! A development dependency only: nothing here is safe to ship, the entropy least of all.
#![expect(
    clippy::expect_used,
    reason = "the kit is for tests, which stop at the first surprise and say which one it was"
)]

mod bus;
mod clock;
pub mod conformance;
mod entropy;
mod observer;
pub mod postgres;
mod python;
pub mod samples;

pub use bus::Heard;
pub use clock::HandClock;
pub use entropy::SeededEntropy;
pub use observer::{CollectingObserver, NullObserver};
pub use python::python;
