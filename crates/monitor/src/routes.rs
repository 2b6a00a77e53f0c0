//! The counters behind each route and method: wall time and phases by class, and where slow ones went.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use galen_core::{PHASES, Phase, RequestClass, RequestOutcome, RequestRecord};
use serde::{Deserialize, Serialize};

use crate::cells::{Counter, Sink, add, get, give};
use crate::histogram::{Histogram, Quantiles};
use crate::metric::Metric;
use crate::names::Key;
use crate::point::Point;
use crate::sketches::Sketches;

/// The name of what no phase explains.
pub(crate) const UNEXPLAINED: &str = "unexplained";
/// The name of the wall time beside its phases.
pub(crate) const WALL: &str = "wall";
/// What stands in place of a route that was not matched.
const NO_ROUTE: &str = "(none)";

/// A method and a route as one object: `GET /api/me`, `GET (none)`.
pub(crate) fn method_and_route(route: &str, method: &str) -> String {
    format!("{method} {}", if route.is_empty() { NO_ROUTE } else { route })
}

/// What is counted for one route and method.
pub(crate) struct RouteCell {
    name: String,
    classes: [OnceLock<Box<ClassCell>>; RequestClass::ALL.len()],
    slow: OnceLock<Box<SlowCell>>,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    timed_out: AtomicU64,
    given_up: AtomicU64,
    panicked: AtomicU64,
}

/// Wall time and phases of requests of one class.
struct ClassCell {
    object: Arc<str>,
    wall_ns: Histogram,
    /// In the order of [`Phase::ALL`], what they do not explain last.
    phases: [Histogram; PHASES + 1],
    /// What the phases are called in the history, from the first drain that finds something on.
    names: OnceLock<[Arc<str>; PHASES + 1]>,
}

/// Phase sums of slow and failed requests: the phases, what they do not explain, and the wall time.
struct SlowCell([(Arc<str>, Counter); PHASES + 2]);

/// The name of a phase by its number, with what comes after the phases.
fn phase_name(nth: usize) -> &'static str {
    match Phase::ALL.get(nth) {
        Some(phase) => phase.name(),
        None if nth == PHASES => UNEXPLAINED,
        None => WALL,
    }
}

impl ClassCell {
    fn new(route: &str, class: RequestClass) -> Self {
        Self {
            object: Arc::from(format!("{route} {}", class.text())),
            wall_ns: Histogram::default(),
            phases: std::array::from_fn(|_| Histogram::default()),
            names: OnceLock::new(),
        }
    }

    fn drain(&self, sink: Sink<'_>) {
        give(sink, Metric::HttpRequestNs, &self.object, self.wall_ns.drain());
        for (nth, spent_ns) in self.phases.iter().enumerate() {
            if let Some(point) = spent_ns.drain() {
                sink(Metric::HttpPhaseNs, &self.names()[nth], point);
            }
        }
    }

    fn names(&self) -> &[Arc<str>; PHASES + 1] {
        let name = |nth| Arc::from(format!("{} {}", self.object, phase_name(nth)));
        self.names.get_or_init(|| std::array::from_fn(name))
    }

    fn bytes(&self) -> usize {
        let blocks = |times: &Histogram| times.bytes() - size_of::<Histogram>();
        let phases: usize = self.phases.iter().map(blocks).sum();
        let names = self
            .names
            .get()
            .map_or(0, |names| names.iter().map(|name| name.len() + 2 * size_of::<usize>()).sum());
        size_of::<Self>() + blocks(&self.wall_ns) + phases + names
    }
}

/// One route and method since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteStats {
    /// The matched pattern; empty for requests that matched none.
    pub route: String,
    /// The method.
    pub method: String,
    /// Wall time in nanoseconds.
    pub wall_ns: Quantiles,
    /// Answers from 400 to 499.
    pub client_errors: u64,
    /// Answers from 500 on.
    pub server_errors: u64,
    /// Requests that ran past their deadline.
    pub timed_out: u64,
    /// Requests whose client went away first.
    pub given_up: u64,
    /// Requests whose handler panicked.
    pub panicked: u64,
}

