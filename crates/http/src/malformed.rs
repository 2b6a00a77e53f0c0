//! Answers to requests that are no HTTP: hyper's bare status becomes a problem like every other.

use std::sync::Arc;

use bytes::Bytes;
use galen_core::{Code, Ledger, Refusal, RequestId, RequestOutcome, RequestRecord};
use http::StatusCode;

use crate::app::App;
use crate::connection::Connection;
use crate::fault;

/// The whole answer, head and body, that takes the place of `bare`: the answer hyper gives by itself
/// to a head it cannot read (400), a head that is too large (431) or a target that is (414).
pub(crate) fn answer(app: &Arc<App>, connection: &Arc<Connection>, bare: &[u8]) -> Bytes {
    let status = status_in(bare);
    let request_id = RequestId::mint(&*app.clock, &**connection);
    let refusal = Refusal::new(Code::MalformedRequest).with_detail(detail(status));
    let body = fault::document(&refusal, status, request_id);
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         connection: close\r\ncache-control: no-store, private\r\nvary: Origin\r\n\
         x-content-type-options: nosniff\r\nx-request-id: {request_id}\r\n\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    );
    app.recorder.request(&RequestRecord {
        request_id,
        trace: None,
        user_id: None,
        route: "",
        method: "OTHER",
        status: status.as_u16(),
        code: Some(refusal.code.text()),
        outcome: RequestOutcome::Answered,
        ledger: Ledger::new().snapshot(0),
    });
    let mut whole = head.into_bytes();
    whole.extend_from_slice(&body);
    whole.into()
}

/// The status in `HTTP/1.1 431 …`; 400 when there is none.
fn status_in(bare: &[u8]) -> StatusCode {
    bare.get(9..12)
        .and_then(|digits| StatusCode::from_bytes(digits).ok())
        .filter(StatusCode::is_client_error)
        .unwrap_or(StatusCode::BAD_REQUEST)
}

const fn detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::URI_TOO_LONG => "The request's target is too long.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "The request's head is too large: send fewer or shorter headers (100 at the most)."
        }
        _ => "What was sent is not an HTTP/1.1 request.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_the_bare_answer_is_kept_when_it_blames_the_client() {
        assert_eq!(status_in(b"HTTP/1.1 431 Request Header Fields Too Large\r\n"), 431);
        assert_eq!(status_in(b"HTTP/1.1 200 OK\r\n"), 400);
        assert_eq!(status_in(b"HTTP"), 400);
    }
}
