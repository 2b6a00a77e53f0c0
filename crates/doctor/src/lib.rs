//! The doctor: names the measured cause of a slow or failing backend, or says that it cannot tell.

pub mod budget;
pub mod case;
pub mod checks;
pub mod evidence;
mod examine;
pub mod explain;
pub mod figure;
pub mod http;
mod locks;
mod peers;
mod pools;
mod postgres;
pub mod postgres_access;
pub mod probes;
pub mod progress;
pub mod proof;
pub mod repairs;
pub mod report;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_postgres;
pub mod sentence;
pub mod stats;
pub mod symptom;
pub mod target;
pub mod threads;
pub mod thresholds;
pub mod validate;
pub mod verdict;
pub mod words;

pub use examine::{DoctorError, ExamineRequest, Ports, Witness, examine, examine_and_repair};
pub use postgres_access::PostgresAccess;
pub use progress::{Progress, Silent, Stage};
pub use report::{Previous, Report};
pub use target::{Caps, Intended, Target};
pub use thresholds::Thresholds;
