//! What the house tells the monitor of itself: values that stand, things counted, times taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::metric::{Metric, MetricKind};
use crate::names::OTHER;
use crate::point::{Point, as_float};
use crate::sketches::Sketches;

/// How many objects a metric may have; what comes under further names is kept under one.
const OBJECTS_MAX: usize = 256;

/// What was told since the last window. Not for the hot path: it takes a lock, shortly.
#[derive(Default)]
pub(crate) struct Gauges(Mutex<Told>);

#[derive(Default)]
struct Told {
    points: Sketches,
    /// The objects met since the start of the process.
    names: BTreeMap<Metric, BTreeSet<Arc<str>>>,
}

impl Told {
    fn name(&mut self, metric: Metric, object: &str) -> Arc<str> {
        let names = self.names.entry(metric).or_default();
        if let Some(name) = names.get(object) {
            return Arc::clone(name);
        }
        let name: Arc<str> = Arc::from(if names.len() < OBJECTS_MAX { object } else { OTHER });
        names.insert(Arc::clone(&name));
        name
    }
}

impl Gauges {
    /// Notes the value something stands at. A value that is no finite number is left out.
    pub fn set(&self, metric: Metric, object: &str, value: f64) {
        debug_assert_eq!(metric.kind(), MetricKind::Gauge, "{}", metric.text());
        if value.is_finite() {
            self.note(metric, object, &Point::gauge(value));
        }
    }

    /// Counts `n` more of something.
    pub fn add(&self, metric: Metric, object: &str, n: u64) {
        debug_assert_eq!(metric.kind(), MetricKind::Counter, "{}", metric.text());
        self.note(metric, object, &Point::counter(1, as_float(n)));
    }

    /// Counts one value of a histogram.
    pub fn time(&self, metric: Metric, object: &str, value: u64) {
        debug_assert_eq!(metric.kind(), MetricKind::Histogram, "{}", metric.text());
        self.note(metric, object, &Point::value(value));
    }

    fn note(&self, metric: Metric, object: &str, point: &Point) {
        // A poisoned lock means that noting panicked before; what was noted is still worth having.
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = told.name(metric, object);
        told.points.merge(metric, &name, point);
    }

    /// Takes out what was told since the last time.
    pub fn drain(&self) -> Sketches {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_keeps_least_most_last_and_mean_of_its_window() {
        let gauges = Gauges::default();
        for value in [3.0, 9.0, 1.0, 2.0, f64::NAN] {
            gauges.set(Metric::PoolWaiting, "", value);
        }
        let told = gauges.drain();
        let point = told.get(Metric::PoolWaiting, "").unwrap();
        assert_eq!((point.min, point.max, point.last), (1.0, 9.0, 2.0));
        assert_eq!((point.count, point.sum), (4, 15.0));
        assert!(gauges.drain().is_empty(), "a window begins empty");
    }

    #[test]
    fn objects_beyond_the_bound_are_counted_together() {
        let gauges = Gauges::default();
        for n in 0..1_000 {
            gauges.add(Metric::CheckRuns, &format!("check{n} ok"), 2);
        }
        let told = gauges.drain();
        assert_eq!(told.of(Metric::CheckRuns).count(), OBJECTS_MAX + 1);
        let other = told.get(Metric::CheckRuns, OTHER).unwrap();
        assert_eq!((other.count, other.sum), (744, 1_488.0));
        gauges.add(Metric::CheckRuns, "check7 ok", 1);
        assert!(gauges.drain().get(Metric::CheckRuns, "check7 ok").is_some(), "known names stay");
    }
}
