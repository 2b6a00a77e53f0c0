//! `GET /api/admin/audit/export`: the audit trail in lines of JSON.

use axum::body::Body;
use axum::response::Response;
use galen_core::model::AuditCode;
use galen_core::{Code, Note, PageRequest};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use serde_json::json;

use super::dto::{EntryView, filter};
use crate::answer::{Answer, NDJSON};
use crate::caller::FreshAdmin;
use crate::extract::Query;
use crate::fault::Fault;

const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"audit.ndjson\"");

/// Entries of one export when nothing is said, and at the most: it is held in memory.
const LINES: (u32, u32) = (10_000, 10_000);
/// Entries that are read at a time: other reads go between two pages.
const PAGE_ROWS: u32 = 200;

/// Exports the audit trail, newest first: one JSON object a line, 10 000 at the most; `Link: <…>;
/// rel="next"` (RFC 8288) leads on, when there are more. Wants a fresh authentication; that somebody
/// exported it stands in the trail.
#[utoipa::path(get, path = "/api/admin/audit/export", tag = "admin", security(("session" = [])), params(
    ("actor" = Option<String>, Query, format = "uuid", description = "Only what this user did."),
    ("subject" = Option<String>, Query, format = "uuid", description = "Only what concerns this user: done to it, or to a session of its. Not together with `actor`."),
    ("code" = Option<String>, Query, description = "Only entries with this code."),
    ("from" = Option<String>, Query, format = "date-time", description = "Only entries of this moment or later."),
    ("until" = Option<String>, Query, format = "date-time", description = "Only entries before this moment."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "Lines; 10 000 if nothing is said."),
), responses(
    (status = 200, description = "Lines of JSON.", body = String, content_type = "application/x-ndjson"),
))]
pub(crate) async fn export(by: FreshAdmin, mut query: Query) -> Answer {
    let mut after = query.parsed("after", "Expected the `next` of the page before.");
    let (filter, limit) = (filter(&mut query), query.limit(LINES));
    query.finish()?;
    let (mut lines, mut written) = (Vec::new(), 0);
    for _ in 0..limit.div_ceil(PAGE_ROWS) {
        let page = PageRequest { after, limit: PAGE_ROWS.min(limit - written) };
        let found = by.accounts().audit(by.cx(), by.caller(), filter.clone(), page).await?;
        for entry in &found.items {
            serde_json::to_writer(&mut lines, &EntryView::from(entry)).map_err(|error| {
                tracing::error!(%error, "an entry of the trail could not be written as JSON");
                Fault::new(Code::Internal)
            })?;
            lines.push(b'\n');
            written += 1;
        }
        after = found.next;
        if after.is_none() || written >= limit {
            break;
        }
    }
    let params = json!({ "rows": written }).to_string();
    let note = Note { code: AuditCode::TrailExported, target: None, params };
    by.accounts()
        .command(by.cx(), Some(by.caller()), move |store, cx, act| store.note(cx, act, note))
        .await?;
    let mut response = Response::new(Body::from(lines));
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    response.headers_mut().insert(CONTENT_DISPOSITION, FILE);
    let next = after.map(|id| format!("</api/admin/audit/export?after={id}>; rel=\"next\""));
    let next = next.and_then(|next| HeaderValue::try_from(next).ok());
    response.headers_mut().extend(next.map(|next| (LINK, next)));
    Ok(response)
}