impl RouteCell {
    pub(crate) fn new([route, method]: Key<2>) -> Self {
        Self {
            name: method_and_route(route, method),
            classes: [const { OnceLock::new() }; RequestClass::ALL.len()],
            slow: OnceLock::new(),
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
        }
    }

    /// Counts a request; its phases also apart when it was slow (`slow_ns` or more), failed or was
    /// refused.
    pub(crate) fn count(&self, record: &RequestRecord, slow_ns: u64) {
        // Most requests are answered well; they are spared the look at codes.
        let is_well = record.outcome == RequestOutcome::Answered && record.status < 400;
        let class = if is_well {
            RequestClass::Ok
        } else {
            RequestClass::of(record.outcome, record.status, record.code)
        };
        let ledger = &record.ledger;
        let cell = match self.classes[class as usize].get() {
            Some(cell) => cell,
            None => self.first_of(class),
        };
        cell.wall_ns.record(ledger.wall_ns);
        let mut spent_ns = 0_u64;
        let [phases @ .., rest] = &cell.phases;
        for (phase, ns) in phases.iter().zip(&ledger.spent_ns) {
            if *ns > 0 {
                phase.record(*ns);
                spent_ns = spent_ns.wrapping_add(*ns);
            }
        }
        let rest_ns = ledger.wall_ns.saturating_sub(spent_ns);
        if rest_ns > 0 {
            rest.record(rest_ns);
        }
        if class != RequestClass::Ok {
            self.count_error(record);
        }
        if ledger.wall_ns >= slow_ns || class.is_failure() || class == RequestClass::Refused {
            self.count_slow(record, rest_ns);
        }
    }

    #[cold]
    fn first_of(&self, class: RequestClass) -> &ClassCell {
        self.classes[class as usize].get_or_init(|| Box::new(ClassCell::new(&self.name, class)))
    }

    fn count_error(&self, record: &RequestRecord) {
        match record.status {
            400..=499 => add(&self.client_errors, 1),
            500.. => add(&self.server_errors, 1),
            _ => {}
        }
        match record.outcome {
            RequestOutcome::Answered => {}
            RequestOutcome::TimedOut => add(&self.timed_out, 1),
            RequestOutcome::GivenUp => add(&self.given_up, 1),
            RequestOutcome::Panicked => add(&self.panicked, 1),
        }
    }

    fn count_slow(&self, record: &RequestRecord, rest_ns: u64) {
        let slow = self.slow.get_or_init(|| {
            let counter = |nth| {
                let object = Arc::from(format!("{} {}", self.name, phase_name(nth)));
                (object, Counter::default())
            };
            Box::new(SlowCell(std::array::from_fn(counter)))
        });
        let spent = record.ledger.spent_ns.iter().chain([&rest_ns, &record.ledger.wall_ns]);
        for ((_, counter), ns) in slow.0.iter().zip(spent) {
            counter.add(*ns);
        }
    }

    pub(crate) fn drain(&self, sink: Sink<'_>) {
        for class in self.classes.iter().filter_map(OnceLock::get) {
            class.drain(sink);
        }
        for (object, counter) in self.slow.get().iter().flat_map(|slow| &slow.0) {
            give(sink, Metric::HttpSlowNs, object, counter.drain());
        }
    }

    pub(crate) fn stats(&self, [route, method]: Key<2>, total: &Sketches) -> RouteStats {
        let mut wall = Point::default();
        for class in self.classes.iter().filter_map(OnceLock::get) {
            if let Some(point) = total.get(Metric::HttpRequestNs, &class.object) {
                wall.merge(point);
            }
        }
        RouteStats {
            route: route.to_owned(),
            method: method.to_owned(),
            wall_ns: Quantiles::of(&wall),
            client_errors: get(&self.client_errors),
            server_errors: get(&self.server_errors),
            timed_out: get(&self.timed_out),
            given_up: get(&self.given_up),
            panicked: get(&self.panicked),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let classes: usize =
            self.classes.iter().filter_map(OnceLock::get).map(|class| class.bytes()).sum();
        let slow = self.slow.get().map_or(0, |_| size_of::<SlowCell>());
        size_of::<Self>() + self.name.len() + classes + slow
    }
}
