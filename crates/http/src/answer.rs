//! Answers that say yes: JSON, nothing, or somebody signed in or out.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use galen_account::{Caller, SignedIn};
use galen_core::Code;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::app::App;
use crate::caller::Anybody;
use crate::fault::Fault;
use crate::routes::SignedInView;

/// What every handler gives.
pub(crate) type Answer = Result<Response, Fault>;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Lines of JSON: one object a line (github.com/ndjson/ndjson-spec).
pub(crate) const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// Public documents are asked for again each time and may then be found unchanged.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// What the browser keeps of us goes with the session (ASVS 5.0 14.3.1). Not `"cookies"`, which would
/// take the cookies of every application on the host with it; ours is removed by name.
const CLEARED: HeaderValue = HeaderValue::from_static("\"cache\", \"storage\"");
/// How many headers an ordinary answer has at the most, so that the map is made once. It is no
/// larger, because the map takes a hundred bytes a header.
pub(crate) const HEADERS: usize = 12;

/// How large an ordinary answer is, in bytes: most fit without growing.
const ORDINARY_BYTES: usize = 1024;

/// 200 with `body` as JSON.
pub(crate) fn ok<T: Serialize>(body: &T) -> Answer {
    json(StatusCode::OK, body)
}

/// 201 with `body` as JSON and, when it can be asked for, where.
pub(crate) fn created<T: Serialize>(body: &T, location: Option<&str>) -> Answer {
    let mut response = json(StatusCode::CREATED, body)?;
    if let Some(Ok(location)) = location.map(HeaderValue::from_str) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// 202 with `body` as JSON: what was asked for goes on elsewhere.
pub(crate) fn accepted<T: Serialize>(body: &T) -> Answer {
    json(StatusCode::ACCEPTED, body)
}

/// 204.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json<T: Serialize>(status: StatusCode, body: &T) -> Answer {
    let mut response = Response::new(Body::from(written(body)?));
    *response.status_mut() = status;
    response.headers_mut().reserve(HEADERS);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

/// `body` as JSON.
fn written<T: Serialize>(body: &T) -> Result<Bytes, Fault> {
    let mut bytes = Vec::with_capacity(ORDINARY_BYTES);
    serde_json::to_writer(&mut bytes, body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        Fault::new(Code::Internal)
    })?;
    Ok(bytes.into())
}

/// JSON that is written already, with its length as a header.
#[derive(Clone)]
pub(crate) struct Written {
    body: Bytes,
    length: HeaderValue,
}

impl Written {
    /// `body` as JSON.
    pub(crate) fn new<T: Serialize>(body: &T) -> Result<Self, Fault> {
        let body = written(body)?;
        Ok(Self { length: HeaderValue::from(body.len()), body })
    }

    /// The JSON.
    #[cfg(test)]
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }
}

/// 200 with JSON that is written already, for answers that are given very often: their head is copied
/// from one that was made once. Its length is said here, because the router would add it to a full
/// map, which would grow.
pub(crate) fn ok_written(app: &App, written: Written) -> Response {
    let mut headers = app.json_headers.clone();
    headers.insert(CONTENT_LENGTH, written.length);
    let mut response = Response::new(Body::from(written.body));
    *response.headers_mut() = headers;
    response
}

/// 200 with who is signed in now, and the cookie that keeps it.
pub(crate) fn signed_in(anybody: &Anybody, signed_in: &SignedIn) -> Answer {
    let app = anybody.app();
    let caller: &Caller = &signed_in.caller;
    let now = app.clock.now();
    let token = app.accounts.csrf_token(Some(caller.session.id));
    let mut response = ok(&SignedInView::new(caller, token, now))?;
    let lasts_ms = caller.session.ends_at.since_ms(now);
    let cookie = app
        .cookies
        .keep(signed_in.token.reveal(), lasts_ms)
        .ok_or_else(|| Fault::new(Code::Internal))?;
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

/// Makes `response` tell the browser to forget the session and what it kept of us.
pub(crate) fn signed_out(anybody: &Anybody, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.extend(anybody.app().cookies.forget().map(|cookie| (SET_COOKIE, cookie)));
    headers.insert(CLEAR_SITE_DATA, CLEARED);
    response
}

/// 200 with a public document.
pub(crate) fn document(media_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, NO_CACHE);
    response
}
