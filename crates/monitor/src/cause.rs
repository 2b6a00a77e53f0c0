//! The cause of a symptom, named from what was measured: the ledgers of slow requests, the canary.

use std::collections::BTreeMap;
use std::sync::Arc;

use galen_core::{Health, PHASES, Phase, Resource, UnixMs};

use crate::figures::Figures;
use crate::judge::measure::failure_median_ns;
use crate::metric::Metric;
use crate::rules::Rule;

/// A share of the wall time from which on a phase is named: half of it, so that there is one answer.
const SHARE_MIN: f64 = 0.5;
/// A query's time is named by the statement; its phase alone is not a cause.
const QUERY: &str = "query";
/// Slow senders and readers of the client: a cause of slow answers, not a fault of the server.
pub(crate) const CLIENT: &str = "client";
/// Somebody holds the database's write lock.
pub(crate) const WRITER_LOCK: &str = "writer_lock";
/// All readers are at work.
const POOL: &str = "pool";
/// Failures that took at least so long, in nanoseconds, have their time in the ledgers of slow
/// requests; quicker ones failed for another reason than waiting.
const SLOW_FAILURE_NS: f64 = 250_000_000.0;
/// A stretch shorter than this holds too few finished requests to split, in milliseconds.
const SPLIT_MIN_MS: i64 = 60_000;
/// What was measured longer ago does not explain the last runs of a check, in milliseconds.
const CHECK_SPLIT_MS: i64 = 180_000;
/// A canary's word that is older than this says nothing of now, in milliseconds.
const CANARY_STALE_MS: i64 = 30_000;

/// ALL causes that phases name, each with its phases. Time off the CPU in the middle of a handler's
/// work stands with the executor's queue: it is the same thread that was not given back.
const FAMILIES: &[(&str, &[Phase])] = &[
    (WRITER_LOCK, &[Phase::LockWait]),
    (POOL, &[Phase::PoolWait]),
    ("hash_queue", &[Phase::HashWait, Phase::Hash]),
    ("disk", &[Phase::CommitWait]),
    (QUERY, &[Phase::Query]),
    ("executor", &[Phase::ExecutorQueue, Phase::Blocked]),
    ("outbound", &[Phase::Outbound]),
    ("cpu", &[Phase::Handler]),
    (CLIENT, &[Phase::BodyRead, Phase::Write]),
];

/// A cause that holds at least half of the time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    /// The cause: `writer_lock`, `query:NAME`, …
    pub cause: String,
    /// Its largest phase.
    pub phase: Phase,
    /// Its share of the wall time, from 0 to 1.
    pub share: f64,
}

/// Names the cause of slow requests from their time by phase, their wall time in the same unit, and
/// the statement that took most time. Nothing when no cause holds half of the wall time: what no
/// phase explains is nobody's.
pub(crate) fn name(phases: &[(Phase, f64)], wall: f64, top_query: Option<&str>) -> Option<Named> {
    let time_in = |phase: Phase| -> f64 {
        phases.iter().filter(|(at, ns)| *at == phase && *ns > 0.0).map(|(_, ns)| ns).sum()
    };
    let explained: f64 = Phase::ALL.into_iter().map(time_in).sum();
    let wall = wall.max(explained);
    if !wall.is_finite() || wall <= 0.0 {
        return None;
    }
    let share = |family: &[Phase]| family.iter().map(|phase| time_in(*phase)).sum::<f64>() / wall;
    let (cause, family) =
        FAMILIES.iter().max_by(|a, b| share(a.1).total_cmp(&share(b.1))).copied()?;
    if share(family) < SHARE_MIN {
        return None;
    }
    let cause = if cause == QUERY { format!("{QUERY}:{}", top_query?) } else { cause.to_owned() };
    let largest = |a: &&Phase, b: &&Phase| time_in(**a).total_cmp(&time_in(**b));
    let phase = family.iter().max_by(largest).copied()?;
    Some(Named { cause, phase, share: share(family) })
}

/// How a rule finds its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Its object is a route: the ledgers of that route.
    Route,
    /// Its object is a statement: it is the cause.
    Query,
    /// Its object is a check; a check of an own path is a request like any other.
    Check,
    /// Failed requests: the ledgers of all routes, when the failures were slow.
    Failures,
    /// Busy readers: the ledgers say whether a lock or a statement keeps them so.
    Pool,
    /// What the canary says, else the ledgers of all routes.
    Canary,
    /// Itself.
    Own,
}

/// The cause of a symptom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Its name.
    pub name: String,
    /// Whether it was measured; else it is the symptom's own name.
    pub is_measured: bool,
    /// Who holds the resource, when the canary found out.
    pub holder: Option<String>,
}

impl Cause {
    fn own(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_measured: false, holder: None }
    }

    fn measured(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_measured: true, holder: None }
    }
}

/// Resources whose failure is a cause by itself, the likeliest first, and its name. Without space
/// nothing can be written durably, so that stands before.
const SIGHTS: [(Resource, &str); 4] = [
    (Resource::WriterLock, WRITER_LOCK),
    (Resource::DiskSpace, "rule:disk_free"),
    (Resource::ReaderPool, POOL),
    (Resource::DurableWrite, "disk"),
];

