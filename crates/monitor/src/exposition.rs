//! The Prometheus text exposition format, version 0.0.4, of everything since the start.
//!
//! It is written here because the client library keeps its figures in registries of its own, which
//! would count each request twice; the format itself is a page long.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::histogram::CELLS;
use crate::metric::{Metric, MetricKind, Unit};
use crate::point::Point;
use crate::sketches::Sketches;

/// Upper bounds of the buckets, in seconds; one without a bound follows. They hold the thresholds of
/// the default rules.
pub(crate) const BOUNDS_S: [f64; 11] =
    [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0];
const NS: f64 = 1e9;

/// Writes all metrics, in the order of their table, without those that are not known any more.
pub(crate) fn write(total: &Sketches, stale: &Stale) -> String {
    let mut text = String::new();
    for metric in Metric::ALL.iter().copied() {
        let mut points = known(metric, total, stale).peekable();
        if points.peek().is_none() {
            continue;
        }
        let family = Family::of(metric);
        family.head(&mut text);
        for (object, point) in points {
            family.point(&mut text, &labels(metric.by(), object), point);
        }
    }
    text
}

/// Gauges that are not known any more.
pub(crate) type Stale = BTreeSet<(Metric, Arc<str>)>;

/// The objects of a metric of which it is known how they stand.
pub(crate) fn known<'a>(
    metric: Metric,
    total: &'a Sketches,
    stale: &'a Stale,
) -> impl Iterator<Item = (&'a Arc<str>, &'a Point)> {
    total.of(metric).filter(move |(object, _)| !stale.contains(&(metric, Arc::clone(object))))
}

/// How a metric is called and kept.
pub(crate) struct Family {
    metric: Metric,
    pub(crate) name: String,
    kind: &'static str,
    /// What a value is divided by to be in the base unit.
    pub(crate) scale: f64,
}

impl Family {
    pub(crate) fn of(metric: Metric) -> Self {
        let stem = metric.text();
        let (stem, unit, scale) = match metric.unit() {
            Unit::Ns => (stem.strip_suffix("_ns").unwrap_or(stem), "_seconds", NS),
            Unit::Ratio => (stem, "_ratio", 1.0),
            // The names of metrics in bytes end in their unit.
            Unit::Bytes | Unit::Count => (stem, "", 1.0),
        };
        let (kind, total) = match metric.kind() {
            // Phases are the most series by far: of them time and count are given, no buckets.
            MetricKind::Histogram if metric == Metric::HttpPhaseNs => ("summary", ""),
            MetricKind::Histogram => ("histogram", ""),
            MetricKind::Counter => ("counter", "_total"),
            MetricKind::Gauge => ("gauge", ""),
        };
        Self { metric, name: format!("galen_{stem}{unit}{total}"), kind, scale }
    }

    /// Whether its distribution is given.
    pub(crate) fn has_buckets(&self) -> bool {
        self.kind == "histogram"
    }

    fn head(&self, text: &mut String) {
        let help = self.metric.help().replace('\\', r"\\").replace('\n', r"\n");
        line(text, format_args!("# HELP {} {help}", self.name));
        line(text, format_args!("# TYPE {} {}", self.name, self.kind));
    }

    fn point(&self, text: &mut String, labels: &str, point: &Point) {
        let name = &self.name;
        let sum = point.sum / self.scale;
        match self.kind {
            "gauge" => {
                let last = point.last / self.scale;
                line(text, format_args!("{name}{} {last}", braced(labels)));
            }
            "counter" => line(text, format_args!("{name}{} {sum}", braced(labels))),
            _ => {
                if self.has_buckets() {
                    self.buckets(text, labels, point);
                }
                let count = point.count;
                line(text, format_args!("{name}_sum{} {sum}", braced(labels)));
                line(text, format_args!("{name}_count{} {count}", braced(labels)));
            }
        }
    }

