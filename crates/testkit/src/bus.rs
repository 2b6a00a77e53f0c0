//! A bus that remembers what it was told.

use std::sync::{Mutex, PoisonError};

use galen_core::{Bus, Signal};

/// What was told, until somebody asks.
#[derive(Debug, Default)]
pub struct Heard(Mutex<Vec<Signal>>);

impl Bus for Heard {
    fn tell(&self, signal: Signal) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(signal);
    }
}

impl Heard {
    /// How often it was told that something was published, since it was asked last.
    #[must_use]
    pub fn published(&self) -> usize {
        let heard = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        heard.into_iter().filter(|signal| *signal == Signal::Published).count()
    }
}
