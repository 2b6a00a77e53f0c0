//! `GET /api/admin/users/export`: the list of accounts for a spreadsheet.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use galen_core::model::{AuditCode, User, UserFilter};
use galen_core::{Id, Note, PageRequest, UnixMs};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use serde_json::json;

use super::filter::filter;
use crate::answer::Answer;
use crate::caller::FreshAdmin;
use crate::extract::Query;
use crate::time::Time;

/// Comma-separated values, with a head (RFC 4180).
const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"users.csv\"");
const HEAD: &str =
    "id,email,name,role,status,email_verified_at,created_at,updated_at,last_login_at\r\n";

/// Accounts of one export when nothing is said, and at the most: it is held in memory.
const ROWS: (u32, u32) = (10_000, 10_000);
/// Accounts that are read at a time: other reads go between two pages.
const PAGE_ROWS: u32 = 200;
/// Pages of which an export is made at the most, empty ones included.
const PAGES_MAX: u32 = 200;

/// Exports users as CSV, newest first, 10 000 at the most; `Link: <…>; rel="next"` (RFC 8288) leads
/// on, when there are more. What a spreadsheet would take for a formula is set behind an apostrophe.
/// Wants a fresh authentication; that somebody exported them stands in the audit trail.
#[utoipa::path(get, path = "/api/admin/users/export", tag = "admin", security(("session" = [])), params(
    ("email" = Option<String>, Query, description = "Only addresses that begin so."),
    ("role" = Option<String>, Query, pattern = "^(user|admin)$", description = "Only users of this role."),
    ("status" = Option<String>, Query, pattern = "^(active|disabled)$", description = "Only users of this status."),
    ("verified" = Option<bool>, Query, description = "Only users who have, or have not, proven their address."),
    ("created_from" = Option<String>, Query, format = "date-time", description = "Only accounts made at this moment or later."),
    ("created_until" = Option<String>, Query, format = "date-time", description = "Only accounts made before this moment."),
    ("seen_from" = Option<String>, Query, format = "date-time", description = "Only users who signed in at this moment or later."),
    ("seen_until" = Option<String>, Query, format = "date-time", description = "Only users who never signed in, or last did before this moment."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "Rows; 10 000 if nothing is said."),
), responses(
    (status = 200, description = "Comma-separated values.", body = String, content_type = "text/csv"),
))]
pub(crate) async fn export(by: FreshAdmin, mut query: Query) -> Answer {
    let after = query.parsed("after", "Expected the `next` of the page before.");
    let (filter, limit) = (filter(&mut query), query.limit(ROWS));
    query.finish()?;
    let (users, next) = gathered(&by, &filter, (after, limit)).await?;
    let note = Note {
        code: AuditCode::UsersExported,
        target: None,
        params: json!({ "rows": users.len() }).to_string(),
    };
    by.accounts()
        .command(by.cx(), Some(by.caller()), move |store, cx, act| store.note(cx, act, note))
        .await?;
    let mut text = String::from(HEAD);
    for user in &users {
        row(&mut text, user);
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, CSV);
    response.headers_mut().insert(CONTENT_DISPOSITION, FILE);
    let next = next.map(|id| format!("</api/admin/users/export?after={id}>; rel=\"next\""));
    let next = next.and_then(|next| HeaderValue::try_from(next).ok());
    response.headers_mut().extend(next.map(|next| (LINK, next)));
    Ok(response)
}

/// So many users, page by page, and where the next export begins.
async fn gathered(
    by: &FreshAdmin,
    filter: &UserFilter,
    (mut after, limit): (Option<Id>, u32),
) -> Result<(Vec<User>, Option<Id>), crate::fault::Fault> {
    let mut users = Vec::new();
    for _ in 0..PAGES_MAX {
        let left = limit.saturating_sub(u32::try_from(users.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let page = PageRequest { after, limit: left.min(PAGE_ROWS) };
        let found = by.accounts().users(by.cx(), by.caller(), filter.clone(), page).await?;
        users.extend(found.items);
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok((users, after))
}

fn row(text: &mut String, user: &User) {
    let time = |at: Option<UnixMs>| at.map(|at| Time(at).to_string()).unwrap_or_default();
    let cells = [
        user.id.to_string(),
        cell(&user.email),
        cell(&user.name),
        user.role.name().to_owned(),
        user.status.name().to_owned(),
        time(user.email_verified_at),
        time(Some(user.created_at)),
        time(Some(user.updated_at)),
        time(user.last_login_at),
    ];
    // Writing to a String cannot fail.
    let _ = write!(text, "{}\r\n", cells.join(","));
}

/// Somebody's text as a cell: in quotes, its own doubled (RFC 4180 §2), and behind an apostrophe when
/// a spreadsheet would take it for a formula (ASVS 5.0 1.2.10).
fn cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_compute_is_text() {
        for formula in ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert_eq!(cell(formula), format!("\"'{formula}\""));
        }
        assert_eq!(cell("Ann \"Q\" O'Neill, Jr."), "\"Ann \"\"Q\"\" O'Neill, Jr.\"");
    }
}
