//! What a person sees while an examination runs: a line that moves, on standard error.

use std::sync::Mutex;
use std::time::Duration;

use galen_doctor::{Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

/// The progress as it is shown: a spinner for a person, a line a stage for a file.
pub struct Shown {
    bar: ProgressBar,
    stage: Mutex<Option<Stage>>,
}

impl Shown {
    /// Begins.
    pub fn begin() -> Self {
        if !terminal::errors_are_read_by_a_person() {
            return Self { bar: ProgressBar::hidden(), stage: Mutex::new(None) };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {elapsed:>4} {prefix:8} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, stage: Mutex::new(None) }
    }

    /// Stands still while a person is asked something.
    pub fn pause<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.bar.suspend(ask)
    }

    /// Ends and leaves nothing behind.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn enters(&self, stage: Stage) -> bool {
        let mut last = self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_new = *last != Some(stage);
        *last = Some(stage);
        is_new
    }
}

impl Progress for Shown {
    fn step(&self, stage: Stage, detail: &str) {
        let is_new = self.enters(stage);
        if self.bar.is_hidden() {
            if is_new {
                terminal::note(format_args!("{}: {}", stage.name(), terminal::plain(detail)));
            }
            return;
        }
        self.bar.set_prefix(stage.name());
        self.bar.set_message(terminal::plain(detail));
    }
}