#[derive(Clone, Debug)]
struct Sight {
    ticks_ago: u32,
    holder: Option<String>,
}

/// What the canary said in the last ticks: its word is of now, the figures are of a stretch.
#[derive(Debug, Default)]
pub(crate) struct Canary {
    sights: [Option<Sight>; SIGHTS.len()],
}

impl Canary {
    /// Takes the word that came with a tick.
    pub fn note(&mut self, health: Option<&Health>, now: UnixMs) {
        let fresh = health.filter(|health| now.since_ms(health.checked_at) <= CANARY_STALE_MS);
        for (sight, (resource, _)) in self.sights.iter_mut().zip(SIGHTS) {
            if let Some(sight) = sight {
                sight.ticks_ago = sight.ticks_ago.saturating_add(1);
            }
            let states = fresh.map_or(&[][..], |health| &health.resources);
            let sick = |state: &&galen_core::ResourceState| {
                state.resource == resource && state.code.is_some()
            };
            if let Some(state) = states.iter().find(sick) {
                let holder = state.holder.as_ref();
                let holder =
                    holder.map(|holder| format!("PID {} ({})", holder.pid, holder.command));
                let before = sight.take().and_then(|sight| sight.holder);
                *sight = Some(Sight { ticks_ago: 0, holder: holder.or(before) });
            }
        }
    }

    /// The resource that failed within the stretch, the likeliest cause first.
    fn within(&self, window_ms: i64, only: Option<&str>) -> Option<Cause> {
        let step_ms = galen_core::Tier::Fine.step_ms();
        let found = self.sights.iter().zip(SIGHTS).find_map(|(sight, (_, name))| {
            let sight = sight.as_ref()?;
            let is_recent = i64::from(sight.ticks_ago) * step_ms < window_ms;
            (is_recent && only.is_none_or(|only| only == name)).then_some((sight, name))
        });
        found.map(|(sight, name)| Cause { holder: sight.holder.clone(), ..Cause::measured(name) })
    }

    /// The writer's lock, when somebody holds it now.
    pub fn lock_now(&self) -> Option<Cause> {
        self.lock(galen_core::Tier::Fine.step_ms())
    }

    /// The writer's lock, when somebody held it within the stretch.
    fn lock(&self, window_ms: i64) -> Option<Cause> {
        self.within(window_ms, Some(WRITER_LOCK))
    }
}

/// Time by phase of some requests, in nanoseconds.
#[derive(Clone, Debug, Default)]
struct Split {
    phases: [f64; PHASES],
    wall: f64,
}

impl Split {
    fn add(&mut self, part: &str, ns: f64) {
        if part == "wall" {
            self.wall += ns;
        } else if let Some(phase) = Phase::ALL.into_iter().find(|phase| phase.name() == part) {
            self.phases[phase as usize] += ns;
        }
    }

    fn name(&self, top_query: Option<&str>) -> Option<Named> {
        let phases: Vec<_> = Phase::ALL.into_iter().zip(self.phases).collect();
        name(&phases, self.wall, top_query)
    }
}

/// The ledgers of slow and failed requests over a stretch.
#[derive(Debug, Default)]
struct Ledgers {
    all: Split,
    routes: BTreeMap<String, Split>,
    top_query: Option<Arc<str>>,
}

impl Ledgers {
    fn read(figures: &dyn Figures, window_ms: i64) -> Self {
        let mut ledgers = Self::default();
        for object in figures.objects(Metric::HttpSlowNs, window_ms) {
            let point = figures.merged(Metric::HttpSlowNs, &object, window_ms);
            if let (Some((route, part)), Some(point)) = (object.rsplit_once(' '), point) {
                ledgers.all.add(part, point.sum);
                ledgers.routes.entry(route.to_owned()).or_default().add(part, point.sum);
            }
        }
        let mut most = 0.0;
        for query in figures.objects(Metric::QueryNs, window_ms) {
            let sum = figures.merged(Metric::QueryNs, &query, window_ms).map_or(0.0, |p| p.sum);
            if sum > most {
                most = sum;
                ledgers.top_query = Some(query);
            }
        }
        ledgers
    }
}

/// Names causes during one tick; the ledgers are read once a stretch, and only when asked for.
pub(crate) struct Causes<'a> {
    figures: &'a dyn Figures,
    canary: &'a Canary,
    ledgers: BTreeMap<i64, Ledgers>,
}

impl<'a> Causes<'a> {
    pub fn new(figures: &'a dyn Figures, canary: &'a Canary) -> Self {
        Self { figures, canary, ledgers: BTreeMap::new() }
    }

