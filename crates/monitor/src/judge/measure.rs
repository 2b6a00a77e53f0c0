//! What rules read from the figures: pure functions from a stretch of time to values by object.

use std::collections::BTreeMap;
use std::sync::Arc;

use galen_core::{RequestClass, Tier};

use crate::figures::Figures;
use crate::metric::Metric;
use crate::point::{Point, as_float};
use crate::rules::PULSE;

/// Nanoseconds of a second.
const SECOND_NS: f64 = 1e9;

/// What was read of one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The object; empty for the whole.
    pub object: Arc<str>,
    /// Over how many values.
    pub count: u64,
    /// The value in the rule's unit; nothing when it cannot be told, because the distribution of
    /// some values was not kept.
    pub value: Option<f64>,
}

fn whole(count: u64, value: f64) -> Vec<Reading> {
    vec![Reading { object: Arc::from(""), count, value: Some(value) }]
}

/// A reading of a metric without objects, or of one of its objects.
fn one(point: Option<Point>, value: fn(&Point) -> f64) -> Vec<Reading> {
    match point {
        Some(point) if point.count > 0 => whole(point.count, value(&point)),
        _ => Vec::new(),
    }
}

/// The 95th percentile, but never the largest value alone: of few values it would be the largest,
/// and one slow request is not a slow route.
fn steady_p95(point: &Point) -> Option<f64> {
    let count = as_float(point.count.max(1));
    point.quantile(0.95_f64.min((count - 1.0) / count))
}

fn seconds_p95(object: Arc<str>, point: &Point) -> Reading {
    let value = steady_p95(point).map(|ns| ns / SECOND_NS);
    Reading { object, count: point.count, value }
}

fn each_p95(figures: &dyn Figures, metric: Metric, window_ms: i64) -> Vec<Reading> {
    let objects = figures.objects(metric, window_ms).into_iter();
    let read = |object: Arc<str>| {
        let point = figures.merged(metric, &object, window_ms)?;
        Some(seconds_p95(object, &point))
    };
    objects.filter_map(read).collect()
}

/// A request object without its class: `GET /api/me ok` is of the route `GET /api/me`.
pub(crate) fn route_and_class(object: &str) -> Option<(&str, &str)> {
    object.rsplit_once(' ')
}

/// Seconds by route. Requests turned away are left out: they are quick, and would hide slow ones.
/// Those whose client gave up are in it: it waited at least so long.
pub(crate) fn response_p95(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    let mut routes: BTreeMap<String, Point> = BTreeMap::new();
    for object in figures.objects(Metric::HttpRequestNs, window_ms) {
        let Some((route, class)) = route_and_class(&object) else { continue };
        if class == RequestClass::Refused.text() {
            continue;
        }
        if let Some(point) = figures.merged(Metric::HttpRequestNs, &object, window_ms) {
            routes.entry(route.to_owned()).or_default().merge(&point);
        }
    }
    routes.into_iter().map(|(route, point)| seconds_p95(route.into(), &point)).collect()
}

/// Whether requests of this object failed by the server's fault.
fn is_failure(object: &str) -> bool {
    let class = route_and_class(object).map(|(_, class)| class);
    RequestClass::ALL.iter().any(|of| of.is_failure() && Some(of.text()) == class)
}

/// Whether it is a prober's. That readiness says no is its right answer and has a rule of its own; a
/// busy prober neither makes an error rate nor hides one.
fn is_probe(object: &str) -> bool {
    let route = route_and_class(object).map_or("", |(route, _)| route);
    route.ends_with(" /readyz") || route.ends_with(" /livez")
}

/// The share of failures in all requests.
pub(crate) fn error_rate(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    let (mut all, mut failed) = (0_u64, 0_u64);
    let objects = figures.objects(Metric::HttpRequestNs, window_ms);
    for object in objects.into_iter().filter(|object| !is_probe(object)) {
        let point = figures.merged(Metric::HttpRequestNs, &object, window_ms);
        let count = point.map_or(0, |point| point.count);
        all = all.saturating_add(count);
        failed = failed.saturating_add(if is_failure(&object) { count } else { 0 });
    }
    if all == 0 { Vec::new() } else { whole(all, as_float(failed) / as_float(all)) }
}

/// The wall time that half of the failed requests stayed below, in nanoseconds.
pub(crate) fn failure_median_ns(figures: &dyn Figures, window_ms: i64) -> Option<f64> {
    let mut failed = Point::default();
    for object in figures.objects(Metric::HttpRequestNs, window_ms) {
        if is_failure(&object)
            && let Some(point) = figures.merged(Metric::HttpRequestNs, &object, window_ms)
        {
            failed.merge(&point);
        }
    }
    failed.quantile(0.5)
}

