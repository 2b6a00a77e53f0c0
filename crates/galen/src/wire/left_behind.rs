//! The history that a server left behind, read while none runs and without changing it.

use std::sync::Arc;

use galen_core::{History, LogAsk, Refusal, UnixMs};
use galen_monitor::{ErrorGroup, LogPage, Monitor, MonitorParts, MonitorSettings};
use galen_store::SqliteHistory;
use tokio::runtime::Runtime;

use super::clock::RealClock;
use super::entropy::RealEntropy;
use super::place::Place;
use crate::failure::{Failure, OrFail};

/// A history without its server.
pub struct LeftBehind {
    monitor: Arc<Monitor>,
    runtime: Runtime,
}

impl LeftBehind {
    /// Opens it; nothing when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn open(place: &Place) -> Result<Option<Self>, Failure> {
        let path = place.history();
        if !path.exists() {
            return Ok(None);
        }
        let what = || format!("the history {} cannot be read", path.display());
        let history = SqliteHistory::open_read_only(&path).or_fail(what)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let monitor = Monitor::new(MonitorParts {
            history: Arc::new(history) as Arc<dyn History>,
            clock: Arc::new(RealClock::new()),
            entropy: Arc::new(RealEntropy),
            settings: MonitorSettings::default(),
        });
        Ok(Some(Self { monitor, runtime: runtime.or_fail(what)? }))
    }

    /// A page of the log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn logs(&self, ask: LogAsk) -> Result<LogPage, Failure> {
        self.runtime.block_on(self.monitor.logs(ask)).map_err(failed)
    }

    /// Errors in groups.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn errors(&self, from: UnixMs, until: UnixMs) -> Result<Vec<ErrorGroup>, Failure> {
        self.runtime.block_on(self.monitor.errors(from, until)).map_err(failed)
    }
}

fn failed(refusal: Refusal) -> Failure {
    super::control::Refused::from(refusal).into()
}
