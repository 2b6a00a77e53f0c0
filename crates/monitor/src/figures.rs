//! What the rules look at: the closed windows of the last quarter of an hour.

use std::sync::Arc;

use crate::metric::Metric;
use crate::point::Point;

/// Closed windows, as rules see them. A stretch of time reaches back from the window closed last.
/// Metrics that are a detail ([`Metric::is_detail`]) are not in it.
pub(crate) trait Figures {
    /// All windows of the stretch merged, the oldest first; nothing when none holds the object.
    fn merged(&self, metric: Metric, object: &str, window_ms: i64) -> Option<Point>;

    /// The objects of a metric in the stretch, sorted, each once.
    fn objects(&self, metric: Metric, window_ms: i64) -> Vec<Arc<str>>;

    /// How many windows were closed in the stretch.
    fn windows(&self, window_ms: i64) -> u32;
}
