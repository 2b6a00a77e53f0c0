//! The HTTP room put together: what its requests share, made once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use bytes::Bytes;
use galen_account::Accounts;
use galen_core::examinations::Examiner;
use galen_core::outbox::PostRoom;
use galen_core::{Clock, Code, Entropy, Health, Observer, Store, UnixMs};
use galen_monitor::Monitor;
use http::{HeaderMap, HeaderValue};

use crate::checks::Checks;
use crate::configured::ConfiguredSection;
use crate::connection::MS_NS;
use crate::cookie::CookieStyle;
use crate::exposition::{BearerToken, Exposition};
use crate::jobs::Jobs;
use crate::live::Hub;
use crate::phases::{Allowance, json_headers};
use crate::readiness::Readiness;
use crate::settings::HttpSettings;
use crate::written::WrittenMe;
use crate::{caller, routes};

/// What the room is made of.
pub struct AppParts {
    /// The account room.
    pub accounts: Arc<Accounts>,
    /// The store, for what admins told the monitor: every other read, and every write, goes through
    /// the account room.
    pub store: Arc<dyn Store>,
    /// The monitor, for those who ask it.
    pub monitor: Arc<Monitor>,
    /// The open streams: the bus of the account room.
    pub hub: Arc<Hub>,
    /// How the synthetic checks stand.
    pub checks: Checks,
    /// The periodic work.
    pub jobs: Arc<dyn Jobs>,
    /// The configuration as it is in force.
    pub configured: Vec<ConfiguredSection>,
    /// Who examines this installation and others.
    pub examiner: Arc<dyn Examiner>,
    /// Who is told of requests and connections.
    pub recorder: Arc<dyn Observer>,
    /// Who writes letters of the outbox out.
    pub post: Arc<dyn PostRoom>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What the installation decided.
    pub settings: HttpSettings,
}

/// The HTTP room. [`crate::serve`] serves it.
pub struct App {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) checks: Checks,
    pub(crate) jobs: Arc<dyn Jobs>,
    pub(crate) configured: Vec<ConfiguredSection>,
    /// When it was put together, which is when the server started.
    pub(crate) started_at: UnixMs,
    pub(crate) post: Arc<dyn PostRoom>,
    pub(crate) examiner: Arc<dyn Examiner>,
    pub(crate) recorder: Arc<dyn Observer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: HttpSettings,
    pub(crate) router: Router,
    pub(crate) openapi: Bytes,
    pub(crate) cookies: CookieStyle,
    pub(crate) me: WrittenMe,
    pub(crate) exposition: Exposition,
    pub(crate) metrics_token: Option<BearerToken>,
    pub(crate) strict_transport: Option<HeaderValue>,
    /// The headers of an ordinary answer in JSON, made once: copying a map costs less than making it.
    pub(crate) json_headers: HeaderMap,
    pub(crate) idle_timeout_ns: u64,
    pub(crate) request_lines: Allowance,
    readiness: Readiness,
    stopping: AtomicBool,
}

/// Two years, subdomains included (ASVS 5.0 3.4.1).
const STRICT_TRANSPORT: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

impl App {
    /// Puts the room together.
    #[must_use]
    pub fn new(parts: AppParts) -> Arc<Self> {
        let now = parts.clock.now();
        let laid = routes::laid();
        caller::know(laid.patterns);
        let secure = parts.settings.secure_cookies();
        let strict_transport = secure.then_some(STRICT_TRANSPORT);
        Arc::new(Self {
            accounts: parts.accounts,
            store: parts.store,
            exposition: Exposition::new(Arc::clone(&parts.monitor)),
            monitor: parts.monitor,
            hub: parts.hub,
            checks: parts.checks,
            jobs: parts.jobs,
            configured: parts.configured,
            started_at: now,
            post: parts.post,
            examiner: parts.examiner,
            recorder: parts.recorder,
            clock: parts.clock,
            entropy: parts.entropy,
            router: laid.router,
            openapi: laid.openapi.into(),
            cookies: CookieStyle::new(secure),
            me: WrittenMe::default(),
            metrics_token: parts.settings.metrics_token.as_ref().map(BearerToken::new),
            strict_transport: strict_transport.clone(),
            json_headers: json_headers(strict_transport),
            idle_timeout_ns: parts.settings.limits.idle_timeout_ms * MS_NS,
            settings: parts.settings,
            request_lines: Allowance::default(),
            readiness: Readiness::new(now),
            stopping: AtomicBool::new(false),
        })
    }

    /// Keeps what the canary found, for `/readyz`, which therefore touches no database. To be called
    /// several times a second: after two seconds the last word counts no more.
    pub fn note_health(&self, health: Health) {
        let before = self.health();
        if (before.ready, &before.code) != (health.ready, &health.code) {
            let told = serde_json::json!({ "ready": health.ready, "code": health.code });
            self.hub.tell_health(&told);
        }
        self.readiness.note(health, self.clock.monotonic_ns());
    }

    /// The last canary's whole word, for admins and the command line. It is not ready when the word
    /// is too old, or the server stops.
    #[must_use]
    pub fn health(&self) -> Health {
        let health = self.readiness.health(self.clock.monotonic_ns());
        if self.is_stopping() {
            return Health {
                ready: false,
                code: Some(Code::ShuttingDown.text().to_owned()),
                ..health
            };
        }
        health
    }

    /// Whether requests that need the database would be served just now, by the last canary; the
    /// code says why not.
    ///
    /// # Errors
    /// [`Code::ShuttingDown`], [`Code::NotReady`] before the first canary or when the last one is
    /// too old, or what the canary met.
    pub fn ready(&self) -> Result<(), Code> {
        if self.is_stopping() {
            return Err(Code::ShuttingDown);
        }
        self.readiness.ask(self.clock.monotonic_ns())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
