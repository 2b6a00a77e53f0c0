//! THE mapping from a refusal to what a client sees: a problem document (RFC 9457) and its headers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use galen_core::{Code, FieldError, Kind, Refusal, RequestId};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::HEADERS;

/// The media type of a problem (RFC 9457 §3).
pub(crate) const PROBLEM_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What a refusal says to a program that asks who it should be. A challenge is owed with every 401
/// (RFC 9110 §15.5.2). The scheme is that of draft-broyer-http-cookie-auth; unlike `Basic` it makes
/// no browser open a dialogue.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Cookie realm=\"galen\", form-action=\"/api/auth/login\"");

/// Why a handler did not answer with what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Fault(pub(crate) Box<Refusal>);

impl Fault {
    pub(crate) fn new(code: Code) -> Self {
        Self(Box::new(Refusal::new(code)))
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(refusal))
    }
}

impl IntoResponse for Fault {
    /// Carries the refusal to the end of the phases, where [`problem`] writes it: only there the
    /// request's name is at hand.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_of(self.0.code.kind());
        response.extensions_mut().insert(self);
        response
    }
}

/// The status of a kind of refusal.
pub(crate) const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A problem document (RFC 9457 §3).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// A path that explains the problem: `/problems/{code}`.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    /// A short, human title; the same for every occurrence.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What was wrong this time and what to do about it.
    detail: &'a str,
    /// The stable code to compare with in programs.
    code: &'a str,
    /// The name of the request, for whoever runs the server.
    #[schema(format = "uuid")]
    request_id: String,
    /// The fields that were wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: Vec<ProblemField<'a>>,
}

/// A field that was wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemField<'a> {
    /// Where it is: a JSON pointer (RFC 6901) into the body, or a parameter's name.
    pointer: &'a str,
    /// The stable code of what was wrong with it.
    code: &'a str,
    /// What was wrong with it, with the limits.
    detail: &'a str,
}

impl<'a> From<&'a FieldError> for ProblemField<'a> {
    fn from(field: &'a FieldError) -> Self {
        Self { pointer: &field.pointer, code: field.code.text(), detail: &field.detail }
    }
}

/// The document of a refusal, as bytes.
pub(crate) fn document(refusal: &Refusal, status: StatusCode, request_id: RequestId) -> Vec<u8> {
    let problem = Problem {
        kind: format!("/problems/{}", refusal.code.text()),
        title: refusal.code.title(),
        status: status.as_u16(),
        detail: &refusal.detail,
        code: refusal.code.text(),
        request_id: request_id.to_string(),
        errors: refusal.fields.iter().map(ProblemField::from).collect(),
    };
    // A structure of texts and numbers always serialises.
    serde_json::to_vec(&problem).unwrap_or_default()
}

/// The answer to a refusal.
pub(crate) fn problem(refusal: &Refusal, request_id: RequestId) -> Response {
    let status = status_of(refusal.code.kind());
    let mut response = Response::new(Body::from(document(refusal, status, request_id)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, PROBLEM_TYPE);
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    if let Some(ms) = refusal.retry_after_ms {
        // Seconds, rounded up: whoever waits so long is not refused for the same reason.
        headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000).max(1)));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId::from_bytes([1; 16])
    }

    #[test]
    fn every_code_becomes_a_problem_with_its_status_and_a_way_out() {
        for code in Code::ALL {
            let answer = problem(&Refusal::new(*code), id());
            assert!(answer.status().as_u16() >= 400, "{}", code.text());
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
            let is_challenge = answer.headers().contains_key(WWW_AUTHENTICATE);
            assert_eq!(is_challenge, answer.status() == 401, "{}", code.text());
        }
    }

    #[test]
    fn the_time_to_wait_is_rounded_up_to_a_second() {
        let refusal = Refusal::new(Code::TooManyAttempts).retry_after_ms(1_001);
        let answer = problem(&refusal, id());
        assert_eq!(answer.headers()[RETRY_AFTER], "2");
    }

    #[test]
    fn the_document_points_at_the_fields_that_were_wrong() {
        let refusal = Refusal::field("/email", Code::FieldEmail, "no @");
        let bytes = document(&refusal, StatusCode::UNPROCESSABLE_ENTITY, id());
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(value["errors"][0]["pointer"], "/email");
        assert_eq!(value["errors"][0]["code"], "field.email");
        assert_eq!(value["code"], "request.fields");
        assert_eq!(value["type"], "/problems/request.fields");
        assert_eq!(value["status"], 422);
    }
}
