//! The recorder: the one listener on the hot path. It counts in atomics and never waits for anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_core::{Clock, CommandRecord, ConnectionEvent, Observer, RequestRecord, StatementRecord};

use crate::ask::ErrorSample;
use crate::cells::{
    CommandCell, CommandStats, ConnectionCell, ConnectionCounts, StatementCell, StatementStats,
};
use crate::gauges::Gauges;
use crate::metric::Metric;
use crate::names::Names;
use crate::point::{Point, as_float};
use crate::problems::{GROUPS_MAX, Problem, Problems};
use crate::routes::{RouteCell, RouteStats};
use crate::sketches::Sketches;
use crate::slowest::{SlowRequest, Slowest};

/// How many routes with their methods, statements and commands are told apart: there are a quarter
/// as many in the program.
const NAMES_MAX: usize = 320;

/// Counts what the rooms record. Its memory is bounded by the number of routes, statements and
/// commands there are in the program: their names are static.
///
/// The hot side is atomics only. The cold side takes them out when a window ends or somebody asks,
/// and keeps the open window and the sums since the start of the process.
pub struct Recorder {
    clock: Arc<dyn Clock>,
    slow_ns: u64,
    routes: Names<2, RouteCell>,
    statements: Names<1, StatementCell>,
    commands: Names<1, CommandCell>,
    problems: Problems,
    connections: ConnectionCell,
    slowest: Slowest,
    pub(crate) gauges: Gauges,
    cold: Mutex<Cold>,
}

/// What was taken out of the hot side.
#[derive(Default)]
pub(crate) struct Cold {
    /// Since the last window was closed.
    pub window: Sketches,
    /// Since the start of the process. The phases of requests are there without their
    /// distributions: nobody asks for those, and they are the most.
    pub total: Sketches,
    connections: ConnectionCounts,
}

impl Cold {
    fn take(&mut self, metric: Metric, object: &Arc<str>, point: &Point) {
        self.window.merge(metric, object, point);
        if metric == Metric::HttpPhaseNs {
            self.total.merge(metric, object, &point.without_cells());
        } else {
            self.total.merge(metric, object, point);
        }
    }

    /// Takes over what became of connections since the last look, and how many are open.
    fn take_connections(&mut self, now: ConnectionCounts) {
        let before = std::mem::replace(&mut self.connections, now);
        for (event, now, before) in [
            ("accepted", now.accepted, before.accepted),
            ("refused", now.refused, before.refused),
            ("reset", now.reset, before.reset),
            ("timed_out", now.timed_out, before.timed_out),
            ("closed", now.closed, before.closed),
        ] {
            let new = now.saturating_sub(before);
            if new > 0 {
                let point = Point::counter(new, as_float(new));
                self.take(Metric::Connections, &Arc::from(event), &point);
            }
        }
        // Nothing is said of connections before there was one.
        if now.accepted > 0 {
            let open = Point::gauge(as_float(now.open));
            self.take(Metric::ConnectionsOpen, &Arc::from(""), &open);
        }
    }
}

