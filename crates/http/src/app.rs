//! The HTTP room put together: what its requests share, made once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use bytes::Bytes;
use galen_account::Accounts;
use galen_core::{Clock, Code, Cx, Entropy, Kind, Observer, RequestId, Store};
use http::HeaderValue;

use crate::connection::MS_NS;
use crate::cookie::CookieStyle;
use crate::readiness::Readiness;
use crate::settings::HttpSettings;
use crate::written::WrittenMe;
use crate::{openapi, routes};

/// What the room is made of.
pub struct AppParts {
    /// The account room.
    pub accounts: Arc<Accounts>,
    /// The store, for readiness alone: every other read and write goes through the account room.
    pub store: Arc<dyn Store>,
    /// Who is told of requests and connections.
    pub recorder: Arc<dyn Observer>,
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
    pub(crate) recorder: Arc<dyn Observer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: HttpSettings,
    pub(crate) router: Router,
    pub(crate) openapi: Bytes,
    pub(crate) cookies: CookieStyle,
    pub(crate) me: WrittenMe,
    pub(crate) strict_transport: Option<HeaderValue>,
    pub(crate) idle_timeout_ns: u64,
    readiness: Readiness,
    stopping: AtomicBool,
}

/// How long the canary waits for the store, in milliseconds.
const CANARY_TIMEOUT_MS: u64 = 2_000;

/// Two years, subdomains included (ASVS 5.0 3.4.1).
const STRICT_TRANSPORT: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

impl App {
    /// Puts the room together.
    #[must_use]
    pub fn new(parts: AppParts) -> Arc<Self> {
        let (router, document) = routes::all();
        let secure = parts.settings.secure_cookies();
        Arc::new(Self {
            accounts: parts.accounts,
            store: parts.store,
            recorder: parts.recorder,
            clock: parts.clock,
            entropy: parts.entropy,
            router,
            openapi: openapi::json(&document).into(),
            cookies: CookieStyle::new(secure),
            me: WrittenMe::default(),
            strict_transport: secure.then_some(STRICT_TRANSPORT),
            idle_timeout_ns: parts.settings.limits.idle_timeout_ms * MS_NS,
            settings: parts.settings,
            readiness: Readiness::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Tries, within two seconds, whether the store reads and writes a row, and remembers it for
    /// `/readyz`, which therefore touches no database. To be called about once a second.
    pub async fn canary(&self) {
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        let cx = Cx::background(request_id, &*self.clock, CANARY_TIMEOUT_MS * MS_NS);
        let try_both = async {
            self.store.counts(&cx, self.clock.now()).await?;
            self.store.canary(&cx).await
        };
        let bound = std::time::Duration::from_millis(CANARY_TIMEOUT_MS);
        let outcome = match tokio::time::timeout(bound, try_both).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let code = galen_core::Refusal::from(error.clone()).code;
                if self.ready() != Err(Code::NotReady) {
                    tracing::error!(%error, "the database does not read and write as it should");
                }
                // Whatever broke, the answer is "not now".
                Err(if code.kind() == Kind::Unavailable { code } else { Code::NotReady })
            }
            Err(_) => Err(Code::DeadlineExceeded),
        };
        self.readiness.note(outcome, self.clock.monotonic_ns());
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
