//! The monitor: it listens to what the rooms record and keeps it small enough to be asked at any time.
//!
//! In this release it holds what the doctor and `galen status` need: counts and histograms since the
//! start, and the slowest requests with their ledgers. History, rules and alerts come to this room.

mod cells;
mod histogram;
mod recorder;
mod slowest;

pub use cells::{CommandStats, ConnectionCounts, RouteStats, StatementStats};
pub use histogram::{Histogram, Quantiles};
pub use recorder::Recorder;
pub use slowest::SlowRequest;
