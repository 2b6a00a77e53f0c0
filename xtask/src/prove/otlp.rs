//! The export under load: a real collector receives every sampled request, and what that costs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::load::{Shot, shoot};
use super::monitor_cost::{GENERATOR_CORE, SERVER_CORE, Side, USER};
use super::patients::environment;
use super::server::Setup;
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, people};
use crate::packages::{self, Occasion};
use crate::place;
use crate::shell::{Cmd, Running};

/// Where the receiver and its requirements lie.
const SOURCES: &str = "tests/otlp";
/// What the export of the default share may cost, times what none costs.
const GOAL: f64 = 1.05;
/// How long spans may be on their way after the load.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Python that reads OTLP by OpenTelemetry's own messages, and holds the collector.
///
/// # Errors
/// When Python, venv or the package index is out of reach.
pub fn python() -> Result<PathBuf> {
    environment("otlp/venv", &place::root().join(SOURCES).join("requirements.txt"))
}

/// Load with every request exported through a collector, and then CPU time a request, in turns.
///
/// # Errors
/// When a server or the collector does not start, or wrk fails.
pub fn run(ask: &Ask) -> Result<Outcome> {
    if ask.profile != "release" {
        bail!("figures of a development build mean nothing; run this without --debug");
    }
    packages::ensure(Occasion::Prove)?;
    if !ask.as_built {
        Cmd::cargo()
            .args(["build", "--locked", "--release", "--package", "galen", "--features", "otlp"])
            .dir(&place::root())
            .run()?;
    }
    let dir = ground::clear("otlp")?;
    let mut outcome = Outcome::default();
    received(ask, &dir, &mut outcome)?;
    cost(ask, &dir, &mut outcome)?;
    outcome.note("the collector is rotel (PyPI); behind it OpenTelemetry's Python messages count each span once; off is the same build without `monitor.otlp_endpoint`");
    Ok(outcome)
}

/// A collector and, behind it, who reads what it passes on.
struct Collector {
    _rotel: Running,
    _receiver: Running,
    port: u16,
    received: PathBuf,
}

impl Collector {
    fn start(dir: &Path) -> Result<Self> {
        let (python, received) = (python()?, dir.join("received"));
        let (port, grpc, behind) =
            (ground::free_port()?, ground::free_port()?, ground::free_port()?);
        let receiver = Cmd::new(&python)
            .arg(place::root().join(SOURCES).join("receiver.py"))
            .arg(behind.to_string())
            .arg(&received)
            .arg("brief")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .log_to(&dir.join("receiver.log"))?
            .spawn()?;
        let find =
            "import os, rotel; print(os.path.join(os.path.dirname(rotel.__file__), 'rotel-agent'))";
        let agent = Cmd::new(&python).args(["-c", find]).read()?;
        let rotel = Cmd::new(agent.trim())
            .args(["start", "--exporter", "otlp", "--otlp-exporter-protocol", "http"])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{port}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-exporter-endpoint", &format!("http://127.0.0.1:{behind}")])
            .arg("--pid-file")
            .arg(dir.join("rotel.pid"))
            .log_to(&dir.join("rotel.log"))?
            .spawn()?;
        for port in [behind, port] {
            listening(port)?;
        }
        Ok(Self { _rotel: rotel, _receiver: receiver, port, received })
    }

    /// The last word on something that was received.
    fn last(&self, key: &str) -> u64 {
        let text = std::fs::read_to_string(&self.received).unwrap_or_default();
        let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter_map(|line| line[key].as_u64()).next().unwrap_or(0)
    }
}

