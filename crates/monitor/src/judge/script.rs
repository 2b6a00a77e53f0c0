//! For tests: a world that is scripted window by window, with the judge in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use galen_core::model::{RuleChange, Silence};
use galen_core::{
    AlertId, Annotation, Entropy, Health, Id, KeptAlert, Resource, ResourceHolder, ResourceState,
    SilenceId, UnixMs,
};
use galen_testkit::SeededEntropy;

use super::{Judge, alert_of};
use crate::alert::{Alert, AlertState, Delivery, Telling};
use crate::metric::Metric;
use crate::monitor::{Orders, Situation};
use crate::point::Point;
use crate::rules;
use crate::sketches::Sketches;
use crate::windows::Ring;

/// 2026-01-01T00:00:00Z.
const BEGINNING: UnixMs = UnixMs(1_767_225_600_000);
/// A window, in milliseconds.
pub const STEP_MS: i64 = 10_000;
/// The routes of the world.
pub const ROUTES: [&str; 12] = [
    "GET /api/me",
    "PATCH /api/me",
    "GET /api/me/sessions",
    "POST /api/me/password",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/register",
    "GET /api/notifications",
    "POST /api/notifications/read",
    "GET /api/admin/users",
    "POST /api/admin/users",
    "DELETE /api/me/sessions/{id}",
];

/// What is measured in one window.
#[derive(Clone, Default)]
pub struct Window {
    sketches: Sketches,
}

impl Window {
    fn put(&mut self, metric: Metric, object: &str, point: &Point) {
        self.sketches.merge(metric, &Arc::from(object), point);
    }

    /// A gauge, sampled once.
    pub fn gauge(&mut self, metric: Metric, object: &str, value: f64) -> &mut Self {
        self.put(metric, object, &Point::gauge(value));
        self
    }

    pub fn count(&mut self, metric: Metric, object: &str, n: u32) -> &mut Self {
        self.put(metric, object, &Point::counter(u64::from(n), f64::from(n)));
        self
    }

    pub fn times(&mut self, metric: Metric, object: &str, n: u32, each_ms: u64) -> &mut Self {
        for _ in 0..n {
            self.put(metric, object, &Point::value(each_ms * 1_000_000));
        }
        self
    }

    /// Requests of a route that end in a class, without a ledger kept apart.
    pub fn requests(&mut self, route: &str, class: &str, n: u32, each_ms: u64) -> &mut Self {
        self.times(Metric::HttpRequestNs, &format!("{route} {class}"), n, each_ms)
    }

    /// Slow requests of a route whose time went, for nine tenths, into a phase.
    pub fn slow(&mut self, (route, class): (&str, &str), n: u32, each_ms: u64, phase: &str) {
        self.requests(route, class, n, each_ms);
        let all_ns = f64::from(n) * 1e6 * f64::from(u32::try_from(each_ms).unwrap());
        let part = |name: &str| format!("{route} {name}");
        let spent = Point::counter(u64::from(n), all_ns * 0.9);
        self.put(Metric::HttpSlowNs, &part(phase), &spent);
        self.put(Metric::HttpSlowNs, &part("unexplained"), &Point::counter(1, all_ns * 0.1));
        self.put(Metric::HttpSlowNs, &part("wall"), &Point::counter(u64::from(n), all_ns));
    }

    /// What a healthy server records: every route quick, every gauge low.
    pub fn healthy(&mut self) -> &mut Self {
        for route in ROUTES {
            self.requests(route, "ok", 3, 5);
        }
        self.vitals()
    }

    /// The gauges of a healthy server.
    pub fn vitals(&mut self) -> &mut Self {
        self.gauge(Metric::PoolUse, "", 0.1)
            .gauge(Metric::WriterBusyNs, "", 0.0)
            .gauge(Metric::Sessions, "active", 10.0)
            .gauge(Metric::DiskFreeBytes, "", 5e10)
            .gauge(Metric::Ready, "", 1.0)
            .times(Metric::QueryNs, "user.by_id", 5, 1)
    }

