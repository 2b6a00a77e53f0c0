//! `POST /api/admin/alerts/rules/{code}/preview`: what a change of a rule would have done.

use galen_monitor::RulePreview;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::RuleForm;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::{Json, PathId};
use crate::time::Time;

/// What a rule would have done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulePreview)]
struct PreviewView {
    /// How often it would have fired.
    times: u32,
    /// When, the newest last; at most a hundred.
    spans: Vec<SpanView>,
    /// From when on the history was looked at.
    from: Time,
    /// Up to when.
    until: Time,
    /// How fine, in milliseconds.
    step_ms: i64,
}

/// A stretch in which it would have fired.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleSpan)]
struct SpanView {
    /// When it would have begun to fire.
    fired_at: Time,
    /// When it would have been over; nothing: it would fire now.
    resolved_at: Option<Time>,
}

impl From<&RulePreview> for PreviewView {
    fn from(it: &RulePreview) -> Self {
        let span = |(fired_at, resolved_at): &(_, Option<_>)| SpanView {
            fired_at: Time(*fired_at),
            resolved_at: resolved_at.map(Time),
        };
        Self {
            times: it.times,
            spans: it.spans.iter().map(span).collect(),
            from: it.from.into(),
            until: it.until.into(),
            step_ms: it.step_ms,
        }
    }
}

/// Says how often a rule, changed so, would have fired in the last 24 hours. Nothing is changed.
#[utoipa::path(post, path = "/api/admin/alerts/rules/{code}/preview", tag = "monitor", security(("session" = [])),
    params(("code" = String, Path, description = "The rule's code.")),
    request_body = RuleForm, responses(
    (status = 200, description = "What it would have done.", body = PreviewView),
))]
pub(crate) async fn preview_rule(
    by: Admin,
    PathId(code): PathId<String>,
    Json(form): Json<RuleForm>,
) -> Answer {
    let monitor = &by.app().monitor;
    let change = form.read(code)?;
    monitor.check_change(&change)?;
    ok(&PreviewView::from(&monitor.preview(&change).await?))
}
