//! `GET /api/admin/monitor/top`: a metric's objects, the largest first.

use galen_monitor::{TopAsk, TopBy, TopRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::StepView;
use super::metrics::named;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;

/// Rows when nothing is said, and at the most.
const ROWS: (u32, u32) = (20, 200);

const BY: [(&str, TopBy); 4] =
    [("sum", TopBy::Sum), ("count", TopBy::Count), ("p95", TopBy::P95), ("max", TopBy::Max)];

/// A metric's objects, the largest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopList)]
struct Top<'a> {
    /// The objects.
    rows: Vec<RowView<'a>>,
}

/// One object.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopRow)]
struct RowView<'a> {
    /// Its name: a route, a statement.
    object: &'a str,
    /// Its figures over the range.
    figures: StepView,
    /// Its share of the sum of all objects, from 0 to 1.
    share: f64,
}

impl<'a> From<&'a TopRow> for RowView<'a> {
    fn from(it: &'a TopRow) -> Self {
        Self { object: &it.object, figures: (&it.figures).into(), share: it.share }
    }
}

/// Lists a metric's objects over a range, the largest first.
#[utoipa::path(get, path = "/api/admin/monitor/top", tag = "monitor", security(("session" = [])), params(
    ("metric" = String, Query, description = "The metric's name."),
    ("by" = Option<String>, Query, pattern = "^(sum|count|p95|max)$", description = "By what they are ordered; `sum` if nothing is said."),
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970; an hour before `until` if nothing is said."),
    ("until" = Option<String>, Query, description = "Up to when; now if nothing is said."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "The list.", body = Top),
))]
pub(crate) async fn top(by: Admin, mut query: Query) -> Answer {
    let metric = named(&mut query);
    let order = query.word("by", &BY).unwrap_or(TopBy::Sum);
    let (from, until) = query.range(by.app().clock.now());
    // Two hundred fit any number.
    let limit = usize::try_from(query.limit(ROWS)).unwrap_or(0);
    query.finish()?;
    let rows = by.app().monitor.top(TopAsk { metric, from, until, by: order, limit }).await?;
    ok(&Top { rows: rows.iter().map(Into::into).collect() })
}
