//! `GET /api/notifications/export`: all a user was told, in pages of lines of JSON.

use axum::body::Body;
use axum::response::Response;
use galen_core::{Code, Seq};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, LINK};

use super::dto::NotificationView;
use crate::answer::{Answer, NDJSON};
use crate::caller::SignedIn;
use crate::extract::Query;
use crate::fault::Fault;

/// Lines a page has when nothing is said, and at the most: a page is held in memory.
const LINES: (u32, u32) = (200, 200);

/// Exports the user's notifications, the oldest first, whatever became of them: one JSON object a
/// line. `Link: <…>; rel="next"` (RFC 8288) leads to the next page, when there is one.
#[utoipa::path(get, path = "/api/notifications/export", tag = "notifications",
    security(("session" = [])), params(
    ("after" = Option<i64>, Query, description = "Only what was published after this place."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Lines; 200 if nothing is said."),
), responses(
    (status = 200, description = "A page of lines of JSON.", body = String, content_type = "application/x-ndjson"),
))]
pub(crate) async fn export(by: SignedIn, mut query: Query) -> Answer {
    let (after, limit) = (query.place("after").unwrap_or(Seq(0)), query.limit(LINES));
    query.finish()?;
    let missed = by.accounts().missed(by.cx(), by.caller(), after, limit).await?;
    let mut lines = Vec::new();
    for item in &missed.items {
        serde_json::to_writer(&mut lines, &NotificationView::from(item)).map_err(|error| {
            tracing::error!(%error, "a notification could not be written as JSON");
            Fault::new(Code::Internal)
        })?;
        lines.push(b'\n');
    }
    let mut response = Response::new(Body::from(lines));
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    if missed.more {
        let path = "/api/notifications/export";
        let next = format!("<{path}?after={}&limit={limit}>; rel=\"next\"", missed.upto.0);
        response.headers_mut().extend(HeaderValue::try_from(next).ok().map(|next| (LINK, next)));
    }
    Ok(response)
}
