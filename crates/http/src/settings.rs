//! What an installation may decide about its HTTP: addresses, limits, timeouts.

use galen_core::{Secret, TraceShare};

use crate::origin::Origin;
use galen_core::Network;

/// Everything an installation may decide about its HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// The address in the browser's bar. It decides the cookie's name and flags, `Strict-Transport-
    /// Security` and the origin that unsafe requests must come from. `None`: plain HTTP on loopback.
    pub public_url: Option<Origin>,
    /// Other origins whose pages may call this server with credentials.
    pub allowed_origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Limits and timeouts.
    pub limits: Limits,
    /// What `GET /metrics` wants as its bearer token. `None`: there is no `/metrics` here.
    pub metrics_token: Option<Secret<String>>,
    /// Which requests have a line in the log.
    pub requests_log: RequestsLog,
    /// Of the traces that begin here, how many are recorded, where spans are exported: requests
    /// without a trace of their client's then begin one. `None`: nobody exports spans.
    pub traces: Option<TraceShare>,
}

/// Which requests have a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestsLog {
    /// Slow ones, those answered from 500 on, and those that ran past their deadline, were given up
    /// or panicked: as warnings.
    #[default]
    Notable,
    /// The notable ones as warnings, all others as information.
    All,
    /// None at all.
    None,
}

impl HttpSettings {
    /// Whether cookies carry `Secure` and the `__Host-` prefix.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.public_url.as_ref().is_some_and(Origin::is_https)
    }
}

/// Limits and timeouts. A limit that is reached answers with a problem that names it, or closes the
/// connection where there is nothing to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the acceptance of a connection, or the first byte of a later request, to the end of the
    /// request's head, in milliseconds.
    pub header_timeout_ms: u64,
    /// To the end of a request's body, in milliseconds.
    pub body_timeout_ms: u64,
    /// How long a connection may wait for its next request, in milliseconds.
    pub idle_timeout_ms: u64,
    /// How long the client may take to receive an answer, in milliseconds.
    pub write_timeout_ms: u64,
    /// How long a request may be worked on, in milliseconds. Longer than the body's timeout, so that
    /// a slow body is answered as a slow body.
    pub request_deadline_ms: u64,
    /// How long a stop waits for requests at work, in milliseconds.
    pub drain_deadline_ms: u64,
    /// The largest head of a request, in bytes. At most 100 header fields are taken in any case.
    pub max_header_bytes: usize,
    /// The largest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// How many connections are served at once; lowered to what the limit of open files allows.
    pub max_connections: usize,
    /// How many connections one address may have; trusted proxies are exempt.
    pub max_connections_per_address: usize,
    /// How many file descriptors are never given to connections.
    pub reserved_files: usize,
    /// From which time on a request is worth a line in the log, in milliseconds.
    pub slow_request_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            idle_timeout_ms: 75_000,
            write_timeout_ms: 30_000,
            request_deadline_ms: 40_000,
            drain_deadline_ms: 10_000,
            max_header_bytes: 32 * 1024,
            max_body_bytes: 64 * 1024,
            max_connections: 16_384,
            max_connections_per_address: 1_024,
            reserved_files: 64,
            slow_request_ms: 1_000,
        }
    }
}
