//! `GET /metrics`: the monitor's figures for Prometheus.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use galen_core::{Code, Refusal};
use http::HeaderValue;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;

use crate::answer;
use crate::caller::Anybody;
use crate::exposition::MEDIA_TYPE;
use crate::fault::Fault;

/// How a scraper says who it is (RFC 6750 §3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"galen-metrics\"");

/// Whoever brings the token of the metrics.
pub(crate) struct Scraper(Anybody);

impl<S: Sync> FromRequestParts<S> for Scraper {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let anybody = Anybody::from_request_parts(parts, state);
        let anybody = anybody.await.map_err(IntoResponse::into_response)?;
        // Without a token there is no such page, and nothing to try tokens on.
        let Some(token) = &anybody.app().metrics_token else {
            return Err(Fault::new(Code::NotFound).into_response());
        };
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next()) {
            (Some(header), None) if token.opens(header.as_bytes()) => Ok(Self(anybody)),
            _ => Err(nobody()),
        }
    }
}

fn nobody() -> Response {
    let detail = "Send the token of monitor.metrics_token_file as Authorization: Bearer TOKEN.";
    let fault = Fault::from(Refusal::new(Code::NotSignedIn).with_detail(detail));
    let mut response = fault.into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    response
}

/// Gives all metrics since the start in the Prometheus text format, at most a second old. It exists
/// only where a token is configured.
#[utoipa::path(get, path = "/metrics", tag = "system", security(("metrics" = [])), responses(
    (status = 200, description = "The metrics.", content_type = "text/plain", body = String),
    (status = 404, description = "No token is configured."),
))]
pub(crate) async fn metrics(Scraper(by): Scraper) -> Response {
    let mut response = answer::document(MEDIA_TYPE, by.app().exposition.text());
    response.headers_mut().remove(http::header::CACHE_CONTROL);
    response
}
