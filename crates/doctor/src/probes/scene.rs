//! What the probes of one examination share: the target, the collector, and what earlier probes found.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use galen_core::{Clock, UnixMs};
use hyper::header::HeaderMap;
use tokio::time::Instant;

use super::log_tail::Log;
use super::postgres::session::Session;
use super::source_sql::SourceStatement;
use super::watch::SharedSpy;
use crate::evidence::{Collector, Draft, FactKey, Source, Value};
use crate::progress::{Progress, Stage};
use crate::target::Target;

/// Where the server answers, after the URL was read and the name resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address that is dialled.
    pub socket: SocketAddr,
    /// Every address the name stands for.
    pub all: Vec<SocketAddr>,
    /// The Host header: name and port as in the URL.
    pub authority: String,
    /// The path of the URL, without a slash at its end; a prefix of every path probed.
    pub prefix: String,
    /// Whether the address belongs to this machine, so that its sockets and processes can be seen.
    pub local: bool,
    /// What the target was given to prove who we are; sent to it alone, and in no fact.
    pub headers: HeaderMap,
}

/// What earlier probes found, for later ones to build on.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Where requests go.
    pub address: Option<Address>,
    /// The serving process.
    pub pid: Option<u32>,
    /// It and its workers: every process that may own a connection.
    pub pids: Vec<u32>,
    /// Whether it is a Python program.
    pub python: bool,
    /// Database files to examine, the named or most used one first.
    pub databases: Vec<PathBuf>,
    /// SQL statements read at the source lines where requests stood.
    pub statements: Vec<SourceStatement>,
    /// The server's logs, as they were at the beginning.
    pub logs: Vec<Log>,
}

/// The shared scene of one examination.
pub struct Scene<'a> {
    /// What is examined.
    pub target: &'a Target,
    /// Where facts go.
    pub collector: &'a Collector,
    /// The time stamped on facts.
    pub clock: &'a dyn Clock,
    progress: &'a dyn Progress,
    started: Instant,
    found: Mutex<Found>,
    spy: OnceLock<SharedSpy>,
    postgres: OnceLock<Arc<Session>>,
}

impl<'a> Scene<'a> {
    /// An empty scene, beginning now.
    pub fn new(
        target: &'a Target,
        collector: &'a Collector,
        clock: &'a dyn Clock,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            target,
            collector,
            clock,
            progress,
            started: Instant::now(),
            found: Mutex::default(),
            spy: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    /// A copy of what is known so far.
    pub fn found(&self) -> Found {
        self.lock().clone()
    }

    /// Adds to what is known.
    pub fn learn(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.lock());
    }

    /// The Python reader, once it is attached.
    pub fn spy(&self) -> Option<SharedSpy> {
        self.spy.get().cloned()
    }

    /// Keeps the Python reader for all windows; there is one at most.
    pub fn attach(&self, spy: SharedSpy) {
        self.spy.get_or_init(|| spy);
    }

    /// The session in PostgreSQL, once it is open.
    pub fn postgres(&self) -> Option<Arc<Session>> {
        self.postgres.get().cloned()
    }

    /// Keeps the session in PostgreSQL; there is one at most.
    pub fn open_postgres(&self, session: Arc<Session>) {
        self.postgres.get_or_init(|| session);
    }

    /// Keeps one fact, stamped now.
    pub fn fact(
        &self,
        key: FactKey,
        object: impl Into<String>,
        value: impl Into<Value>,
        source: &Source,
    ) {
        self.collector.push(Draft::new(key, object, value, source.clone(), self.now()));
    }

    /// Keeps one fact that rests on `n` looks.
    pub fn fact_over(
        &self,
        n: u64,
        (key, object): (FactKey, &str),
        value: impl Into<Value>,
        source: &Source,
    ) {
        self.collector.push(Draft::new(key, object, value, source.clone(), self.now()).over(n));
    }

    /// Records that a fact could not be taken.
    pub fn missing(&self, key: FactKey, object: impl Into<String>, reason: impl Into<String>) {
        self.collector.missing(key, object, reason);
    }

    /// Tells what is being done.
    pub fn step(&self, stage: Stage, detail: &str) {
        self.progress.step(stage, detail);
    }

    /// Wall time, for stamps only.
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// How long the examination has been going on.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What is left of `budget`, counted from the start of the examination, and of the hard cap.
    pub fn left_of(&self, budget: Duration) -> Duration {
        budget.min(self.target.caps.total_deadline).saturating_sub(self.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