    fn buckets(&self, text: &mut String, labels: &str, point: &Point) {
        let comma = if labels.is_empty() { "" } else { "," };
        for bound in BOUNDS_S {
            let n = point.at_or_below(bound * self.scale);
            line(text, format_args!("{}_bucket{{{labels}{comma}le=\"{bound}\"}} {n}", self.name));
        }
        let all = point.count;
        line(text, format_args!("{}_bucket{{{labels}{comma}le=\"+Inf\"}} {all}", self.name));
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _never_fails = writeln!(text, "{what}");
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

/// The labels of an object as they are written.
fn labels(by: &'static str, object: &str) -> String {
    let labels = pairs(by, object).map(|(name, value)| {
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        format!("{name}=\"{value}\"")
    });
    labels.collect::<Vec<_>>().join(",")
}

/// The labels of an object: its words under the names of what the metric is by. An object of fewer
/// words (all that came beyond a bound) stands under each of them.
pub(crate) fn pairs<'a>(
    by: &'static str,
    object: &'a str,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let words: Vec<&str> = match by.split_whitespace().count() {
        0 | 1 => vec![object],
        n => object.splitn(n, ' ').collect(),
    };
    let word = move |nth: usize| words.get(nth).copied().unwrap_or(object);
    by.split_whitespace().enumerate().map(move |(nth, name)| (name, word(nth)))
}

const _: () = assert!(CELLS <= u16::MAX as usize, "a cell's number is kept in two bytes");

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(metric: Metric, object: &str, point: Point) -> Vec<String> {
        let mut total = Sketches::default();
        total.merge(metric, &Arc::from(object), &point);
        write(&total, &BTreeSet::new()).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_gauge_that_is_not_known_any_more_is_left_out_with_its_head() {
        let mut total = Sketches::default();
        total.merge(Metric::WalBytes, &Arc::from(""), &Point::gauge(7.0));
        let stale = BTreeSet::from([(Metric::WalBytes, Arc::from(""))]);
        assert_eq!(write(&total, &stale), "");
    }

    #[test]
    fn a_histogram_has_buckets_in_seconds_that_add_up() {
        let mut point = Point::value(300_000);
        point.merge(&Point::value(40_000_000));
        point.merge(&Point::value(9_000_000_000));
        let lines = exposed(Metric::HttpRequestNs, "GET /api/users/{id} ok", point);
        assert_eq!(lines[0], "# HELP galen_http_request_seconds Wall time of requests.");
        assert_eq!(lines[1], "# TYPE galen_http_request_seconds histogram");
        let of = r#"method="GET",route="/api/users/{id}",class="ok""#;
        let bucket =
            |le: &str, n: u32| format!("galen_http_request_seconds_bucket{{{of},le=\"{le}\"}} {n}");
        for wanted in [
            bucket("0.0001", 0),
            bucket("0.0005", 1),
            bucket("0.01", 1),
            bucket("0.05", 2),
            bucket("5", 2),
            bucket("+Inf", 3),
            format!("galen_http_request_seconds_sum{{{of}}} 9.0403"),
            format!("galen_http_request_seconds_count{{{of}}} 3"),
        ] {
            assert!(lines.contains(&wanted), "{wanted} is not in {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| line.contains("_bucket")).count(), 12);
    }

    #[test]
    fn counters_end_in_total_and_gauges_give_what_came_last() {
        let lines = exposed(Metric::ProcessCpuNs, "", Point::counter(2, 2.5e9));
        assert_eq!(lines[2], "galen_process_cpu_seconds_total 2.5");
        let mut gauge = Point::gauge(0.25);
        gauge.merge(&Point::gauge(0.5));
        assert_eq!(exposed(Metric::PoolUse, "", gauge)[2], "galen_pool_use_ratio 0.5");
        let lines = exposed(Metric::DatabaseBytes, "", Point::gauge(4096.0));
        assert_eq!(lines[2], "galen_database_bytes 4096");
    }

    #[test]
    fn labels_are_escaped_and_never_missing() {
        assert_eq!(labels("check outcome", "a\"b\\c ok"), r#"check="a\"b\\c",outcome="ok""#);
        assert_eq!(labels("query", "two words"), r#"query="two words""#);
        assert_eq!(labels("check outcome", "(other)"), r#"check="(other)",outcome="(other)""#);
        assert_eq!(labels("", ""), "");
    }
}
