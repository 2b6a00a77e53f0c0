//! CSRF: no page of another origin acts in its visitor's name.
//!
//! The algorithm is that of Go 1.25's `http.CrossOriginProtection` (Filippo Valsorda,
//! words.filippo.io/csrf), stricter where we can be: schemes are compared, there are no bypasses,
//! and whoever comes with a session also brings that session's token.

use galen_core::{Code, Phase, Refusal};
use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;

use super::cors::Verdict;
use super::identify::Visit;
use crate::app::App;
use crate::fault::Fault;
use crate::origin::is_loopback_host;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Refuses an unsafe request that another origin's page may have forged.
pub(super) fn check(visit: &Visit, request: &Request<Incoming>) -> Result<(), Fault> {
    // Safe methods change nothing (RFC 9110 §9.2.1); no handler of ours does so under them.
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let mark = visit.cx.ledger.open(visit.now_ns());
    let verdict = origin(visit, request.headers()).and_then(|()| token(visit, request.headers()));
    visit.cx.ledger.close(Phase::Csrf, mark, visit.now_ns());
    verdict
}

fn origin(visit: &Visit, headers: &HeaderMap) -> Result<(), Fault> {
    if matches!(visit.origin, Verdict::Listed(_)) {
        return Ok(());
    }
    let mut sites = headers.get_all(FETCH_SITE).iter();
    match (sites.next().map(http::HeaderValue::as_bytes), sites.next()) {
        (Some(b"same-origin" | b"none"), None) => Ok(()),
        (Some(b"same-site"), None) => Err(refused(Code::CsrfSameSite, headers)),
        (Some(_), _) => Err(refused(Code::CsrfCrossOrigin, headers)),
        // A browser of before 2023 sends an Origin only; what sends neither is no browser.
        (None, _) if visit.origin == Verdict::Absent => Ok(()),
        (None, _) if is_own_origin(&visit.app, headers) => Ok(()),
        (None, _) => Err(refused(Code::CsrfCrossOrigin, headers)),
    }
}

/// Whether the `Origin` is the public URL's. Without a public URL Galen is served on loopback, and
/// its origin is whatever loopback name the browser used; a name that is not of this machine is not
/// taken from the `Host` header, or a rebound DNS name would pass.
fn is_own_origin(app: &App, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return false;
    };
    if let Some(public) = &app.settings.public_url {
        return public.header() == origin;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = origin.to_str().ok().and_then(|text| text.strip_prefix("http://"));
    matches!((host, named), (Some(host), Some(named)) if host == named && is_loopback_host(host))
}

/// A request with a session also shows the token of that session, which only pages that may read our
/// answers can know (OWASP CSRF Prevention Cheat Sheet, signed double submit without the cookie).
fn token(visit: &Visit, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(caller) = visit.caller() else {
        return Ok(());
    };
    let mut tokens = headers.get_all(TOKEN).iter();
    match (tokens.next().map(http::HeaderValue::to_str), tokens.next()) {
        (None, _) => Err(refused(Code::CsrfTokenMissing, headers)),
        (Some(Ok(token)), None) if visit.app.accounts.check_csrf(caller.session.id, token) => {
            Ok(())
        }
        _ => Err(refused(Code::CsrfTokenInvalid, headers)),
    }
}

/// Says what came and the line that fixes it; and logs it, since a forged request is an attack.
fn refused(code: Code, headers: &HeaderMap) -> Fault {
    let shown = headers
        .get(ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        // Only what could be an origin is repeated, so that nothing else reaches a log or a page.
        .filter(|origin| crate::origin::Origin::parse(origin).is_ok());
    tracing::info!(code = code.text(), origin = shown, "refused a request that may be forged");
    let refusal = Refusal::new(code);
    match (code, shown) {
        (Code::CsrfCrossOrigin | Code::CsrfSameSite, Some(origin)) => {
            let fix = code.fix();
            let detail = format!("{fix} The line would be: http.allowed_origins = [\"{origin}\"]");
            refusal.with_detail(detail).into()
        }
        _ => refusal.into(),
    }
}
