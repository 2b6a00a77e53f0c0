//! `GET /api/admin/examinations/{id}/report`: a report to be read, printed or kept.

use axum::body::Body;
use axum::response::Response;
use galen_core::examinations::ReportFormat;
use galen_core::{Code, ExaminationId};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::dto::{find, language};
use crate::answer::Answer;
use crate::caller::Admin;
use crate::extract::{PathId, Query};
use crate::fault::Fault;

/// What a report's page may do: be drawn by its own style sheet, and nothing else; not even belong to
/// our origin.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// Gives a report as one file: a page that loads nothing, Markdown, or the JSON both are made of.
#[utoipa::path(get, path = "/api/admin/examinations/{id}/report", tag = "doctor", security(("session" = [])), params(
    ("id" = String, Path, format = "uuid", description = "The examination."),
    ("format" = Option<String>, Query, description = "`html`, `markdown` or `json`; `html` if nothing is said."),
    ("language" = Option<String>, Query, description = "`en` or `fa`; `en` if nothing is said."),
), responses(
    (status = 200, description = "The report.", body = String, content_type = "text/html"),
))]
pub(crate) async fn report(
    by: Admin,
    PathId(id): PathId<ExaminationId>,
    mut query: Query,
) -> Answer {
    let format = query.word("format", &ReportFormat::ALL).unwrap_or(ReportFormat::Html);
    let language = language(&mut query);
    query.finish()?;
    find(&by, id)?;
    let text = by.app().examiner.report(id, format, language).await?;
    let text = text.ok_or_else(|| Fault::new(Code::ExaminationNoReport))?;
    let (kind, place) = match format {
        ReportFormat::Json => ("application/json", "attachment"),
        ReportFormat::Markdown => ("text/markdown; charset=utf-8", "attachment"),
        ReportFormat::Html => ("text/html; charset=utf-8", "inline"),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("{place}; filename=\"galen-doctor-{id}.{}\"", format.ending());
    headers.extend(HeaderValue::try_from(name).ok().map(|name| (CONTENT_DISPOSITION, name)));
    if format == ReportFormat::Html {
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    Ok(response)
}
