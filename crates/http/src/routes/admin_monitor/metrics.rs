//! `GET /api/admin/monitor/metrics`: what is measured.

use galen_monitor::{Metric, MetricKind, Unit};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::routes::me::dto::words;

/// ALL that is measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetricList)]
struct Metrics {
    /// The metrics, in the order in which they belong together.
    metrics: Vec<MetricView>,
}

/// A metric.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Metric)]
struct MetricView {
    /// Its name.
    name: &'static str,
    /// The unit of its values.
    #[schema(schema_with = unit_schema)]
    unit: Unit,
    /// What its values are, and so how they merge.
    #[schema(schema_with = kind_schema)]
    kind: MetricKind,
    /// What its objects are named after, in this order; empty when it has none.
    by: &'static str,
    /// What it means.
    help: &'static str,
    /// Whether it is let go first when the history must shrink.
    detail: bool,
}

fn unit_schema() -> Schema {
    words(&["ns", "bytes", "ratio", "count"])
}

fn kind_schema() -> Schema {
    words(&["histogram", "counter", "gauge"])
}

/// Lists what is measured.
#[utoipa::path(get, path = "/api/admin/monitor/metrics", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The list.", body = Metrics),
))]
pub(crate) async fn metrics(_: Admin) -> Answer {
    let view = |metric: &Metric| MetricView {
        name: metric.text(),
        unit: metric.unit(),
        kind: metric.kind(),
        by: metric.by(),
        help: metric.help(),
        detail: metric.is_detail(),
    };
    ok(&Metrics { metrics: Metric::ALL.iter().map(view).collect() })
}

/// Takes the parameter `metric`, which must name one.
pub(crate) fn named(query: &mut crate::extract::Query) -> String {
    let name = query.required("metric", 64);
    if !name.is_empty() && Metric::named(&name).is_none() {
        let detail = "There is no such metric; GET /api/admin/monitor/metrics lists them.";
        query.refuse("metric", galen_core::Code::FieldRange, detail);
    }
    name
}
