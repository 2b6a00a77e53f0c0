//! The metrics of the monitor's table as OTLP has them: sums since the start, gauges, histograms.
//!
//! Names, units and figures are those of `/metrics`, the buckets too. An exponential histogram would
//! not hold what is counted: its bounds are powers of two of a second, ours lie on steps of powers of
//! two of a nanosecond, and values would have to be moved between them.

use galen_monitor::{MetricFamily, MetricKind, MetricSeries, MetricValue};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::words::{SCHEMA_URL, scope, text};

/// From when to when is counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
pub struct Span {
    /// When this process began.
    pub from_ns: u64,
    /// Now.
    pub until_ns: u64,
}

/// The message that exports all metrics.
pub fn message(families: Vec<MetricFamily>, span: Span, resource: &Resource) -> Vec<u8> {
    let metrics = ScopeMetrics {
        scope: Some(scope()),
        metrics: families.into_iter().map(|family| metric(family, span)).collect(),
        schema_url: SCHEMA_URL.to_owned(),
    };
    let resource = ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![metrics],
        schema_url: SCHEMA_URL.to_owned(),
    };
    ExportMetricsServiceRequest { resource_metrics: vec![resource] }.encode_to_vec()
}

fn metric(family: MetricFamily, span: Span) -> Metric {
    let series = family.series;
    let data = match family.kind {
        MetricKind::Counter => Data::Sum(Sum {
            data_points: series.into_iter().filter_map(|one| number(one, span)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
        MetricKind::Gauge => Data::Gauge(Gauge {
            data_points: series.into_iter().filter_map(|one| number(one, span)).collect(),
        }),
        MetricKind::Histogram => Data::Histogram(Histogram {
            data_points: series.into_iter().filter_map(|one| spread(one, span)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        }),
    };
    Metric {
        name: family.name,
        description: family.help.to_owned(),
        unit: family.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(series: MetricSeries, span: Span) -> Option<NumberDataPoint> {
    let MetricValue::Number(value) = series.value else { return None };
    Some(NumberDataPoint {
        attributes: attributes(series.labels),
        start_time_unix_nano: span.from_ns,
        time_unix_nano: span.until_ns,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    })
}

fn spread(series: MetricSeries, span: Span) -> Option<HistogramDataPoint> {
    let MetricValue::Spread { count, sum, max, buckets } = series.value else { return None };
    // Without buckets there are no bounds either: count and sum are all that is told.
    let bounds = if buckets.is_empty() { &[] } else { MetricValue::BOUNDS };
    Some(HistogramDataPoint {
        attributes: attributes(series.labels),
        start_time_unix_nano: span.from_ns,
        time_unix_nano: span.until_ns,
        count,
        sum: Some(sum),
        bucket_counts: buckets,
        explicit_bounds: bounds.to_vec(),
        max: Some(max),
        ..HistogramDataPoint::default()
    })
}

fn attributes(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| text(name, value)).collect()
}
