//! `GET /api/admin/monitor/series`: a metric over a range, and over the range before.

use galen_core::{Code, UnixMs};
use galen_monitor::SeriesAsk;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::{OBJECT_CHARS_MAX, SeriesView};
use super::metrics::named;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;

/// A metric over a range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesAnswer)]
struct Compared<'a> {
    /// The range that was asked for.
    series: SeriesView<'a>,
    /// The range of the same length before it, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<SeriesView<'a>>,
}

/// Gives a metric over a range, in steps and as a whole. The finest windows that reach back far enough
/// are taken; there are never more than 1000 steps.
#[utoipa::path(get, path = "/api/admin/monitor/series", tag = "monitor", security(("session" = [])), params(
    ("metric" = String, Query, description = "The metric's name."),
    ("object" = Option<String>, Query, max_length = 300, description = "One object; without it all are merged."),
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970; an hour before `until` if nothing is said."),
    ("until" = Option<String>, Query, description = "Up to when; now if nothing is said."),
    ("step_ms" = Option<i64>, Query, minimum = 1, description = "The wanted length of a step in milliseconds."),
    ("compare" = Option<String>, Query, pattern = "^previous$", description = "`previous`: also the range of the same length before."),
), responses(
    (status = 200, description = "The series.", body = Compared),
))]
pub(crate) async fn series(by: Admin, mut query: Query) -> Answer {
    let metric = named(&mut query);
    let object = query.line("object", OBJECT_CHARS_MAX);
    let (from, until) = query.range(by.app().clock.now());
    let step_ms: Option<i64> = query.parsed("step_ms", "Expected a number of milliseconds.");
    if step_ms.is_some_and(|ms| ms < 1) {
        query.refuse("step_ms", Code::FieldRange, "Expected at least 1 millisecond.");
    }
    let compares = query.word("compare", &[("previous", ())]).is_some();
    query.finish()?;
    let ask = SeriesAsk { metric, object, from, until, step_ms };
    let monitor = &by.app().monitor;
    let now = monitor.series(ask.clone()).await?;
    let earlier = UnixMs(from.0.saturating_sub(until.since_ms(from)));
    let before = if compares {
        Some(monitor.series(SeriesAsk { from: earlier, until: from, ..ask }).await?)
    } else {
        None
    };
    ok(&Compared {
        series: SeriesView::new(&now, from.into(), until.into()),
        previous: before.as_ref().map(|it| SeriesView::new(it, earlier.into(), from.into())),
    })
}
