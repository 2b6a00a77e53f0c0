//! CORS: which pages of other origins may read answers. An allow-list and nothing else.

use axum::body::Body;
use axum::response::Response;
use galen_core::{Code, Phase};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN,
};
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;

use super::identify::Visit;
use crate::answer::HEADERS;
use crate::app::App;
use crate::fault::Fault;

const YES: HeaderValue = HeaderValue::from_static("true");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const ALLOWED: HeaderValue =
    HeaderValue::from_static("Content-Type, X-CSRF-Token, Idempotency-Key");
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Request-Id, Retry-After, Server-Timing");
/// Ten minutes: how long a change of the allow-list takes to reach every browser.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// What a request's `Origin` header means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is none.
    Absent,
    /// It is on the allow-list, exactly; this is the list's own value.
    Listed(HeaderValue),
    /// It is anything else: foreign, `null`, several, unreadable, or our own.
    Unlisted,
}

/// Compares the `Origin` header with the allow-list, byte by byte. What is answered is the list's
/// value, never the header's.
pub(super) fn judge(app: &App, headers: &HeaderMap) -> Verdict {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Verdict::Absent,
        (Some(origin), None) => app
            .settings
            .allowed_origins
            .iter()
            .find(|listed| listed.header() == origin)
            .map_or(Verdict::Unlisted, |listed| Verdict::Listed(listed.header().clone())),
        _ => Verdict::Unlisted,
    }
}

/// Answers a preflight (Fetch §3.2.2), before anything is looked up. `None`: it is none.
pub(super) fn preflight(
    visit: &Visit,
    request: &Request<Incoming>,
) -> Result<Option<Response>, Fault> {
    if request.method() != Method::OPTIONS
        || visit.origin == Verdict::Absent
        || !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    {
        return Ok(None);
    }
    let mark = visit.cx.ledger.open(visit.now_ns());
    let result = match visit.origin {
        Verdict::Listed(_) => Ok(Some(welcome())),
        _ => Err(Fault::new(Code::CorsOriginNotAllowed)),
    };
    visit.cx.ledger.close(Phase::Cors, mark, visit.now_ns());
    result
}

fn welcome() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    response
}

/// Says to the browser whether the asking page may read the answer. `Vary: Origin` is on every
/// answer, also on those without an `Origin`, or a cache would give one origin's answer to another.
pub(super) fn mark(origin: &Verdict, headers: &mut HeaderMap) {
    if let Verdict::Listed(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
