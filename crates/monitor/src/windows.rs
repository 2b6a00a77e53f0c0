//! The ring of closed windows that the rules look at: a quarter of an hour, in memory, bounded.

use std::collections::VecDeque;
use std::sync::Arc;

use galen_core::Tier;

use crate::figures::Figures;
use crate::metric::Metric;
use crate::point::Point;
use crate::sketches::Sketches;

/// How many windows are held: fifteen minutes of ten seconds.
const WINDOWS_MAX: usize = 90;
/// Windows are closed by a timer that is never quite punctual: by so much of a stretch a window may
/// have been closed too early and still belong to it, in milliseconds.
const TOLERANCE_MS: i64 = Tier::Fine.step_ms() / 2;

/// Closed windows, encoded as in the history, because most of them are never looked at again.
/// Details are left out: no rule judges them, and they are the most.
#[derive(Default)]
pub(crate) struct Ring(VecDeque<Closed>);

struct Closed {
    /// When, on the monotonic clock: the wall clock may jump.
    at_ns: u64,
    /// In order of metric and object.
    points: Vec<Kept>,
}

/// An encoded point.
type Kept = (Metric, Arc<str>, Box<[u8]>);

impl Ring {
    /// Takes in a window that was closed at `at_ns` on the monotonic clock.
    pub fn push(&mut self, at_ns: u64, window: &Sketches) {
        let kept = window.iter().filter(|(metric, ..)| !metric.is_detail());
        let points = kept.map(|(metric, object, point)| {
            (metric, Arc::clone(object), point.encode().into_boxed_slice())
        });
        let points = points.collect();
        if self.0.len() == WINDOWS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Closed { at_ns, points });
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let points = self.0.iter().flat_map(|window| &window.points);
        points.map(|(.., bytes)| size_of::<Kept>() + bytes.len()).sum()
    }

    /// The windows that were closed in the last `window_ms`, the oldest first.
    fn last(&self, window_ms: i64) -> impl Iterator<Item = &Closed> {
        let newest_ns = self.0.back().map_or(0, |newest| newest.at_ns);
        let reach_ms = u64::try_from(window_ms.saturating_sub(TOLERANCE_MS)).unwrap_or(0).max(1);
        let reach_ns = reach_ms.saturating_mul(1_000_000);
        self.0.iter().filter(move |closed| newest_ns.saturating_sub(closed.at_ns) < reach_ns)
    }
}

impl Closed {
    fn of(&self, metric: Metric) -> &[Kept] {
        let from = self.points.partition_point(|(each, ..)| *each < metric);
        let until = self.points.partition_point(|(each, ..)| *each <= metric);
        &self.points[from..until]
    }
}

impl Figures for Ring {
    fn merged(&self, metric: Metric, object: &str, window_ms: i64) -> Option<Point> {
        let mut merged: Option<Point> = None;
        for closed in self.last(window_ms) {
            let points = closed.of(metric);
            let found = points.binary_search_by(|(_, each, _)| (**each).cmp(object));
            if let Some(point) = found.ok().and_then(|at| Point::decode(&points[at].2)) {
                match &mut merged {
                    Some(merged) => merged.merge(&point),
                    None => merged = Some(point),
                }
            }
        }
        merged
    }

    fn objects(&self, metric: Metric, window_ms: i64) -> Vec<Arc<str>> {
        let points = self.last(window_ms).flat_map(|closed| closed.of(metric));
        let mut objects: Vec<_> = points.map(|(_, object, _)| Arc::clone(object)).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    fn windows(&self, window_ms: i64) -> u32 {
        u32::try_from(self.last(window_ms).count()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(metric: Metric, points: &[(&str, u64)]) -> Sketches {
        let mut sketches = Sketches::default();
        for (object, value) in points {
            sketches.merge(metric, &Arc::from(*object), &Point::value(*value));
        }
        sketches
    }

    const TICK_NS: u64 = 10_000_000_000;

    #[test]
    fn a_stretch_holds_its_windows_even_when_the_timer_is_not_punctual() {
        let mut ring = Ring::default();
        for (nth, late_ns) in [0, 3_000_000, 900_000_000, 0, 2_000_000_000, 0, 1].iter().enumerate()
        {
            let window = window(Metric::QueryNs, &[("user.by_id", 1 << nth)]);
            ring.push(nth as u64 * TICK_NS + late_ns, &window);
        }
        assert_eq!([ring.windows(10_000), ring.windows(60_000), ring.windows(900_000)], [1, 6, 7]);
        let minute = ring.merged(Metric::QueryNs, "user.by_id", 60_000).unwrap();
        assert_eq!((minute.count, minute.min, minute.max), (6, 2.0, 64.0));
        assert_eq!(ring.merged(Metric::QueryNs, "user.by_name", 60_000), None);
        assert_eq!(ring.merged(Metric::HttpRequestNs, "user.by_id", 60_000), None);
    }

    #[test]
    fn objects_stand_once_and_details_are_left_out() {
        let mut ring = Ring::default();
        ring.push(TICK_NS, &window(Metric::QueryNs, &[("b", 1), ("a", 1)]));
        ring.push(2 * TICK_NS, &window(Metric::QueryNs, &[("c", 1), ("b", 1)]));
        ring.push(3 * TICK_NS, &window(Metric::HttpPhaseNs, &[("GET /x ok query", 1)]));
        let objects = ring.objects(Metric::QueryNs, 60_000);
        assert_eq!(objects.iter().map(|o| &**o).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(ring.objects(Metric::HttpPhaseNs, 60_000).is_empty());
    }

    #[test]
    fn only_a_quarter_of_an_hour_is_held() {
        let mut ring = Ring::default();
        for nth in 0..200 {
            ring.push(nth * TICK_NS, &window(Metric::QueryNs, &[("a", 1)]));
        }
        assert_eq!(ring.windows(i64::MAX), 90);
    }
}
