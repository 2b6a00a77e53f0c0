//! Busy days pass, and the history must stay inside its cap with its newest windows in it.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use galen_core::{
    Clock, CommandRecord, History, LogLevel, LogLine, Observer, StatementRecord, Tier, UnixMs,
};
use galen_monitor::Metric;
use serde_json::{Value, json};

use super::ground::{Ground, Noise};

/// As many routes, statements and commands as a large installation has.
const ROUTES: usize = 48;
const STATEMENTS: usize = 60;
const COMMANDS: usize = 20;
/// Values of each in a window.
const VALUES: usize = 25;
/// Gauges that are set in every window.
const GAUGES: [Metric; 8] = [
    Metric::PoolUse,
    Metric::ProcessRssBytes,
    Metric::ProcessFds,
    Metric::DatabaseBytes,
    Metric::WalBytes,
    Metric::DiskFreeBytes,
    Metric::HashWaiting,
    Metric::WriteQueue,
];

/// Lets `days` pass: windows of ten minutes, and of ten seconds on the last day, so that every tier is
/// full at the end.
pub async fn run(dir: &Path, days: u64, cap_mib: u64) -> Result<Value> {
    let ground = Ground::new(dir, cap_mib << 20).await?;
    let names = Names::new();
    let mut noise = Noise(1);
    let (mut bytes_max, mut ticks) = (0, 0_u64);
    let began = Instant::now();
    let first = ground.clock.now();
    for day in 0..days {
        let window_ms = if day + 1 == days { 10_000 } else { 600_000 };
        for window in 0..86_400_000 / window_ms {
            names.feed(&ground, &mut noise);
            ground.pass(window_ms).await?;
            ticks += 1;
            if window % 16 == 0 {
                bytes_max = bytes_max.max(size_of(dir)?);
            }
        }
    }
    bytes_max = bytes_max.max(size_of(dir)?);
    let facts = ground.history.facts().await?;
    let now = ground.clock.now();
    let reach = |tier: usize| facts.reaches_to[tier].map(|at| hours(now, at));
    let late = facts.newest.map(|at| at.map(|at| now.since_ms(at)));
    ground.history.close();
    Ok(json!({
        "days": hours(now, first) / 24.0, "ticks": ticks, "seconds": began.elapsed().as_secs_f64(),
        "bytes_max": bytes_max, "cap_bytes": cap_mib << 20, "log_lines": facts.log_lines,
        "fine_reaches_h": reach(0), "minute_reaches_h": reach(1), "hour_reaches_h": reach(2),
        "newest_age_ms": late, "fine_step_ms": Tier::Fine.step_ms(),
    }))
}

fn hours(now: UnixMs, at: UnixMs) -> f64 {
    now.since_ms(at) as f64 / 3_600_000.0
}

/// What the file and its log take.
fn size_of(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// Names that live as long as the program, as the real ones do.
struct Names {
    routes: Vec<&'static str>,
    statements: Vec<&'static str>,
    commands: Vec<&'static str>,
}

impl Names {
    fn new() -> Self {
        let many = |what: &str, n: usize| {
            (0..n).map(|i| &*Box::leak(format!("{what}{i}").into_boxed_str())).collect()
        };
        Self {
            routes: many("/api/noun/verb", ROUTES),
            statements: many("noun.verb", STATEMENTS),
            commands: many("room.verb", COMMANDS),
        }
    }

    fn feed(&self, ground: &Ground, noise: &mut Noise) {
        let observer: &dyn Observer = &*ground.observer;
        for _ in 0..VALUES {
            for (at, route) in self.routes.iter().enumerate() {
                let status = if at % 8 == 0 { 404 } else { 200 };
                ground.request(route, status, noise.latency_ns(2e6, 2.5));
            }
            for name in &self.statements {
                observer.statement(&StatementRecord {
                    name,
                    wait_ns: noise.latency_ns(1e4, 2.0),
                    run_ns: noise.latency_ns(5e4, 2.5),
                    rows: 20,
                    scanned_rows: 0,
                    pages: 8,
                    failed: false,
                });
            }
            for name in &self.commands {
                observer.command(&CommandRecord {
                    name,
                    queue_ns: noise.latency_ns(1e5, 2.5),
                    lock_ns: 0,
                    run_ns: noise.latency_ns(1e5, 2.0),
                    commit_ns: noise.latency_ns(1e6, 2.0),
                    batch: 4,
                    failed: false,
                });
            }
        }
        for metric in GAUGES {
            ground.monitor.set(metric, "", noise.unit() * 1e9);
        }
        for number in 0..20 {
            ground.monitor.log(line(ground.clock.now(), number));
        }
    }
}

fn line(at: UnixMs, number: u32) -> LogLine {
    LogLine {
        at,
        level: LogLevel::Warn,
        room: "http".to_owned(),
        message: "slow or failed request".to_owned(),
        code: Some("request.not_found".to_owned()),
        route: Some(format!("GET /api/noun/verb{number}")),
        status: Some(404),
        user_id: None,
        request_id: None,
        trace_id: None,
        fields: format!(
            "{{\"wall_ms\":{number},\"query_ms\":1,\"handler_ms\":2,\"unexplained_ms\":0}}"
        ),
    }
}
