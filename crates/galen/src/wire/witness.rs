//! What the serving Galen knows of itself, as evidence for the doctor, asked over the control socket.

mod past;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use galen_core::{Clock, Fut, Phase, UnixMs};
use galen_doctor::Witness;
use galen_doctor::evidence::{Collector, Draft, FactKey, Source, Value, object};
use galen_monitor::SlowRequest;
use serde::de::DeserializeOwned;

use super::answers::Status;
use super::control::Ask;
use super::control::client::Client;
use super::place::Place;
use super::tasks;

/// How often the server is asked during an examination, and how far apart: a queue that fills only
/// while the doctor asks for something must be seen meanwhile.
const LOOKS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(250);
/// Slow requests older than this say nothing about now, in milliseconds.
const RECENT_MS: i64 = 10 * 60 * 1_000;

/// The witness of the installation at one place.
pub struct ControlWitness {
    place: Place,
    clock: Arc<dyn Clock>,
}

impl ControlWitness {
    /// For the installation at this place.
    pub fn new(place: Place, clock: Arc<dyn Clock>) -> Self {
        Self { place, clock }
    }

    async fn ask<T>(&self, ask: Ask) -> Result<T, String>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let place = self.place.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let client = Client::connect(&place)?;
            client.map(|client| client.ask::<T>(&ask)).transpose()
        });
        match asked.await.map_err(|error| error.to_string())? {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err("no server runs on this database".to_owned()),
            Err(failure) => Err(failure.what),
        }
    }

    async fn watch(&self, collector: &Collector) {
        let mut busiest = Gauges::default();
        let mut last = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match self.ask::<Status>(Ask::Status {}).await {
                Ok(status) => {
                    busiest.raise(&status);
                    last = Some(status);
                }
                Err(reason) => {
                    collector.missing(FactKey::WitnessRouteMs, object::TARGET, reason);
                    break;
                }
            }
        }
        let Some(status) = last else { return };
        let tell = Tell { collector, taken_at: self.clock.now() };
        busiest.tell(&tell);
        tell.standing(&status);
        tell.ledger(&status.slowest);
    }
}

impl Witness for ControlWitness {
    fn observe<'a>(&'a self, collector: &'a Collector) -> Fut<'a, ()> {
        Box::pin(async move {
            // First, before the doctor's own requests are part of the last hour.
            past::observe(self, collector).await;
            self.watch(collector).await;
        })
    }
}

/// The highest values seen.
#[derive(Debug, Default)]
struct Gauges {
    looks: u64,
    hash_permits: u32,
    hash_running: u32,
    hash_waiting: u32,
    readers: u32,
    readers_busy: u32,
    writes_waiting: u32,
}

impl Gauges {
    fn raise(&mut self, status: &Status) {
        let pressure = &status.database.pressure;
        self.looks += 1;
        self.hash_permits = status.hash.permits;
        self.readers = pressure.readers;
        self.readers_busy = self.readers_busy.max(pressure.readers_busy);
        self.writes_waiting = self.writes_waiting.max(pressure.writes_waiting);
        // Running and waiting are kept from the same look: together they say whether it was full.
        if (status.hash.waiting, status.hash.running) >= (self.hash_waiting, self.hash_running) {
            self.hash_waiting = status.hash.waiting;
            self.hash_running = status.hash.running;
        }
    }

    fn tell(&self, tell: &Tell<'_>) {
        for (key, value) in [
            (FactKey::WitnessHashPermits, self.hash_permits),
            (FactKey::WitnessHashRunning, self.hash_running),
            (FactKey::WitnessHashQueued, self.hash_waiting),
            (FactKey::WitnessPoolSize, self.readers),
            (FactKey::WitnessPoolInUse, self.readers_busy),
            (FactKey::WitnessWriteQueue, self.writes_waiting),
        ] {
            tell.over(self.looks, key, object::TARGET, value);
        }
    }
}

/// Puts facts into the collector.
struct Tell<'a> {
    collector: &'a Collector,
    taken_at: UnixMs,
}

