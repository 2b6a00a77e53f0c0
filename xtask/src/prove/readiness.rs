//! The write lock is held from outside for three seconds: `/readyz` says so, and `galen status` by whom.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::holder::Holder;
use super::server::Setup;
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, people};

/// How long the lock is held.
const HELD: Duration = Duration::from_secs(3);
/// Within this time readiness must fail, and recover.
const WITHIN_MS: f64 = 1_000.0;

/// What one look at an endpoint saw: when, and the status.
type Look = (Instant, u16);

/// Holds the lock several times, with a pause in between, and then looks at a healthy minute under load.
///
/// # Errors
/// When the server or the holder does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("readiness")?;
    let setup = Setup::new(ask, &dir)?;
    people::add(&setup, "admin@example.org", true)?;
    let server = setup.start()?;
    let mut found = Found::default();
    for _ in 0..ask.rounds_of(5, 2) {
        await_ready(server.port)?;
        found.round(&setup, server.port)?;
    }
    await_ready(server.port)?;
    let calm = calm(server.port, Duration::from_secs(if ask.quick { 5 } else { 30 }));
    server.stop()?;
    Ok(found.outcome(calm))
}

#[derive(Default)]
struct Found {
    rounds: u64,
    failed_after_ms: Vec<f64>,
    recovered_after_ms: Vec<f64>,
    named: u64,
    constant_failures: u64,
    codes: Vec<String>,
}

impl Found {
    fn round(&mut self, setup: &Setup, port: u16) -> Result<()> {
        let stop = AtomicBool::new(false);
        let (ready, live) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let (held, freed, status) = std::thread::scope(|scope| -> Result<_> {
            scope.spawn(|| look(port, "/readyz", &stop, &ready));
            scope.spawn(|| look(port, "/livez", &stop, &live));
            std::thread::sleep(Duration::from_millis(200));
            let holder = Holder::take(&setup.database());
            let held = Instant::now();
            let (outcome, freed) = match holder {
                Ok(holder) => {
                    let pid = holder.pid();
                    std::thread::sleep(HELD / 2);
                    let status = setup.command(&["status", "--json"]).read();
                    std::thread::sleep(HELD.saturating_sub(held.elapsed()));
                    let gone = holder.let_go();
                    (gone.and(status).map(|status| (pid, status)), Instant::now())
                }
                Err(error) => (Err(error), Instant::now()),
            };
            std::thread::sleep(Duration::from_millis(1_500));
            stop.store(true, Ordering::Relaxed);
            Ok((held, freed, outcome?))
        })?;
        let ready = ready.into_inner().unwrap_or_default();
        let live = live.into_inner().unwrap_or_default();
        self.rounds += 1;
        self.failed_after_ms.push(first_after(&ready, held, |status| status == 503));
        self.recovered_after_ms.push(first_after(&ready, freed, |status| status == 200));
        self.constant_failures += live.iter().filter(|(_, status)| *status != 200).count() as u64;
        let (pid, text) = status;
        let status: Value =
            serde_json::from_str(&text).context("`galen status --json` is no JSON")?;
        self.named += u64::from(names(&status, pid));
        self.codes.extend(status["health"]["code"].as_str().map(str::to_owned));
        Ok(())
    }

    fn outcome(&self, calm: (u64, u64)) -> Outcome {
        let rounds = self.rounds;
        let worst = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut outcome = Outcome::default();
        for (what, values) in [
            ("/readyz is 503 after the lock was taken", &self.failed_after_ms),
            ("/readyz is 200 after it was let go", &self.recovered_after_ms),
        ] {
            let figure =
                Figure::new(format!("{what}: worst"), worst(values), "ms", Goal::AtMost(WITHIN_MS));
            outcome.add(figure.spread(values).beside(format!("median {:.0} ms", median(values))));
        }
        let all = rounds as f64;
        outcome.add(
            Figure::count("`galen status` names the holder's PID", self.named, Goal::AtLeast(all))
                .beside(format!("{rounds} rounds; code {}", self.codes.join(" "))),
        );
        let none = Goal::AtMost(0.0);
        outcome.add(Figure::count(
            "constant endpoint /livez not 200",
            self.constant_failures,
            none,
        ));
        outcome.add(
            Figure::count("healthy, under load: /readyz not 200", calm.1, none)
                .beside(format!("{} looks", calm.0)),
        );
        outcome
    }
}

/// Whether some holder in the status is this process.
fn names(value: &Value, pid: u32) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("holder").is_some_and(|holder| holder["pid"] == pid)
                || fields.values().any(|value| names(value, pid))
        }
        Value::Array(values) => values.iter().any(|value| names(value, pid)),
        _ => false,
    }
}

fn look(port: u16, path: &str, stop: &AtomicBool, seen: &Mutex<Vec<Look>>) {
    let mut client = Client::new(port);
    while !stop.load(Ordering::Relaxed) {
        let status = client.send(&Request::get(path)).map_or(0, |answer| answer.status);
        if let Ok(mut seen) = seen.lock() {
            seen.push((Instant::now(), status));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Milliseconds from `from` to the first look that is as wanted; `NaN` when there is none.
fn first_after(looks: &[Look], from: Instant, wanted: fn(u16) -> bool) -> f64 {
    let found = looks.iter().find(|(at, status)| *at >= from && wanted(*status));
    found.map_or(f64::NAN, |(at, _)| at.duration_since(from).as_secs_f64() * 1000.0)
}

fn await_ready(port: u16) -> Result<()> {
    let began = Instant::now();
    let mut client = Client::new(port);
    while client.send(&Request::get("/readyz")).map_or(0, |answer| answer.status) != 200 {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(20), "the server is never ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// How often `/readyz` was asked while sign-ins keep both cores busy, and how often it said no.
fn calm(port: u16, time: Duration) -> (u64, u64) {
    let stop = AtomicBool::new(false);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| look(port, "/readyz", &stop, &seen));
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::new(port);
                while !stop.load(Ordering::Relaxed) {
                    // Whether it is let in does not matter; that it is worked on does.
                    let _ = people::login(&mut client, "admin@example.org");
                }
            });
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
    let seen = seen.into_inner().unwrap_or_default();
    (seen.len() as u64, seen.iter().filter(|(_, status)| *status != 200).count() as u64)
}
