//! Protect: what no request may be, and what every answer says to browsers and caches.

use axum::response::Response;
use galen_core::{Code, LedgerSnapshot, Refusal};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;

use super::cors;
use super::identify::Visit;
use super::measure::{Answered, Flight};
use crate::answer::{HEADERS, JSON};
use crate::fault::{self, Fault};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store, private");
const VARY_VALUE: HeaderValue = HeaderValue::from_static("Origin, Cookie");
/// An answer of the API is never a page, whatever a browser makes of it (ASVS 5.0 3.2.1, 3.4.6).
const NOTHING: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");

/// Refuses what cannot be meant: a request of HTTP/1.1 without exactly one host (RFC 9112 §3.2).
pub(super) fn admit(request: &Request<Incoming>) -> Result<(), Fault> {
    if request.version() == Version::HTTP_11 {
        let mut hosts = request.headers().get_all(HOST).iter();
        if hosts.next().is_none() || hosts.next().is_some() {
            let detail = "A request of HTTP/1.1 names exactly one host in its Host header.";
            return Err(Refusal::new(Code::MalformedRequest).with_detail(detail).into());
        }
    }
    Ok(())
}

/// Turns what the phases came to into the answer, with all that every answer carries.
pub(super) fn dress(
    mut flight: Flight,
    (outcome, answered): (galen_core::RequestOutcome, Answered),
) -> (Flight, Response) {
    flight.went_wrong(outcome);
    let visit = std::sync::Arc::clone(&flight.visit);
    let (mut response, code) = match answered {
        Ok(mut response) => match response.extensions_mut().remove::<Fault>() {
            Some(fault) => refuse(&visit, &fault, response.headers_mut()),
            None => (response, None),
        },
        Err(fault) => refuse(&visit, &fault, &mut HeaderMap::new()),
    };
    headers(&visit, response.headers_mut());
    let now_ns = visit.now_ns();
    if visit.caller().is_some_and(|caller| caller.is_admin()) {
        let wall_ns = now_ns.saturating_sub(visit.started_ns);
        let timing = server_timing(&visit.cx.ledger.snapshot(wall_ns));
        response.headers_mut().extend(timing.map(|value| (SERVER_TIMING, value)));
    }
    flight.answered(response.status().as_u16(), code, now_ns);
    (flight, response)
}

/// The problem, with what the handler or the router said about it: which methods there are, and how
/// to say who one is where that is not the session's cookie.
fn refuse(visit: &Visit, fault: &Fault, said: &mut HeaderMap) -> (Response, Option<&'static str>) {
    let refusal = &*fault.0;
    let mut response = fault::problem(refusal, visit.cx.request_id);
    for name in [ALLOW, WWW_AUTHENTICATE] {
        if let Some(value) = said.remove(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    (response, Some(refusal.code.text()))
}

/// What every answer in JSON has in its head, with places for what differs between requests: its
/// length and the request's name.
pub(crate) fn json_headers(strict_transport: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(REQUEST_ID, HeaderValue::from_static(""));
    same_for_all(&mut headers, strict_transport);
    headers
}

/// What every answer says. Whoever has said something of a policy or of caching has its reasons.
fn same_for_all(headers: &mut HeaderMap, strict_transport: Option<HeaderValue>) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    // Pages and public documents say for themselves what they may do and how long they keep.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    headers.entry(VARY).or_insert(VARY_VALUE);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    if let Some(strict) = strict_transport {
        headers.insert(STRICT_TRANSPORT_SECURITY, strict);
    }
}

fn headers(visit: &Visit, headers: &mut HeaderMap) {
    // An answer made from the prepared headers has them all.
    if !headers.contains_key(X_CONTENT_TYPE_OPTIONS) {
        same_for_all(headers, visit.app.strict_transport.clone());
    }
    headers.insert(REQUEST_ID, name_of(visit));
    cors::mark(&visit.origin, headers);
}

/// The request's name as a header: 36 characters, hyphenated.
fn name_of(visit: &Visit) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut place = 0;
    for (index, byte) in visit.cx.request_id.as_bytes().iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            place += 1;
        }
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 15)];
        place += 2;
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The ledger as `Server-Timing` (W3C Server Timing §2): every phase with time in it, what no phase
/// explains, and the total, in milliseconds. The answer's own writing is not in it: it comes after.
fn server_timing(ledger: &LedgerSnapshot) -> Option<HeaderValue> {
    use std::fmt::Write;
    let mut text = String::with_capacity(256);
    let rows = ledger
        .spent()
        .map(|(phase, ns)| (phase.name(), ns))
        .chain([("unexplained", ledger.unexplained_ns()), ("total", ledger.wall_ns)]);
    for (name, ns) in rows {
        let separator = if text.is_empty() { "" } else { ", " };
        let (ms, rest_ns) = (ns / 1_000_000, ns % 1_000_000);
        write!(text, "{separator}{name};dur={ms}.{rest_ns:06}").ok()?;
    }
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::{Ledger, Phase};

    #[test]
    fn the_timing_header_adds_up_to_the_nanosecond() {
        let ledger = Ledger::new();
        ledger.add(Phase::Query, 1_500_000);
        ledger.add(Phase::Handler, 20_000);
        let header = server_timing(&ledger.snapshot(2_000_001)).expect("a header");
        assert_eq!(
            header,
            "query;dur=1.500000, handler;dur=0.020000, unexplained;dur=0.480001, total;dur=2.000001"
        );
    }
}
