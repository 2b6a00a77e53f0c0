//! Where slow and failed requests spent their time over a range, and which errors there were.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use galen_core::Phase;

use crate::ask::{ErrorGroup, ErrorSample, RouteCause};
use crate::cause;
use crate::point::Point;
use crate::routes::{UNEXPLAINED, WALL};

/// The phase sums of one route, in nanoseconds.
#[derive(Default)]
struct Spent {
    phases: Vec<(Phase, f64)>,
    unexplained_ns: f64,
    wall_ns: f64,
}

impl Spent {
    fn add(&mut self, name: &str, ns: f64) {
        match name {
            WALL => self.wall_ns += ns,
            UNEXPLAINED => self.unexplained_ns += ns,
            name => {
                let Some(phase) = Phase::ALL.into_iter().find(|phase| phase.name() == name) else {
                    return;
                };
                match self.phases.iter_mut().find(|(each, _)| *each == phase) {
                    Some((_, sum)) => *sum += ns,
                    None => self.phases.push((phase, ns)),
                }
            }
        }
    }

    fn cause(&self, route: &str, top_query: Option<&str>) -> RouteCause {
        let named = cause::name(&self.phases, self.wall_ns, top_query);
        let largest = self.phases.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let share = |ns: f64| if self.wall_ns > 0.0 { ns / self.wall_ns } else { 0.0 };
        RouteCause {
            route: route.to_owned(),
            cause: named.map(|named| named.cause),
            phase: largest.map(|(phase, _)| phase.name().to_owned()),
            share: largest.map_or(0.0, |(_, ns)| share(*ns)),
            unexplained: share(self.unexplained_ns),
            wall_ns: self.wall_ns,
        }
    }
}

/// All together first, then by route, the one with most time first, from the sums by route and phase
/// (`GET /api/me query`). Nothing when no request was slow.
pub(crate) fn causes(slow: &BTreeMap<Arc<str>, Point>, top_query: Option<&str>) -> Vec<RouteCause> {
    let mut all = Spent::default();
    let mut routes: BTreeMap<&str, Spent> = BTreeMap::new();
    for (object, point) in slow {
        if let Some((route, phase)) = object.rsplit_once(' ') {
            all.add(phase, point.sum);
            routes.entry(route).or_default().add(phase, point.sum);
        }
    }
    if routes.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<_> =
        routes.iter().map(|(route, spent)| spent.cause(route, top_query)).collect();
    rows.sort_by(|one, other| other.wall_ns.total_cmp(&one.wall_ns));
    rows.insert(0, all.cause("", top_query));
    rows
}

/// The object with the largest sum.
pub(crate) fn most(objects: &BTreeMap<Arc<str>, Point>) -> Option<&str> {
    let most = objects.iter().max_by(|one, other| one.1.sum.total_cmp(&other.1.sum));
    most.map(|(object, _)| &**object)
}

/// Errors by code and route (`auth.not_signed_in GET /api/me`), the most frequent first, each with
/// the newest one of this run.
pub(crate) fn errors(
    problems: &BTreeMap<Arc<str>, Point>,
    newest: &HashMap<String, ErrorSample>,
) -> Vec<ErrorGroup> {
    let groups = problems.iter().map(|(object, point)| {
        let (code, route) = object.split_once(' ').unwrap_or((object, ""));
        let sample = newest.get(&**object).cloned();
        ErrorGroup {
            code: code.to_owned(),
            route: route.to_owned(),
            count: point.count,
            last_at: sample.as_ref().map(|sample| sample.at),
            sample,
        }
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_with_most_slow_time_comes_after_all_together() {
        let slow = [
            ("GET /api/me wall", 100.0),
            ("GET /api/me lock_wait", 10.0),
            ("GET /api/me unexplained", 90.0),
            ("POST /api/auth/login wall", 900.0),
            ("POST /api/auth/login lock_wait", 880.0),
            ("POST /api/auth/login query", 20.0),
        ];
        let slow = slow.map(|(object, ns)| (Arc::from(object), Point::counter(1, ns)));
        let rows = causes(&BTreeMap::from(slow), Some("user.by_id"));
        let seen: Vec<_> =
            rows.iter().map(|row| (row.route.as_str(), row.cause.as_deref())).collect();
        let lock = Some("writer_lock");
        assert_eq!(seen, [("", lock), ("POST /api/auth/login", lock), ("GET /api/me", None)]);
        assert!((rows[0].share - 0.89).abs() < 1e-9 && (rows[0].unexplained - 0.09).abs() < 1e-9);
        assert_eq!(rows[2].phase.as_deref(), Some("lock_wait"));
        assert!(causes(&BTreeMap::new(), None).is_empty());
    }
}
