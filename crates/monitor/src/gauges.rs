//! What the house tells the monitor of itself: values that stand, things counted, times taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_core::Clock;

use crate::metric::{Metric, MetricKind};
use crate::names::OTHER;
use crate::point::{Point, as_float};
use crate::sketches::Sketches;

/// How many objects a metric may have; what comes under further names is kept under one.
const OBJECTS_MAX: usize = 256;

/// What was not told again for so long is not known any more, in nanoseconds: what is told least often
/// is told once a minute.
const CURRENT_NS: u64 = 90_000_000_000;

/// What was told since the last window. Not for the hot path: it takes a lock, shortly.
pub(crate) struct Gauges {
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    points: Sketches,
    /// The objects met since the start of the process, and when each was told of last, on the
    /// monotonic clock in nanoseconds.
    names: BTreeMap<Metric, BTreeMap<Arc<str>, u64>>,
}

impl Told {
    fn name(&mut self, metric: Metric, object: &str, now_ns: u64) -> Arc<str> {
        let names = self.names.entry(metric).or_default();
        let is_known = names.contains_key(object);
        let name = if is_known || names.len() < OBJECTS_MAX { object } else { OTHER };
        let known = names.get_key_value(name).map(|(known, _)| Arc::clone(known));
        let name = known.unwrap_or_else(|| Arc::from(name));
        names.insert(Arc::clone(&name), now_ns);
        name
    }
}

impl Gauges {
    /// Nothing was told yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, told: Mutex::default() }
    }

    /// Notes the value something stands at. A value that is no finite number is left out.
    pub fn set(&self, metric: Metric, object: &str, value: f64) {
        self.set_over(metric, object, value, 1);
    }

    /// Notes a value that held over `times` samples' time, so that the mean of a window is weighted by
    /// time although samples are not punctual.
    pub fn set_over(&self, metric: Metric, object: &str, value: f64, times: u64) {
        debug_assert_eq!(metric.kind(), MetricKind::Gauge, "{}", metric.text());
        if value.is_finite() {
            self.note(metric, object, &Point::gauge_over(value, times));
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
        let now_ns = self.clock.monotonic_ns();
        let mut told = self.told();
        let name = told.name(metric, object, now_ns);
        told.points.merge(metric, &name, point);
    }

    /// Takes out what was told since the last time.
    pub fn drain(&self) -> Sketches {
        std::mem::take(&mut self.told().points)
    }

    /// The gauges that stand at nobody knows what: they were told once, and not again for a while,
    /// because whoever measures them could not.
    pub fn stale(&self) -> BTreeSet<(Metric, Arc<str>)> {
        let now_ns = self.clock.monotonic_ns();
        let told = self.told();
        let gauges = told.names.iter().filter(|(metric, _)| metric.kind() == MetricKind::Gauge);
        let all = gauges.flat_map(|(metric, names)| names.iter().map(move |each| (*metric, each)));
        all.filter(|(_, (_, at_ns))| now_ns.saturating_sub(**at_ns) > CURRENT_NS)
            .map(|(metric, (name, _))| (metric, Arc::clone(name)))
            .collect()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // A poisoned lock means that noting panicked before; what was noted is still worth having.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use galen_testkit::HandClock;

    use super::*;

    fn gauges() -> (Gauges, Arc<HandClock>) {
        let clock = Arc::new(HandClock::new());
        (Gauges::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn a_gauge_keeps_least_most_last_and_mean_of_its_window() {
        let (gauges, _) = gauges();
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
        let (gauges, _) = gauges();
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

    #[test]
    fn a_long_sample_weighs_as_much_as_the_short_ones_it_stands_for() {
        let (gauges, _) = gauges();
        gauges.set_over(Metric::PoolUse, "", 1.0, 3);
        gauges.set(Metric::PoolUse, "", 0.0);
        let point = gauges.drain().get(Metric::PoolUse, "").cloned().unwrap();
        assert_eq!((point.count, point.sum, point.last), (4, 3.0, 0.0));
    }

    #[test]
    fn what_nobody_could_measure_for_a_while_is_stale_and_a_counter_never_is() {
        let (gauges, clock) = gauges();
        gauges.set(Metric::WalBytes, "", 7.0);
        gauges.set(Metric::PoolUse, "", 0.5);
        gauges.add(Metric::LoginFailures, "", 1);
        clock.advance_ms(60_000);
        gauges.set(Metric::PoolUse, "", 0.5);
        assert!(gauges.stale().is_empty());
        clock.advance_ms(60_000);
        assert_eq!(gauges.stale(), BTreeSet::from([(Metric::WalBytes, Arc::from(""))]));
        gauges.set(Metric::WalBytes, "", 8.0);
        assert!(gauges.stale().is_empty(), "it is known again");
    }
}