impl Recorder {
    /// An empty recorder. Requests that took `slow_ns` nanoseconds or more have their phases summed
    /// up apart.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, slow_ns: u64) -> Self {
        Self {
            slow_ns,
            routes: Names::new(NAMES_MAX),
            statements: Names::new(NAMES_MAX),
            commands: Names::new(NAMES_MAX),
            problems: Names::new(GROUPS_MAX),
            connections: ConnectionCell::default(),
            slowest: Slowest::default(),
            gauges: Gauges::new(Arc::clone(&clock)),
            clock,
            cold: Mutex::new(Cold::default()),
        }
    }

    /// The cold side, with everything in it that was recorded up to now.
    pub(crate) fn drained(&self) -> MutexGuard<'_, Cold> {
        // A poisoned lock means that merging panicked before; what was merged is still worth having.
        let mut cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |metric, object: &Arc<str>, point| cold.take(metric, object, &point);
        self.routes.all().iter().for_each(|(_, cell)| cell.drain(&mut take));
        self.statements.all().iter().for_each(|(_, cell)| cell.drain(&mut take));
        self.commands.all().iter().for_each(|(_, cell)| cell.drain(&mut take));
        self.problems.all().iter().for_each(|(_, cell)| cell.drain(&mut take));
        cold.take_connections(self.connections.counts());
        for (metric, object, point) in self.gauges.drain().iter() {
            cold.take(metric, object, point);
        }
        cold
    }

    /// Ends the open window and gives it. The next one begins empty.
    pub(crate) fn close(&self) -> Sketches {
        self.slowest.sweep(self.clock.now());
        let mut window = std::mem::take(&mut self.drained().window);
        window.close();
        window
    }

    /// By what it is called in the history: the newest example of each group of errors.
    pub(crate) fn newest_problems(&self) -> HashMap<String, ErrorSample> {
        let all = self.problems.all();
        let newest = all.iter().filter_map(|(_, group)| {
            group.newest().map(|sample| (group.object().to_owned(), sample))
        });
        newest.collect()
    }

    /// What it takes in memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let tables = self.routes.bytes()
            + self.statements.bytes()
            + self.commands.bytes()
            + self.problems.bytes();
        let routes: usize = self.routes.all().iter().map(|(_, cell)| cell.bytes()).sum();
        let statements: usize = self.statements.all().iter().map(|(_, cell)| cell.bytes()).sum();
        let commands: usize = self.commands.all().iter().map(|(_, cell)| cell.bytes()).sum();
        let problems: usize = self.problems.all().iter().map(|(_, cell)| cell.bytes()).sum();
        let cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cold.window.bytes() + cold.total.bytes();
        tables + routes + statements + commands + problems + kept
    }

    /// Each route and method that was asked, busiest first.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteStats> {
        let cold = self.drained();
        let all = self.routes.all();
        let mut stats: Vec<_> =
            all.iter().map(|(key, cell)| cell.stats(*key, &cold.total)).collect();
        stats.sort_by_key(|s| std::cmp::Reverse(s.wall_ns.sum));
        stats
    }

    /// Each named statement that ran, the one with the most time first.
    #[must_use]
    pub fn statements(&self) -> Vec<StatementStats> {
        let cold = self.drained();
        let all = self.statements.all();
        let mut stats: Vec<_> = all.iter().map(|(_, cell)| cell.stats(&cold.total)).collect();
        stats.sort_by_key(|s| std::cmp::Reverse(s.run_ns.sum));
        stats
    }

    /// Each named write command that ran, the one with the most time first.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandStats> {
        let cold = self.drained();
        let all = self.commands.all();
        let mut stats: Vec<_> = all.iter().map(|(_, cell)| cell.stats(&cold.total)).collect();
        stats.sort_by_key(|s| std::cmp::Reverse(s.run_ns.sum));
        stats
    }

    /// What became of connections.
    #[must_use]
    pub fn connections(&self) -> ConnectionCounts {
        self.connections.counts()
    }

    /// The slowest requests of the last hour, slowest first.
    #[must_use]
    pub fn slowest(&self) -> Vec<SlowRequest> {
        self.slowest.list(self.clock.now())
    }
}

impl Observer for Recorder {
    fn request(&self, record: &RequestRecord) {
        let cell = self.routes.get([record.route, record.method], RouteCell::new);
        cell.count(record, self.slow_ns);
        if let Some(code) = record.code {
            let group = self.problems.get([code, record.route, record.method], Problem::new);
            group.count(record, self.clock.now());
        }
        self.slowest.offer(record, &*self.clock);
    }

    fn statement(&self, record: &StatementRecord) {
        self.statements.get([record.name], StatementCell::new).count(record);
    }

    fn command(&self, record: &CommandRecord) {
        self.commands.get([record.name], CommandCell::new).count(record);
    }

    fn connection(&self, event: ConnectionEvent) {
        self.connections.count(event);
    }
}

