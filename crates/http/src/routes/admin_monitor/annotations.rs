//! `GET /api/admin/monitor/annotations`: what explains a step in a chart.

use galen_core::Annotation;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::dto::object;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::time::Time;

/// What happened over a range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnnotationList)]
struct Annotations<'a> {
    /// The annotations, oldest first; of more than a thousand the newest.
    annotations: Vec<AnnotationView<'a>>,
}

/// Something that explains a step in a chart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Annotation)]
struct AnnotationView<'a> {
    /// When.
    at: Time,
    /// What: `started`, `stopped`, `migrated`, `repaired`, `alert.firing`, `alert.resolved`,
    /// `configured`, `history.shed`.
    code: &'a str,
    /// Typed parameters.
    #[schema(value_type = Object)]
    params: Value,
}

impl<'a> From<&'a Annotation> for AnnotationView<'a> {
    fn from(it: &'a Annotation) -> Self {
        Self { at: it.at.into(), code: &it.code, params: object(&it.params) }
    }
}

/// Lists what explains steps in charts: restarts, migrations, repairs, alerts, changed configuration.
#[utoipa::path(get, path = "/api/admin/monitor/annotations", tag = "monitor", security(("session" = [])), params(
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970; an hour before `until` if nothing is said."),
    ("until" = Option<String>, Query, description = "Up to when; now if nothing is said."),
), responses(
    (status = 200, description = "The annotations.", body = Annotations),
))]
pub(crate) async fn annotations(by: Admin, mut query: Query) -> Answer {
    let (from, until) = query.range(by.app().clock.now());
    query.finish()?;
    let found = by.app().monitor.annotations(from, until).await?;
    ok(&Annotations { annotations: found.iter().map(Into::into).collect() })
}
