//! The recorder: the one listener on the hot path. It counts in atomics and never blocks for long.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, RwLock};

use galen_core::{Clock, CommandRecord, ConnectionEvent, Observer, RequestRecord, StatementRecord};

use crate::cells::{
    CommandCell, CommandStats, ConnectionCell, ConnectionCounts, RouteCell, RouteStats,
    StatementCell, StatementStats,
};
use crate::slowest::{SlowRequest, Slowest};

/// Counts what the rooms record since the start of the process. Its memory is bounded by the number
/// of routes, statements and commands there are in the program: their names are static.
pub struct Recorder {
    clock: Arc<dyn Clock>,
    routes: Table<(&'static str, &'static str), RouteCell>,
    statements: Table<&'static str, StatementCell>,
    commands: Table<&'static str, CommandCell>,
    connections: ConnectionCell,
    slowest: Slowest,
}

impl Recorder {
    /// An empty recorder.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            routes: Table::default(),
            statements: Table::default(),
            commands: Table::default(),
            connections: ConnectionCell::default(),
            slowest: Slowest::default(),
        }
    }

    /// Each route and method that was asked, busiest first.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteStats> {
        let mut stats = self.routes.map(|(route, method), cell| cell.stats(route, method));
        stats.sort_by_key(|s| std::cmp::Reverse(s.wall_ns.sum));
        stats
    }

    /// Each named statement that ran, the one with the most time first.
    #[must_use]
    pub fn statements(&self) -> Vec<StatementStats> {
        let mut stats = self.statements.map(|name, cell| cell.stats(name));
        stats.sort_by_key(|s| std::cmp::Reverse(s.run_ns.sum));
        stats
    }

    /// Each named write command that ran, the one with the most time first.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandStats> {
        let mut stats = self.commands.map(|name, cell| cell.stats(name));
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
        self.routes.with((record.route, record.method), |cell| cell.count(record));
        self.slowest.offer(record, &*self.clock);
    }

    fn statement(&self, record: &StatementRecord) {
        self.statements.with(record.name, |cell| cell.count(record));
    }

    fn command(&self, record: &CommandRecord) {
        self.commands.with(record.name, |cell| cell.count(record));
    }

    fn connection(&self, event: ConnectionEvent) {
        self.connections.count(event);
    }
}

/// Cells by static name: a read lock to find one, a write lock once in each one's life.
struct Table<K, C>(RwLock<HashMap<K, C>>);

impl<K, C> Default for Table<K, C> {
    fn default() -> Self {
        Self(RwLock::new(HashMap::new()))
    }
}

impl<K: Copy + Eq + Hash, C: Default> Table<K, C> {
    fn with(&self, key: K, count: impl Fn(&C)) {
        // A poisoned lock means that counting panicked before; the counts are still worth having.
        let cells = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(cell) = cells.get(&key) {
            count(cell);
            return;
        }
        drop(cells);
        let mut cells = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        count(cells.entry(key).or_default());
    }

    fn map<T>(&self, read: impl Fn(K, &C) -> T) -> Vec<T> {
        let cells = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        cells.iter().map(|(key, cell)| read(*key, cell)).collect()
    }
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

    fn request(wall_ns: u64, status: u16, outcome: RequestOutcome) -> RequestRecord {
        let ledger = Ledger::new();
        ledger.add(Phase::Query, wall_ns / 2);
        RequestRecord {
            request_id: RequestId::from_bytes([1; 16]),
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
        let recorder = Recorder::new(Arc::new(Still(AtomicI64::new(5_000))));
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
        let recorder = Recorder::new(Arc::new(Still(AtomicI64::new(5_000))));
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
        let recorder = Recorder::new(Arc::clone(&clock) as Arc<dyn Clock>);
        for _ in 0..64 {
            recorder.request(&request(9_000_000, 200, RequestOutcome::Answered));
        }
        clock.0.store(3_600_001, Ordering::Relaxed);
        for _ in 0..2_000 {
            recorder.request(&request(5_000, 200, RequestOutcome::Answered));
        }
        assert_eq!(recorder.slowest()[0].ledger.wall_ns, 5_000);
    }

    #[test]
    fn open_connections_are_those_that_have_not_ended() {
        let recorder = Recorder::new(Arc::new(Still(AtomicI64::new(5_000))));
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
