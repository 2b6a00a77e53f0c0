//! `GET /test-cors`: may the page that asks read answers of this server?

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;
use crate::phases::OriginVerdict;

/// What the request's `Origin` means here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CorsTest)]
struct Verdict {
    /// Whether the request had an `Origin` header. Browsers send none for pages of the same origin.
    origin_sent: bool,
    /// Whether that origin is on the allow-list.
    allowed: bool,
    /// What to do if it should be and is not.
    explanation: &'static str,
}

/// Says whether the asking page's origin is on the allow-list. A page that is not cannot read this.
#[utoipa::path(get, path = "/test-cors", tag = "system", responses(
    (status = 200, description = "What the origin means here.", body = Verdict),
))]
pub(crate) async fn test_cors(by: Anybody) -> Answer {
    let (origin_sent, allowed, explanation) = match by.visit().origin {
        OriginVerdict::Absent => (
            false,
            false,
            "No Origin header: the request is of the same origin, or not of a browser. CORS does \
             not concern it.",
        ),
        OriginVerdict::Listed(_) => (true, true, "The origin is on the allow-list."),
        OriginVerdict::Unlisted => (
            true,
            false,
            "The origin is not on the allow-list: add it to http.allowed_origins exactly as the \
             browser sends it.",
        ),
    };
    ok(&Verdict { origin_sent, allowed, explanation })
}