/// Seconds by statement.
pub(crate) fn query_p95(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    each_p95(figures, Metric::QueryNs, window_ms)
}

/// The mean share of the time that readers were at work.
pub(crate) fn pool_use(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    one(figures.merged(Metric::PoolUse, "", window_ms), |point| point.sum / as_float(point.count))
}

/// Active sessions now.
pub(crate) fn sessions_active(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    one(figures.merged(Metric::Sessions, "active", window_ms), |point| point.last)
}

/// Free bytes now.
pub(crate) fn disk_free(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    one(figures.merged(Metric::DiskFreeBytes, "", window_ms), |point| point.last)
}

/// The longest time at one thing, in seconds.
pub(crate) fn writer_busy(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    one(figures.merged(Metric::WriterBusyNs, "", window_ms), |point| point.max / SECOND_NS)
}

/// The worst word of the canary.
pub(crate) fn ready(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    one(figures.merged(Metric::Ready, "", window_ms), |point| point.min)
}

/// Seconds the oldest message of each channel has waited to leave.
pub(crate) fn post_oldest(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    let read = |channel: Arc<str>| {
        let point = figures.merged(Metric::PostOldestNs, &channel, window_ms)?;
        Some(Reading { object: channel, count: point.count, value: Some(point.last / SECOND_NS) })
    };
    figures.objects(Metric::PostOldestNs, window_ms).into_iter().filter_map(read).collect()
}

/// How many sign-ins failed. Where none was counted, none failed.
pub(crate) fn login_failures(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    if figures.windows(window_ms) == 0 {
        return Vec::new();
    }
    let point = figures.merged(Metric::LoginFailures, "", window_ms).unwrap_or_default();
    whole(point.count, point.sum)
}

/// How many of the metrics that are always recorded were.
pub(crate) fn pulse(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    if figures.windows(window_ms) == 0 {
        return Vec::new();
    }
    let alive = |metric: &&Metric| !figures.objects(**metric, window_ms).is_empty();
    let count = PULSE.iter().filter(alive).count() as u64;
    whole(count, as_float(count))
}

/// How many runs are a check's last ones.
const LAST_RUNS: u64 = 3;

/// The share of failures in the last runs of each check: in the shortest stretch that holds three
/// of them, so that it works for checks of any interval.
pub(crate) fn check_failures(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    let mut outcomes: BTreeMap<String, Vec<Arc<str>>> = BTreeMap::new();
    for object in figures.objects(Metric::CheckRuns, window_ms) {
        if let Some((check, _)) = object.rsplit_once(' ') {
            outcomes.entry(check.to_owned()).or_default().push(object);
        }
    }
    let read = |(check, objects): (String, Vec<Arc<str>>)| {
        let mut stretch_ms = 60_000.min(window_ms);
        loop {
            let (mut runs, mut failed) = (0.0, 0.0);
            for object in &objects {
                let point = figures.merged(Metric::CheckRuns, object, stretch_ms);
                let counted = point.map_or(0.0, |point| point.sum);
                runs += counted;
                failed += if object.ends_with(" ok") { 0.0 } else { counted };
            }
            let count = whole_runs(runs);
            if count >= LAST_RUNS || stretch_ms >= window_ms {
                let value = (count > 0).then(|| failed / runs);
                return Reading { object: check.into(), count, value };
            }
            stretch_ms = (stretch_ms * 2).min(window_ms);
        }
    };
    outcomes.into_iter().map(read).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a counter's sum: whole, not negative, far below 2^53"
)]
fn whole_runs(sum: f64) -> u64 {
    sum.max(0.0) as u64
}

/// Seconds by check.
pub(crate) fn check_p95(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    each_p95(figures, Metric::CheckTotalNs, window_ms)
}

/// The share of one core that the monitor took.
pub(crate) fn monitor_cost(figures: &dyn Figures, window_ms: i64) -> Vec<Reading> {
    let windows = figures.windows(window_ms);
    let Some(point) = figures.merged(Metric::MonitorCpuNs, "", window_ms) else {
        return Vec::new();
    };
    if windows == 0 {
        return Vec::new();
    }
    let stretch_ns = i64::from(windows) * Tier::Fine.step_ms() * 1_000_000;
    whole(point.count, point.sum / as_float(stretch_ns.unsigned_abs()))
}
