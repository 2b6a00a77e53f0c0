//! Identify: the request gets a name, a context, and the address it really comes from.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use galen_account::{Caller, Identity};
use galen_core::post::Language;
use galen_core::{Cx, Phase, RequestId, TraceContext};
use http::{Method, Request};
use hyper::body::Incoming;

use super::cors::{self, Verdict};
use crate::app::App;
use crate::connection::{Connection, MS_NS};
use crate::network::client_address;
use crate::trace;

/// One request on its way: what its phases and its handler share.
pub(crate) struct Visit {
    /// The context every call of another room takes.
    pub(crate) cx: Cx,
    /// The room.
    pub(crate) app: Arc<App>,
    /// The connection it came on.
    pub(crate) connection: Arc<Connection>,
    /// When it began, on the monotonic clock: when its head was read, less the time its connection
    /// waited to be taken up.
    pub(crate) started_ns: u64,
    /// Its method.
    pub(crate) method: Method,
    /// What its `Origin` header means here.
    pub(crate) origin: Verdict,
    /// The trace it belongs to, if its client said so.
    pub(crate) trace: Option<TraceContext>,
    /// The pattern of its route, once it is matched.
    pub(crate) route: OnceLock<&'static str>,
    /// Who asks, once that was looked up.
    pub(crate) identity: OnceLock<Identity>,
    /// What polling for the body took on the handler's thread, counted as reading the body and
    /// therefore not as the handler's own, in nanoseconds.
    pub(crate) body_polled_ns: AtomicU64,
}

impl Visit {
    /// Who is signed in, if somebody is.
    pub(crate) fn caller(&self) -> Option<&Arc<Caller>> {
        match self.identity.get() {
            Some(Identity::Caller(caller)) => Some(caller),
            _ => None,
        }
    }

    /// Nanoseconds on the monotonic clock.
    pub(crate) fn now_ns(&self) -> u64 {
        self.app.clock.monotonic_ns()
    }
}

/// Names a request. A name the client sends (`X-Request-Id`) is not taken over: it would be written
/// into the log and the audit trail, and two requests could share it.
pub(crate) fn visit(
    app: Arc<App>,
    connection: Arc<Connection>,
    request: &Request<Incoming>,
) -> Arc<Visit> {
    let request_id = RequestId::mint(&*app.clock, &*connection);
    let deadline_ns = app.settings.limits.request_deadline_ms * MS_NS;
    let mut cx = Cx::live(request_id, &*app.clock, deadline_ns);
    cx.address =
        Some(client_address(connection.peer, request.headers(), &app.settings.trusted_proxies));
    let asked = request.headers().get(http::header::ACCEPT_LANGUAGE);
    cx.language =
        asked.and_then(|asked| asked.to_str().ok()).map_or(cx.language, Language::asked_for);
    let waited_ns = connection.take_accept_wait_ns();
    cx.ledger.add(Phase::AcceptQueue, waited_ns);
    let started_ns = cx.deadline.0.saturating_sub(deadline_ns.saturating_add(waited_ns));
    connection.took_off(cx.deadline.0);
    Arc::new(Visit {
        origin: cors::judge(&app, request.headers()),
        trace: trace::of(request.headers()),
        cx,
        app,
        connection,
        started_ns,
        method: request.method().clone(),
        route: OnceLock::new(),
        identity: OnceLock::new(),
        body_polled_ns: AtomicU64::new(0),
    })
}
