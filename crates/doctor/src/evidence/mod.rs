//! Evidence: typed facts that probes collect, that are then sealed, and that judges only read.
//!
//! The life of a fact: a probe pushes a [`Draft`] into the [`Collector`] (concurrently with other
//! probes), [`Collector::seal`] numbers the drafts and closes the set, and checks, budget, verdict
//! and report read the resulting [`Evidence`] through `&`. After sealing nothing reads a clock, a
//! file or a socket: judging the same evidence twice gives the same verdict.
//!
//! What a probe module offers to the engine, and nothing else:
//!
//! ```ignore
//! // crates/doctor/src/probes/mod.rs
//! pub async fn run(target: &Target, collector: &Collector, clock: &dyn Clock, progress: &dyn Progress);
//! ```
//!
//! `run` never fails: a probe that cannot look pushes a [`Missing`] with the right or the
//! instrument that was lacking. It respects `target.caps`, and it strips secrets with
//! [`redact`] before a value is pushed.

mod collector;
mod fact;
mod key;
pub mod object;
pub mod redact;
mod sealed;

pub use collector::{Collector, FACTS_MAX};
pub use fact::{Draft, Fact, FactId, Missing, Source, Value};
pub use key::FactKey;
pub use sealed::Evidence;