    /// A lock held from outside: all routes wait for it, some requests run into their deadline, the
    /// writer stands still, the canary says no.
    pub fn locked(&mut self) {
        for route in ROUTES {
            self.slow((route, "ok"), 2, 6_000, "lock_wait");
            self.slow((route, "timed_out"), 1, 10_000, "lock_wait");
        }
        self.vitals();
        self.gauge(Metric::WriterBusyNs, "", 9e9).gauge(Metric::Ready, "", 0.0);
    }

    /// The window as it is recorded.
    pub fn sketches(&self) -> &Sketches {
        &self.sketches
    }
}

/// The judge in a world of windows, with an inbox and a history that outlive it.
pub struct World {
    pub judge: Judge,
    pub now: UnixMs,
    pub health: Option<Health>,
    pub changes: Vec<RuleChange>,
    pub silences: Vec<Silence>,
    /// Whether messages get through.
    pub is_deliverable: bool,
    /// Messages that got through, each key once.
    pub sent: Vec<Delivery>,
    pub annotations: Vec<Annotation>,
    /// The newest row of each alert.
    pub rows: BTreeMap<AlertId, KeptAlert>,
    ring: Ring,
    ticks: u64,
    keys: BTreeSet<String>,
    entropy: Arc<dyn Entropy>,
    states: BTreeMap<(usize, String), AlertState>,
}

impl World {
    pub fn new() -> Self {
        Self::seeded(7)
    }

