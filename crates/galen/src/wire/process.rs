//! What the process asks of the kernel for itself: private files, many descriptors, signals.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;

/// From now on new files can be read by their owner only: the database, its log, its snapshots.
pub fn keep_new_files_private() {
    umask(Mode::from_raw_mode(0o077));
}

/// Raises the soft limit of open files to the hard one: each connection is a descriptor. Gives the
/// limit that holds then.
pub fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            limit.current
        }
    }
}

/// The two signals that ask for a stop.
#[derive(Debug)]
pub struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn listen() -> Result<Self, Failure> {
        let what = || "signals cannot be listened to".to_owned();
        Ok(Self {
            terminate: signal(SignalKind::terminate()).or_fail(what)?,
            interrupt: signal(SignalKind::interrupt()).or_fail(what)?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Cancels `stop` at the first signal and ends the process at the second.
    pub async fn obey(mut self, stop: CancellationToken) {
        let signal = self.next().await;
        tracing::info!(
            signal,
            "stopping: requests at work are finished; a second signal ends at once"
        );
        stop.cancel();
        let signal = self.next().await;
        terminal::note(format_args!("{signal} again: ending at once"));
        // What was acknowledged is durable already; nothing else is owed.
        std::process::exit(i32::from(Exit::Failed.code()));
    }
}