/// Who listens when the monitor is off.
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn request(&self, _record: &RequestRecord) {}
    fn statement(&self, _record: &StatementRecord) {}
    fn command(&self, _record: &CommandRecord) {}
    fn connection(&self, _event: ConnectionEvent) {}
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use galen_core::{Ledger, Phase, RequestId, RequestOutcome, UnixMs};

    use super::*;

    /// A clock that stands at so many milliseconds.
    struct Still(AtomicI64);
    impl Clock for Still {
        fn now(&self) -> UnixMs {
            UnixMs(self.0.load(Ordering::Relaxed))
        }
        fn monotonic_ns(&self) -> u64 {
            0
        }
    }

    fn recorder() -> Recorder {
        Recorder::new(Arc::new(Still(AtomicI64::new(5_000))), 250_000_000)
    }

    fn request(wall_ns: u64, status: u16, outcome: RequestOutcome) -> RequestRecord {
        let ledger = Ledger::new();
        ledger.add(Phase::Query, wall_ns / 2);
        RequestRecord {
            request_id: RequestId::from_bytes([1; 16]),
            trace: None,
            user_id: None,
            route: "/api/me",
            method: "GET",
            status,
            code: None,
            outcome,
            ledger: ledger.snapshot(wall_ns),
        }
    }

    #[test]
    fn a_route_knows_its_errors_and_its_slowest_request() {
        let recorder = recorder();
        recorder.request(&request(1_000, 200, RequestOutcome::Answered));
        recorder.request(&request(9_000, 503, RequestOutcome::TimedOut));
        recorder.request(&request(2_000, 401, RequestOutcome::Answered));
        recorder.request(&request(3_000, 0, RequestOutcome::GivenUp));
        let routes = recorder.routes();
        assert_eq!(routes.len(), 1);
        let route = &routes[0];
        assert_eq!((route.client_errors, route.server_errors), (1, 1));
        assert_eq!((route.timed_out, route.given_up, route.wall_ns.count), (1, 1, 4));
        let slowest = recorder.slowest();
        assert_eq!(slowest[0].ledger.wall_ns, 9_000);
        assert_eq!(slowest[0].ledger.get(Phase::Query), 4_500);
    }

    #[test]
    fn only_the_slowest_are_kept_and_the_list_is_bounded() {
        let recorder = recorder();
        for wall_ns in 1..=1_000 {
            recorder.request(&request(wall_ns, 200, RequestOutcome::Answered));
        }
        let slowest = recorder.slowest();
        assert_eq!(slowest.len(), 64);
        assert_eq!(slowest.last().map(|slow| slow.ledger.wall_ns), Some(937));
    }

    #[test]
    fn a_burst_of_very_slow_requests_does_not_hide_the_slow_ones_of_a_later_hour() {
        let clock = Arc::new(Still(AtomicI64::new(0)));
        let recorder = Recorder::new(Arc::clone(&clock) as Arc<dyn Clock>, 250_000_000);
        for _ in 0..64 {
            recorder.request(&request(9_000_000, 200, RequestOutcome::Answered));
        }
        clock.0.store(3_600_001, Ordering::Relaxed);
        recorder.close();
        for _ in 0..2_000 {
            recorder.request(&request(5_000, 200, RequestOutcome::Answered));
        }
        assert_eq!(recorder.slowest()[0].ledger.wall_ns, 5_000);
    }

    #[test]
    fn open_connections_are_those_that_have_not_ended() {
        let recorder = recorder();
        for event in [
            ConnectionEvent::Accepted,
            ConnectionEvent::Accepted,
            ConnectionEvent::Accepted,
            ConnectionEvent::Refused,
            ConnectionEvent::Reset,
            ConnectionEvent::Closed,
        ] {
            recorder.connection(event);
        }
        let counts = recorder.connections();
        assert_eq!((counts.accepted, counts.refused, counts.open), (3, 1, 1));
    }
}
