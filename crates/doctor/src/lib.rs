//! The doctor: names the measured cause of a slow or failing backend, or says that it cannot tell.

pub mod evidence;
pub mod probes;
pub mod progress;
pub mod stats;
pub mod target;

pub use progress::{Progress, Silent, Stage};
pub use target::{Caps, Intended, Target};
