//! Applications: they call with an API key instead of a session.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use galen_account::Publisher;
use galen_core::model::ApiKey;
use galen_core::{Code, Refusal};
use http::HeaderValue;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;

use crate::caller::Anybody;
use crate::fault::Fault;

/// How an application says who it is (RFC 6750 §3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"galen\"");

/// An application whose key works. Its cookie, should it send one, counts for nothing.
pub(crate) struct Application {
    /// The request.
    pub(crate) anybody: Anybody,
    key: ApiKey,
}

impl Application {
    /// The application as a publisher.
    pub(crate) fn publisher(&self) -> Publisher<'_> {
        Publisher::Key(&self.key)
    }
}

impl<S: Sync> FromRequestParts<S> for Application {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let anybody = Anybody::from_request_parts(parts, state);
        let anybody = anybody.await.map_err(IntoResponse::into_response)?;
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else {
            return Err(nobody());
        };
        let Some(token) = bearer(header.as_bytes()) else { return Err(nobody()) };
        match anybody.accounts().identify_api_key(anybody.cx(), token).await {
            Ok(key) => Ok(Self { anybody, key }),
            Err(refusal) if refusal.code == Code::ApiKeyInvalid => Err(challenged(refusal)),
            Err(refusal) => Err(Fault::from(refusal).into_response()),
        }
    }
}

/// The token of an `Authorization: Bearer TOKEN`. The name of a scheme may be written in any case
/// (RFC 9110 §11.1).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    let token = std::str::from_utf8(token).ok()?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

fn nobody() -> Response {
    let detail = "Send an API key as Authorization: Bearer gk_…; `galen keys add` makes one.";
    challenged(Refusal::new(Code::NotSignedIn).with_detail(detail))
}

fn challenged(refusal: Refusal) -> Response {
    let mut response = Fault::from(refusal).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    response
}