    /// The cause of a rule's symptom on an object.
    pub fn of(&mut self, rule: &Rule, object: &str) -> Cause {
        let window_ms = rule.window_ms().max(SPLIT_MIN_MS);
        let own = || Cause::own(format!("rule:{}", rule.code));
        match rule.link {
            Link::Own => own(),
            Link::Route => self
                .route(object, window_ms)
                .unwrap_or_else(|| Cause::own(format!("route:{object}"))),
            Link::Query => self.query(object, window_ms),
            Link::Check => {
                self.check(object).unwrap_or_else(|| Cause::own(format!("check:{object}")))
            }
            Link::Failures => self.failures(window_ms).unwrap_or_else(own),
            Link::Pool => self.pool(window_ms),
            Link::Canary => self
                .canary
                .within(window_ms, None)
                .or_else(|| self.all(window_ms))
                .unwrap_or_else(own),
        }
    }

    fn ledgers(&mut self, window_ms: i64) -> &Ledgers {
        let figures = self.figures;
        self.ledgers.entry(window_ms).or_insert_with(|| Ledgers::read(figures, window_ms))
    }

    /// A lock that the canary saw explains time that nothing explains, and waits for the writer:
    /// behind the one that waits for the lock, the others wait for it. It explains nothing else.
    fn with_lock(&self, named: Option<Named>, window_ms: i64) -> Option<Cause> {
        let named = named.map(|named| named.cause);
        let may_be_lock = named.as_deref().is_none_or(|name| name == POOL || name == WRITER_LOCK);
        let lock = if may_be_lock { self.canary.lock(window_ms) } else { None };
        lock.or_else(|| named.map(Cause::measured))
    }

    fn route(&mut self, route: &str, window_ms: i64) -> Option<Cause> {
        let ledgers = self.ledgers(window_ms);
        // Without slow requests there is nothing that links the route to any cause.
        let split = ledgers.routes.get(route)?;
        let named = split.name(ledgers.top_query.as_deref());
        self.with_lock(named, window_ms)
    }

    /// The cause of all slow time together. Slow clients are no cause of what befalls the whole.
    fn all(&mut self, window_ms: i64) -> Option<Cause> {
        let ledgers = self.ledgers(window_ms);
        let named = ledgers.all.name(ledgers.top_query.as_deref());
        let cause = self.with_lock(named, window_ms)?;
        (cause.name != CLIENT).then_some(cause)
    }

    fn failures(&mut self, window_ms: i64) -> Option<Cause> {
        let median_ns = failure_median_ns(self.figures, window_ms).unwrap_or(0.0);
        if median_ns >= SLOW_FAILURE_NS { self.all(window_ms) } else { self.canary.lock(window_ms) }
    }

    fn pool(&mut self, window_ms: i64) -> Cause {
        let found = self.all(window_ms);
        let counts = |name: &str| {
            name == WRITER_LOCK || name == POOL || name.starts_with(&format!("{QUERY}:"))
        };
        found.filter(|cause| counts(&cause.name)).unwrap_or_else(|| Cause::own(POOL))
    }

    fn query(&mut self, query: &str, window_ms: i64) -> Cause {
        let name = format!("{QUERY}:{query}");
        match self.all(window_ms) {
            Some(cause) if cause.name == name => cause,
            _ => Cause::own(name),
        }
    }

    fn check(&mut self, check: &str) -> Option<Cause> {
        let window_ms = CHECK_SPLIT_MS;
        if check == "/readyz" {
            return self.canary.within(window_ms, None);
        }
        // Only what is asked of this process has a ledger here.
        if !check.starts_with('/') {
            return None;
        }
        let named = self.route(&format!("GET {check}"), window_ms)?;
        (named.name != CLIENT).then_some(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_with_half_of_the_time_is_named_and_nothing_below_it() {
        let lock = [(Phase::LockWait, 50.0), (Phase::Query, 30.0)];
        let named = name(&lock, 100.0, Some("user.by_id"));
        assert_eq!(named.map(|named| (named.cause, named.phase)), {
            Some((WRITER_LOCK.to_owned(), Phase::LockWait))
        });
        assert_eq!(name(&lock, 101.0, None), None, "49.5 % is no cause");
        assert_eq!(name(&[], 100.0, None), None, "what nothing explains is nobody's");
        assert_eq!(name(&[], 0.0, None), None);
        assert_eq!(name(&[(Phase::Query, f64::NAN)], f64::NAN, None), None);
    }

    #[test]
    fn a_query_is_named_by_its_statement_or_not_at_all() {
        let query = [(Phase::Query, 90.0)];
        let named = name(&query, 100.0, Some("user.list"));
        assert_eq!(named.map(|named| named.cause).as_deref(), Some("query:user.list"));
        assert_eq!(name(&query, 100.0, None), None);
    }

    #[test]
    fn waiting_for_a_permit_and_hashing_are_one_cause() {
        let hash = [(Phase::HashWait, 30.0), (Phase::Hash, 25.0)];
        let named = name(&hash, 100.0, None).expect("55 %");
        assert_eq!((named.cause.as_str(), named.phase), ("hash_queue", Phase::HashWait));
        assert!((named.share - 0.55).abs() < 1e-9);
    }

    #[test]
    fn every_phase_stands_in_at_most_one_family() {
        let mut seen = std::collections::HashSet::new();
        for phase in FAMILIES.iter().flat_map(|(_, phases)| *phases) {
            assert!(seen.insert(*phase), "{} stands twice", phase.name());
        }
    }
}