fn listening(port: u16) -> Result<()> {
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if began.elapsed() > PATIENCE {
            bail!("the collector does not listen on port {port}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn setup(ask: &Ask, dir: &Path, name: &str, export: Option<(u16, &str)>) -> Result<Setup> {
    let dir = dir.join(name);
    std::fs::create_dir_all(&dir)?;
    let mut setup = Setup::new(ask, &dir)?.without_limits().on_core(SERVER_CORE);
    if let Some((port, share)) = export {
        setup = setup
            .set("GALEN__MONITOR__OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}"))
            .set("GALEN__MONITOR__OTLP_SAMPLE", share)
            .set("GALEN__MONITOR__OTLP_EVERY", "1s");
    }
    people::add(&setup, USER, false)?;
    Ok(setup)
}

fn received(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let collector = Collector::start(dir)?;
    let metrics = ground::free_port()?;
    let setup = setup(ask, dir, "load", Some((collector.port, "1.0")))?
        .set("GALEN__MONITOR__METRICS_LISTEN", &format!("127.0.0.1:{metrics}"));
    let galen = setup.start()?;
    let session = people::login(&mut galen.client(), USER)?;
    let (url, headers) = (galen.url("/api/me"), [format!("Cookie: {}", session.cookie)]);
    let load = shoot(&Shot {
        url: &url,
        headers: &headers,
        script: None,
        connections: 50,
        seconds: if ask.quick { 3 } else { 20 },
        core: GENERATOR_CORE,
    })?;
    let began = Instant::now();
    let mut of = Client::new(metrics);
    let (exported, dropped) = loop {
        let (exported, dropped) = (spans(&mut of, "exported")?, spans(&mut of, "dropped")?);
        let is_all = (exported + dropped) as f64 >= load.requests;
        if (is_all && collector.last("different") >= exported) || began.elapsed() > PATIENCE {
            break (exported, dropped);
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let different = collector.last("different");
    outcome.add(Figure::new("requests under load", load.requests, "", Goal::AtLeast(1_000.0)));
    outcome.add(Figure::new("requests a second", load.per_second, "", Goal::Shown));
    let without = (load.requests - different as f64).max(0.0);
    outcome.add(
        Figure::new("requests without a span behind the collector", without, "", Goal::AtMost(0.0))
            .beside(format!("{different} different spans")),
    );
    outcome.add(Figure::count("spans dropped", dropped, Goal::AtMost(0.0)));
    let lost = exported.saturating_sub(different);
    outcome.add(Figure::count("spans exported and not received", lost, Goal::AtMost(0.0)));
    let told = collector.last("metrics");
    outcome.add(Figure::count("metrics received", told, Goal::AtLeast(20.0)));
    galen.stop()
}

/// What `/metrics` says of spans that came to this.
fn spans(client: &mut Client, outcome: &str) -> Result<u64> {
    let text = client.send(&Request::get("/metrics"))?.body;
    let series = format!("galen_otlp_spans_total{{outcome=\"{outcome}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value.map_or(Ok(0), |value| value.parse().context("/metrics has no number"))
}

fn cost(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let collector = Collector::start(&{
        let dir = dir.join("cost");
        std::fs::create_dir_all(&dir)?;
        dir
    })?;
    let cases = [
        ("a share of 0: only the offer", Some((collector.port, "0.0")), Goal::Shown),
        ("the default share, 0.1", Some((collector.port, "0.1")), Goal::AtMost(GOAL)),
        ("every request", Some((collector.port, "1.0")), Goal::Shown),
    ];
    let off = Side::start(setup(ask, dir, "off", None)?)?;
    for (nth, (name, export, goal)) in cases.into_iter().enumerate() {
        let on = Side::start(setup(ask, dir, &format!("on-{nth}"), export)?)?;
        let (mut ratios, mut on_us) = (Vec::new(), Vec::new());
        for pair in 0..ask.rounds_of(6, 1) {
            // Which one goes first alternates, so that a drift of the machine favours neither.
            let (each_on, each_off) = if pair % 2 == 0 {
                let each = on.cpu_us_per_request()?;
                (each, off.cpu_us_per_request()?)
            } else {
                let each = off.cpu_us_per_request()?;
                (on.cpu_us_per_request()?, each)
            };
            ratios.push(each_on / each_off);
            on_us.push(each_on);
        }
        let figure = Figure::new(
            format!("CPU time a request, {name}, on / off"),
            median(&ratios),
            "x",
            goal,
        );
        let whole = format!("{:.2} us a request, exporting included", median(&on_us));
        outcome.add(figure.spread(&ratios).beside(whole));
        on.stop()?;
    }
    off.stop()
}
