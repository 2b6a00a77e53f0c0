//! What is examined, and how far the examination may go.

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::HeaderMap;

use crate::postgres_access::PostgresAccess;

/// What is examined. Everything not given is discovered by the probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The base URL, e.g. `http://127.0.0.1:8000`; the scheme is `http` or `https`.
    pub url: Option<String>,
    /// The SQLite database file, when the caller names it.
    pub database: Option<PathBuf>,
    /// The PostgreSQL database it works with, when the caller names it.
    pub postgres: Option<PostgresAccess>,
    /// The serving process, when the caller names it.
    pub pid: Option<u32>,
    /// Paths to probe with GET; empty means: discover (OpenAPI document, then a few usual ones).
    pub paths: Vec<String>,
    /// Whether this is the Galen installation on whose behalf the doctor runs. Only then are
    /// AUTO repairs possible and is the witness asked.
    pub own: bool,
    /// What this installation expects to be serving, to notice a stranger in its place.
    pub intended: Option<Intended>,
    /// The executable that is started again for the two SQLite children; the running one when
    /// absent. Its `main` must hand over to `probes::child_main` first.
    pub child_exe: Option<PathBuf>,
    /// Headers that prove who we are, sent with every request to its address and shown nowhere.
    pub headers: HeaderMap,
    /// The origin of the web page that calls it, e.g. `https://app.example.org`, to be allowed by CORS.
    pub origin: Option<String>,
    /// Limits of the examination.
    pub caps: Caps,
}

/// What should be serving at the target's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intended {
    /// Its process, by the instance lock or PID file.
    pub pid: Option<u32>,
    /// Its executable.
    pub exe: Option<PathBuf>,
    /// Where this expectation comes from, e.g. `instance lock /srv/dev.db.lock`.
    pub origin: String,
}

/// Limits that hold for every probe. The doctor sends GET, HEAD and OPTIONS only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Most requests outstanding at once.
    pub concurrency_max: u32,
    /// Most paths probed.
    pub paths_max: usize,
    /// Deadline of one request.
    pub request_deadline: Duration,
    /// Deadline of one probe that is not a request.
    pub probe_deadline: Duration,
    /// Deadline of a whole probing.
    pub total_deadline: Duration,
    /// Most bytes read of one answer.
    pub body_bytes_max: u64,
    /// Largest database copied for plans and trials.
    pub copy_bytes_max: u64,
    /// Requests sent to each endpoint for the figures of its response time.
    pub requests_per_endpoint: u32,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            concurrency_max: 32,
            paths_max: 12,
            request_deadline: Duration::from_secs(10),
            probe_deadline: Duration::from_secs(10),
            total_deadline: Duration::from_secs(60),
            body_bytes_max: 4 << 20,
            copy_bytes_max: 512 << 20,
            requests_per_endpoint: 30,
        }
    }
}

impl Target {
    /// A stranger behind a URL.
    pub fn stranger(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            database: None,
            postgres: None,
            pid: None,
            paths: Vec::new(),
            own: false,
            intended: None,
            child_exe: None,
            headers: HeaderMap::new(),
            origin: None,
            caps: Caps::default(),
        }
    }

    /// How the target is called in a report.
    pub fn name(&self) -> String {
        match (&self.url, self.pid, &self.database, &self.postgres) {
            (Some(url), ..) => url.clone(),
            (None, Some(pid), ..) => format!("process {pid}"),
            (None, None, Some(file), _) => file.display().to_string(),
            (None, None, None, Some(postgres)) => postgres.name(),
            (None, None, None, None) => "this installation".to_owned(),
        }
    }
}
