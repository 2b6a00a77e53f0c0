//! The periodic work as the HTTP room sees it: how it has done, and a run by hand.

use std::sync::{Arc, OnceLock, Weak};

use galen_core::Fut;
use galen_http::{JobStatus, Jobs};
use serde_json::Value;

use super::running::Running;
use super::tasks::{self, Schedule, TaskStatus};

/// The schedule, and the running server that its tasks need. The HTTP room is made before there is a
/// running server, and is part of it: so it is told of it later, and does not keep it.
#[derive(Debug)]
pub struct Board {
    schedule: Arc<Schedule>,
    running: OnceLock<Weak<Running>>,
}

impl Board {
    /// A board that shows this schedule.
    pub fn new(schedule: Arc<Schedule>) -> Arc<Self> {
        Arc::new(Self { schedule, running: OnceLock::new() })
    }

    /// There is a running server from now on.
    pub fn attach(&self, running: &Arc<Running>) {
        self.running.get_or_init(|| Arc::downgrade(running));
    }
}

impl Jobs for Board {
    fn statuses(&self) -> Vec<JobStatus> {
        self.schedule.statuses().into_iter().map(shown).collect()
    }

    fn run<'a>(&'a self, name: &'a str) -> Fut<'a, Result<Value, String>> {
        Box::pin(async move {
            let running = self.running.get().and_then(Weak::upgrade);
            let running = running.ok_or_else(|| "the server is not running yet".to_owned())?;
            tasks::run_now(&running, name).await
        })
    }
}

fn shown(status: TaskStatus) -> JobStatus {
    JobStatus {
        by_hand: tasks::BY_HAND.contains(&status.name.as_str()),
        name: status.name,
        every_ms: status.every_ms,
        runs: status.runs,
        failures: status.failures,
        skipped: status.skipped,
        last_at: status.last_at,
        last_took_ms: status.last_took_ns as f64 / 1e6,
        last_did: status.last_did,
        last_error: status.last_error,
    }
}
