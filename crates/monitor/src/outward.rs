//! All metrics since the start as other monitors are told of them: the figures of `/metrics`, unwritten.

use crate::exposition::{BOUNDS_S, Family, Stale, known, pairs};
use crate::metric::{Metric, MetricKind, Unit};
use crate::point::Point;
use crate::sketches::Sketches;

/// One metric with all its series.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricFamily {
    /// Its name in `/metrics`, the unit included.
    pub name: String,
    /// What it means.
    pub help: &'static str,
    /// Its base unit by UCUM: `s`, `By`, `1` for a share, nothing for a count.
    pub unit: &'static str,
    /// What its values are.
    pub kind: MetricKind,
    /// Its series, in order.
    pub series: Vec<MetricSeries>,
}

/// One series of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSeries {
    /// Its labels, by name.
    pub labels: Vec<(&'static str, String)>,
    /// Where it stands.
    pub value: MetricValue,
}

/// Where a series stands, in the metric's base unit.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// What was counted since the start, or what came last.
    Number(f64),
    /// A distribution since the start.
    Spread {
        /// How many values.
        count: u64,
        /// Their sum.
        sum: f64,
        /// The largest one.
        max: f64,
        /// How many values fell up to each of [`MetricValue::BOUNDS`], without those up to the bound
        /// before; and last how many lie beyond. Empty where the distribution is not given.
        buckets: Vec<u64>,
    },
}

impl MetricValue {
    /// The upper bounds of the buckets, in the base unit; each bucket holds its own.
    pub const BOUNDS: &'static [f64] = &BOUNDS_S;
}

/// All metrics that have a point, in the order of their table, without those that are not known any
/// more.
pub(crate) fn families(total: &Sketches, stale: &Stale) -> Vec<MetricFamily> {
    let all = total.metrics().map(|metric| family(metric, total, stale));
    all.filter(|family| !family.series.is_empty()).collect()
}

fn family(metric: Metric, total: &Sketches, stale: &Stale) -> MetricFamily {
    let family = Family::of(metric);
    let series = known(metric, total, stale).map(|(object, point)| MetricSeries {
        labels: pairs(metric.by(), object).map(|(name, word)| (name, word.to_owned())).collect(),
        value: value(metric.kind(), &family, point),
    });
    let series = series.collect();
    let unit = match metric.unit() {
        Unit::Ns => "s",
        Unit::Bytes => "By",
        Unit::Ratio => "1",
        Unit::Count => "",
    };
    MetricFamily { name: family.name, help: metric.help(), unit, kind: metric.kind(), series }
}

fn value(kind: MetricKind, family: &Family, point: &Point) -> MetricValue {
    match kind {
        MetricKind::Counter => MetricValue::Number(point.sum / family.scale),
        MetricKind::Gauge => MetricValue::Number(point.last / family.scale),
        MetricKind::Histogram => MetricValue::Spread {
            count: point.count,
            sum: point.sum / family.scale,
            max: point.max / family.scale,
            buckets: if family.has_buckets() { buckets(family, point) } else { Vec::new() },
        },
    }
}

fn buckets(family: &Family, point: &Point) -> Vec<u64> {
    let up_to = BOUNDS_S.iter().map(|bound| point.at_or_below(bound * family.scale));
    let mut before = 0;
    up_to
        .chain([point.count])
        .map(|n| n.saturating_sub(std::mem::replace(&mut before, n)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_buckets_of_a_spread_add_up_to_its_count_and_are_those_of_the_exposition() {
        let mut point = Point::value(300_000);
        for value in [40_000_000, 41_000_000, 9_000_000_000] {
            point.merge(&Point::value(value));
        }
        let mut total = Sketches::default();
        total.merge(Metric::HttpRequestNs, &Arc::from("GET /api/me ok"), &point);
        let families = families(&total, &Stale::new());
        let [family] = families.as_slice() else { panic!("{families:?}") };
        assert_eq!((family.name.as_str(), family.unit), ("galen_http_request_seconds", "s"));
        let [series] = family.series.as_slice() else { panic!("{family:?}") };
        let labels: Vec<_> = series.labels.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(labels, [("method", "GET"), ("route", "/api/me"), ("class", "ok")]);
        let MetricValue::Spread { count, max, buckets, .. } = &series.value else { panic!() };
        assert_eq!((*count, *max), (4, 9.0));
        // Up to 0.5 ms, up to 50 ms, beyond 5 s.
        assert_eq!(buckets, &[0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1]);
        assert_eq!(buckets.len(), MetricValue::BOUNDS.len() + 1);
    }

    #[test]
    fn phases_are_given_without_their_distribution_and_gauges_as_they_stand() {
        let mut total = Sketches::default();
        total.merge(Metric::HttpPhaseNs, &Arc::from("GET /a ok query"), &Point::value(1_000_000));
        let mut gauge = Point::gauge(0.25);
        gauge.merge(&Point::gauge(0.5));
        total.merge(Metric::PoolUse, &Arc::from(""), &gauge);
        total.merge(Metric::WalBytes, &Arc::from(""), &gauge);
        let stale = Stale::from([(Metric::WalBytes, Arc::from(""))]);
        let values: Vec<_> = families(&total, &stale)
            .into_iter()
            .flat_map(|family| family.series)
            .map(|s| s.value)
            .collect();
        let spread = MetricValue::Spread { count: 1, sum: 0.001, max: 0.001, buckets: Vec::new() };
        assert_eq!(values, [spread, MetricValue::Number(0.5)]);
    }
}