impl Tell<'_> {
    fn fact(&self, key: FactKey, object: &str, value: impl Into<Value>) {
        self.over(1, key, object, value);
    }

    fn over(&self, looks: u64, key: FactKey, object: &str, value: impl Into<Value>) {
        let source = Source::new(
            "witness",
            "the serving Galen, over its control socket",
            "galen status --json",
        );
        self.collector.push(Draft::new(key, object, value, source, self.taken_at).over(looks));
    }

    fn standing(&self, status: &Status) {
        let counts = &status.counts;
        self.fact(FactKey::WitnessSessionsExpired, object::TARGET, counts.sessions_expired);
        let total = counts.sessions_active + counts.sessions_expired;
        self.fact(FactKey::WitnessSessionsTotal, object::TARGET, total);
        let refused = i64::try_from(status.connections.refused).unwrap_or(i64::MAX);
        self.fact(FactKey::WitnessConnectionsRefused, object::TARGET, refused);
        if status.hash.hash_ns > 0 {
            self.fact(FactKey::WitnessHashMs, object::TARGET, ms(status.hash.hash_ns));
        }
        for command in &status.commands {
            self.fact(FactKey::WitnessLongestWriteMs, &command.name, ms(command.run_ns.max));
        }
        let sweep = status.tasks.iter().find(|task| task.name == tasks::SWEEP);
        self.fact(FactKey::WitnessSweepEnabled, object::TARGET, sweep.is_some());
        if let Some(at) = sweep.and_then(|task| task.last_at) {
            self.fact(FactKey::WitnessSweepLastAt, object::TARGET, at.0);
        }
        let removed = sweep.and_then(|task| task.last_did.as_ref()?.get("sessions")?.as_i64());
        if let Some(removed) = removed {
            self.fact(FactKey::WitnessSweepRemoved, object::TARGET, removed);
        }
    }

    /// The ledgers of the slowest requests, by route.
    fn ledger(&self, slowest: &[SlowRequest]) {
        let mut routes: BTreeMap<String, Vec<&SlowRequest>> = BTreeMap::new();
        let recent = slowest.iter().filter(|slow| self.taken_at.since_ms(slow.at) < RECENT_MS);
        for slow in recent.filter(|slow| !slow.route.is_empty()) {
            routes.entry(format!("{} {}", slow.method, slow.route)).or_default().push(slow);
        }
        for (route, requests) in &routes {
            let n = requests.len() as u64;
            let walls: Vec<f64> = requests.iter().map(|slow| ms(slow.ledger.wall_ns)).collect();
            self.over(n, FactKey::WitnessRouteMs, route, walls);
            let mean = |read: &dyn Fn(&SlowRequest) -> u64| {
                let sum: u64 = requests.iter().map(|slow| read(slow)).sum();
                ms(sum / n.max(1))
            };
            for phase in Phase::ALL {
                let spent = mean(&|slow| slow.ledger.get(phase));
                if spent > 0.0 {
                    let object = object::phase(route, phase.name());
                    self.over(n, FactKey::WitnessPhaseMs, &object, spent);
                }
            }
            let rest = mean(&|slow| slow.ledger.unexplained_ns());
            self.over(n, FactKey::WitnessUnexplainedMs, route, rest);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a microsecond in a century does not matter here")]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::clock::RealClock;
    use galen_core::{Ledger, RequestId};

    #[tokio::test]
    async fn a_missing_server_is_a_gap_and_not_a_fact() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        let collector = Collector::new();
        ControlWitness::new(place, Arc::new(RealClock::new())).observe(&collector).await;
        let evidence = collector.seal(UnixMs(0));
        assert!(evidence.any(FactKey::WitnessSessionsTotal).is_none());
        assert!(evidence.any_gap(FactKey::WitnessRouteMs).is_some());
        assert!(evidence.any_gap(FactKey::HistoryP95Ms).is_some());
        Ok(())
    }

    #[test]
    fn the_ledger_of_slow_requests_becomes_facts_by_route_and_phase() {
        let ledger = Ledger::new();
        ledger.add(Phase::Query, 3_000_000);
        let slow = SlowRequest {
            at: UnixMs(1_000),
            request_id: RequestId::from_bytes([1; 16]).to_string(),
            route: "/api/me".to_owned(),
            method: "GET".to_owned(),
            status: 200,
            ledger: ledger.snapshot(5_000_000),
        };
        let old = SlowRequest { at: UnixMs(1_000 - RECENT_MS), ..slow.clone() };
        let collector = Collector::new();
        Tell { collector: &collector, taken_at: UnixMs(2_000) }.ledger(&[slow, old]);
        let evidence = collector.seal(UnixMs(2_000));
        let phase = object::phase("GET /api/me", "query");
        let spent = evidence.find(FactKey::WitnessPhaseMs, &phase);
        assert_eq!(spent.and_then(|fact| fact.value.number()), Some(3.0));
        assert_eq!(spent.map(|fact| fact.n), Some(1));
        let rest = evidence.find(FactKey::WitnessUnexplainedMs, "GET /api/me");
        assert_eq!(rest.and_then(|fact| fact.value.number()), Some(2.0));
    }
}
