//! Export to an OpenTelemetry collector in a build that has none: it is never there.

use std::sync::Arc;

use galen_core::Observer;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::rooms::Rooms;
use crate::config::Config;
use crate::failure::Failure;

/// The export, which this build cannot make.
pub enum Otlp {}

impl Otlp {
    /// None: a configuration that wants one was refused before.
    ///
    /// # Errors
    /// None; the build with the export has some.
    #[expect(clippy::unnecessary_wraps, reason = "the build with the export may fail here")]
    pub fn open(_: &Config, _: &Rooms, _: &Meter) -> Result<Option<Arc<Self>>, Failure> {
        Ok(None)
    }

    /// Never called.
    pub fn before(self: &Arc<Self>, _: Arc<dyn Observer>) -> Arc<dyn Observer> {
        match **self {}
    }

    /// Never called.
    #[expect(clippy::unused_async, reason = "the build with the export waits here")]
    pub async fn run(self: Arc<Self>, _: CancellationToken) {
        match *self {}
    }
}
