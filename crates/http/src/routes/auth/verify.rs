//! `GET /api/auth/verify`: a reverse proxy asks who is behind a request.

use std::fmt::Write;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::answer::Answer;
use crate::caller::SignedIn;
use crate::trace::HandedOn;

const USER: HeaderName = HeaderName::from_static("x-galen-user");
const EMAIL: HeaderName = HeaderName::from_static("x-galen-email");
const ROLE: HeaderName = HeaderName::from_static("x-galen-role");

/// Says who is signed in, in headers for nginx `auth_request` and Caddy `forward_auth`. The address is
/// percent-encoded where it is not printable ASCII, so that it is one safe header value. The trace
/// context is in the answer under the names of the request's own headers, because proxies copy
/// headers from here into the request under the same names.
#[utoipa::path(get, path = "/api/auth/verify", tag = "auth", security(("session" = [])), responses(
    (status = 200, description = "Somebody is signed in.", headers(
        ("X-Galen-User" = String, description = "The user's identifier."),
        ("X-Galen-Email" = String, description = "The user's address, percent-encoded where needed."),
        ("X-Galen-Role" = String, description = "The user's role."),
        ("traceparent" = Option<String>, description = "The trace to go on with, where there is one (W3C Trace Context)."),
        ("tracestate" = Option<String>, description = "The client's, unchanged."),
    )),
))]
pub(crate) async fn verify(by: SignedIn, trace: HandedOn) -> Answer {
    let user = &by.caller().user;
    let mut response = Response::new(Body::empty());
    let named = [
        (USER, HeaderValue::from_str(&user.id.to_string())),
        (EMAIL, HeaderValue::from_str(&header_safe(&user.email))),
        (ROLE, HeaderValue::from_str(user.role.name())),
    ];
    for (name, value) in named {
        // Identifiers, roles and percent-encoded text are always header values; were one not, the
        // proxy would have to see a failure, not a request without it.
        let value = value.map_err(|_| crate::fault::Fault::new(galen_core::Code::Internal))?;
        response.headers_mut().insert(name, value);
    }
    trace.put(response.headers_mut());
    Ok(response)
}

/// Percent-encodes everything but printable ASCII, and the percent sign itself, so that it can be
/// undone (RFC 3986 §2.1).
fn header_safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            safe.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            write!(safe, "%{byte:02X}").ok();
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::header_safe;

    #[test]
    fn an_address_is_one_safe_header_value() {
        assert_eq!(header_safe("ann+x@example.org"), "ann+x@example.org");
        assert_eq!(header_safe("jürgen@example.org"), "j%C3%BCrgen@example.org");
        assert_eq!(header_safe("a\r\nX-Galen-Role: admin"), "a%0D%0AX-Galen-Role:%20admin");
        assert_eq!(header_safe("100%"), "100%25");
    }
}
