//! A bus on which nobody listens.

use galen_core::{Bus, Signal};

/// The bus of a test that is about something else.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyListens;

impl Bus for NobodyListens {
    fn tell(&self, _: Signal) {}
}