    pub fn seeded(seed: u64) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
        Self {
            judge: Judge::new(Arc::clone(&entropy)),
            now: BEGINNING,
            health: None,
            changes: Vec::new(),
            silences: Vec::new(),
            is_deliverable: true,
            sent: Vec::new(),
            annotations: Vec::new(),
            rows: BTreeMap::new(),
            ring: Ring::default(),
            ticks: 0,
            keys: BTreeSet::new(),
            entropy,
            states: BTreeMap::new(),
        }
    }

    /// Lets one window pass, judges it, keeps what is to be kept, delivers what is to be delivered,
    /// and holds the laws that always hold.
    pub fn tick(&mut self, record: impl FnOnce(&mut Window)) {
        let mut window = Window::default();
        record(&mut window);
        self.ticks += 1;
        self.now = self.now.plus_ms(STEP_MS);
        self.ring.push(self.ticks * 10_000_000_000, window.sketches());
        let silences = self.silences.iter().filter(|s| s.ends_at > self.now).cloned().collect();
        let orders =
            Orders { rule_changes: self.changes.clone(), silences, read_at_ns: self.ticks };
        let situation = Situation { health: self.health.clone(), orders: Some(orders) };
        let judged = self.judge.judge(self.now, &self.ring, &situation);
        self.annotations.extend(judged.annotations);
        for alert in judged.kept.iter().map(alert_of) {
            assert!(alert.began_at <= alert.fired_at, "{alert:?}");
            assert!(alert.resolved_at.is_none_or(|at| at >= alert.fired_at), "{alert:?}");
        }
        self.rows.extend(judged.kept.into_iter().map(|row| (row.id, row)));
        if self.is_deliverable {
            self.deliver();
        }
        self.hold_laws();
    }

    pub fn ticks(&mut self, n: u32, record: impl Fn(&mut Window)) {
        for _ in 0..n {
            self.tick(&record);
        }
    }

    fn deliver(&mut self) {
        for delivery in self.judge.deliveries() {
            let key = delivery.key.clone();
            if self.keys.insert(key.clone()) {
                self.sent.push(delivery);
            }
            let row = self.judge.delivered(&key).expect("what waits can be delivered");
            self.rows.insert(row.id, row);
        }
    }

    /// The process ends and another one begins: figures are gone, the history stays.
    pub fn restart(&mut self) {
        let is_open = |row: &&KeptAlert| !alert_of(row).told_resolved;
        let open = self.rows.values().filter(is_open).cloned().collect();
        self.judge = Judge::new(Arc::clone(&self.entropy));
        self.judge.restore(open);
        self.ring = Ring::default();
        self.states = self.standing();
    }

    /// Messages that got through: how many that something fires, how many that it is over.
    pub fn told(&self) -> (usize, usize) {
        let firing = self.sent.iter().filter(|d| d.telling == Telling::Firing).count();
        (firing, self.sent.len() - firing)
    }

    pub fn causes(&self) -> Vec<String> {
        self.judge.alerts().into_iter().map(|alert| alert.cause).collect()
    }

    pub fn alert(&self) -> Alert {
        let alerts = self.judge.alerts();
        assert_eq!(alerts.len(), 1, "{:?}", self.causes());
        alerts.into_iter().next().unwrap()
    }

    pub fn state(&self, rule: &str) -> AlertState {
        let view = self.judge.rules().into_iter().find(|view| view.code == rule);
        view.expect("a rule of the table").state
    }

    pub fn silence(&mut self, matches: &str, for_ms: i64) {
        self.silences.push(Silence {
            id: SilenceId(Id::mint_at(self.now, &*self.entropy)),
            matches: matches.to_owned(),
            reason: "a test".to_owned(),
            created_at: self.now,
            ends_at: self.now.plus_ms(for_ms),
            created_by: None,
        });
    }

    /// The canary finds the write lock held, or all well.
    pub fn lock(&mut self, is_held: bool) {
        let holder = ResourceHolder { pid: 4711, command: "sqlite3 dev.db".to_owned() };
        self.health = Some(Health {
            ready: !is_held,
            code: is_held.then(|| "lock".to_owned()),
            since: self.now,
            checked_at: self.now,
            resources: vec![ResourceState {
                resource: Resource::WriterLock,
                code: is_held.then(|| "lock".to_owned()),
                detail: String::new(),
                holder: is_held.then_some(holder),
            }],
        });
    }

    fn standing(&self) -> BTreeMap<(usize, String), AlertState> {
        let watches = self.judge.watches.iter().enumerate();
        let tracks = watches.flat_map(|(at, watch)| {
            watch.tracks.iter().map(move |(object, track)| ((at, object.to_string()), track.state))
        });
        tracks.collect()
    }

    /// What holds after every tick, whatever happens.
    fn hold_laws(&mut self) {
        let after = self.standing();
        let keys: BTreeSet<_> = self.states.keys().chain(after.keys()).cloned().collect();
        for key in keys {
            let state = |all: &BTreeMap<_, _>| all.get(&key).copied().unwrap_or_default();
            let (from, to): (AlertState, AlertState) = (state(&self.states), state(&after));
            assert!(is_arrow(from, to), "{} {}: {from:?} → {to:?}", rules::ALL[key.0].code, key.1);
        }
        self.states = after;
        let mut open = BTreeSet::new();
        for row in self.rows.values().filter(|row| row.resolved_at.is_none()) {
            assert!(open.insert(row.cause.clone()), "{} is open twice", row.cause);
        }
        assert_eq!(open, self.causes().into_iter().collect(), "the history knows what is open");
    }

    /// What holds when all is over and nothing is in the way of messages.
    pub fn hold_end(&self) {
        assert_eq!(self.causes(), Vec::<String>::new());
        assert_eq!(self.judge.deliveries(), Vec::new());
        for row in self.rows.values() {
            let told = |telling| {
                let of = |d: &&Delivery| d.alert.id == row.id && d.telling == telling;
                self.sent.iter().filter(of).count()
            };
            assert!(told(Telling::Firing) <= 1, "{} pages twice", row.cause);
            assert_eq!(told(Telling::Resolved), 1, "{} is told to be over once", row.cause);
        }
    }
}

/// Whether one look may lead from one state to another.
fn is_arrow(from: AlertState, to: AlertState) -> bool {
    use AlertState::{Firing, Normal, Pending, Recovering};
    from == to
        || matches!(
            (from, to),
            (Normal, Pending)
                | (Pending, Normal | Firing)
                | (Firing, Recovering)
                | (Recovering, Firing | Normal)
        )
}
