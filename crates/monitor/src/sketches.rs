//! Points by metric and object: what a window gathers, and what the whole run came to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metric::{Metric, MetricKind};
use crate::point::Point;

/// Points by metric and object, in order. It is bounded by what is recorded: static names, and a few
/// hundred objects a metric at the most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketches(BTreeMap<Metric, BTreeMap<Arc<str>, Point>>);

impl Sketches {
    /// Takes in what came later of an object.
    pub fn merge(&mut self, metric: Metric, object: &Arc<str>, later: &Point) {
        let points = self.0.entry(metric).or_default();
        match points.get_mut(object) {
            Some(point) => point.merge(later),
            None => {
                points.insert(Arc::clone(object), later.clone());
            }
        }
    }

    /// Takes in what came later of everything.
    pub fn merge_all(&mut self, later: &Self) {
        for (metric, object, point) in later.iter() {
            self.merge(metric, object, point);
        }
    }

    /// Lets go of the metrics that no rule judges.
    pub fn forget_details(&mut self) {
        self.0.retain(|metric, _| !metric.is_detail());
    }

    /// One object's point.
    pub fn get(&self, metric: Metric, object: &str) -> Option<&Point> {
        self.0.get(&metric)?.get(object)
    }

    /// The objects of a metric, in order.
    pub fn of(&self, metric: Metric) -> impl Iterator<Item = (&Arc<str>, &Point)> {
        self.0.get(&metric).into_iter().flatten()
    }

    /// Everything, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &Arc<str>, &Point)> {
        let all = self.0.iter();
        all.flat_map(|(metric, points)| points.iter().map(|(object, p)| (*metric, object, p)))
    }

    /// The metrics that have points.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.0.keys().copied()
    }

    /// Whether nothing was gathered.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes each counter's extremes those of a whole window, when the window ends: it may have been
    /// gathered in several steps.
    pub fn close(&mut self) {
        for (metric, points) in &mut self.0 {
            if metric.kind() == MetricKind::Counter {
                points.values_mut().for_each(|p| *p = Point::counter(p.count, p.sum));
            }
        }
    }

    /// What it takes in memory, about, in bytes.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(_, object, point)| NODE_BYTES + object.len() + point.bytes()).sum()
    }
}

/// The key and its share of a tree's node, about.
const NODE_BYTES: usize = 32;
