//! The requests of an examination: first looks, series, the ladder, and the held ones; all bounded.

use std::time::Duration;

use tokio::time::Instant;

use super::answers;
use super::burst;
use super::databases;
use super::growth;
use super::held::{self, Holding, Tools};
use super::http_client::{self, Exchange, Limits, Outcome, dial, ms};
use super::idle;
use super::ladder;
use super::paths;
use super::scene::{Address, Scene};
use super::series::Series;
use super::spread;
use crate::evidence::{FactKey, Source, object};
use crate::progress::Stage;

/// An endpoint slower than this is held and watched instead of being asked in series.
pub const SLOW_MS: f64 = 250.0;
/// All requests together normally end by then, counted from the start of the examination.
const BUDGET: Duration = Duration::from_secs(20);
/// No request goes on beyond this, counted the same; the probe's own deadline is later.
const LAST_REQUEST: Duration = Duration::from_secs(38);
/// One fast endpoint's series.
const SERIES_BUDGET: Duration = Duration::from_millis(2500);
/// Most slow endpoints that are held, the slowest first.
const HELD_MAX: usize = 3;
/// Slow requests that are watched of each endpoint, where there is time.
const HOLDS_WANTED: u32 = 2;
/// So many of the slowest are held once whatever the time; beside the slowest only those that answer
/// sooner than this, in milliseconds.
const OWED: usize = 2;
/// See [`OWED`].
const OWED_MS_MAX: f64 = 5_000.0;
/// Most requests held on one endpoint, quick ones included.
const HOLDS_MAX: u32 = 5;
/// After a held request that turned out quick, before the next.
const BETWEEN_HOLDS: Duration = Duration::from_millis(350);
/// A server that leaves so many first looks unanswered is not asked for further paths.
const UNANSWERED_MAX: u32 = 2;

/// One path and what is known of it.
pub struct Endpoint {
    /// The path, without the URL's prefix.
    pub path: String,
    /// Its first answer, which also warms it up.
    pub first: Exchange,
    /// Its figures.
    pub series: Series,
}

impl Endpoint {
    fn is_slow(&self) -> bool {
        self.first.total_ms >= SLOW_MS
    }
}

/// Measures every endpoint.
pub async fn run(scene: &Scene<'_>) {
    let Some(address) = scene.found().address else { return };
    if !connects(scene, &address).await {
        scene.missing(FactKey::HttpTotalMs, object::TARGET, "nothing accepts a connection");
        return;
    }
    let limits = limits(scene);
    scene.step(Stage::Probe, "choosing paths");
    let chosen =
        paths::choose(scene, &address, Limits { deadline: limits.deadline / 2, ..limits }).await;
    let mut endpoints = first_looks(scene, &address, &chosen, limits).await;
    if !chosen.given {
        keep_existing(&mut endpoints);
    }
    let names: Vec<String> = endpoints.iter().map(|one| one.path.clone()).collect();
    paths::publish(scene, &names, chosen.given);
    databases::look_again(scene);
    series_of_fast(scene, &address, &mut endpoints, limits).await;
    ladder::climb(scene, &address, &endpoints, limits).await;
    growth::measure(scene, &address, &endpoints, limits).await;
    let control = control_of(&endpoints);
    idle::run(scene).await;
    let tools = Tools { address: &address, limits, control: control.as_deref() };
    hold_slow(scene, &mut endpoints, &tools).await;
    for endpoint in &endpoints {
        endpoint.series.publish(scene, &endpoint.path, 1);
    }
}

/// The limits of one request.
pub fn limits(scene: &Scene<'_>) -> Limits {
    let caps = scene.target.caps;
    Limits {
        deadline: caps.request_deadline,
        until: Instant::now() + scene.left_of(LAST_REQUEST),
        body_bytes_max: caps.body_bytes_max,
    }
}

/// What is left for requests.
pub fn left(scene: &Scene<'_>) -> Duration {
    scene.left_of(BUDGET)
}

/// Whether any address of the name accepts, with the outcome of each as a fact.
async fn connects(scene: &Scene<'_>, address: &Address) -> bool {
    let mut any = false;
    let order: Vec<String> = address.all.iter().map(ToString::to_string).collect();
    let source = Source::new("http", "getaddrinfo(3)", "getent ahosts NAME");
    scene.fact(FactKey::AddressOrder, object::TARGET, order, &source);
    for one in &address.all {
        let started = Instant::now();
        let deadline = started + limits(scene).deadline.min(Duration::from_secs(4));
        let alone = Address { socket: *one, ..address.clone() };
        let outcome = match dial(&alone, None, deadline).await {
            Ok(_) => "accepted".to_owned(),
            Err(outcome) => outcome.label(),
        };
        any |= outcome == "accepted";
        let source = Source::new(
            "http",
            format!("TCP connect to {one}"),
            format!("nc -zv {} {}", one.ip(), one.port()),
        );
        scene.fact(FactKey::ConnectOutcome, one.to_string(), outcome, &source);
        scene.fact(FactKey::ConnectMs, one.to_string(), vec![since_ms(started)], &source);
    }
    any
}

/// Asks every path once, one after the other, so that a slow one slows no other.
async fn first_looks(
    scene: &Scene<'_>,
    address: &Address,
    chosen: &paths::Chosen,
    limits: Limits,
) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    let mut unanswered = 0;
    let mut skews = Vec::new();
    for path in &chosen.paths {
        if unanswered >= UNANSWERED_MAX || left(scene) < limits.deadline / 4 {
            scene.missing(FactKey::HttpTotalMs, path, "no time was left for this path");
            continue;
        }
        scene.step(Stage::Probe, path);
        // Behind a request that was never answered, the next is not waited for as long: that it is slow
        // shows sooner, and how slow it is, when it is held.
        let patience = if unanswered == 0 { limits.deadline } else { limits.deadline / 3 };
        let limits = Limits { deadline: patience, ..limits };
        let first = http_client::get(address, &full(address, path), limits).await;
        answers::publish(scene, path, &first);
        unanswered += u32::from(first.outcome == Outcome::Timeout);
        skews.extend(first.date_ms.map(|date| (date - scene.now().0) as f64));
        if let (true, Some(server)) = (endpoints.is_empty(), &first.server) {
            let source = Source::new("http", format!("GET {path}"), format!("curl -sI BASE{path}"));
            scene.fact(FactKey::HttpServerHeader, object::TARGET, server.clone(), &source);
        }
        let mut series = Series::default();
        // A quick first answer only warms up; a slow one is one of few measurements and counts.
        if first.total_ms >= SLOW_MS || first.outcome.is_error() {
            series.add(&first);
        }
        endpoints.push(Endpoint { path: path.clone(), first, series });
    }
    if !skews.is_empty() {
        let source =
            Source::new("http", "the Date headers, and our clock", "curl -sI BASE; date -u");
        scene.fact(FactKey::HttpDateSkewMs, object::TARGET, skews, &source);
    }
    endpoints
}

/// Drops paths that do not exist; keeps one of them when there is nothing else.
fn keep_existing(endpoints: &mut Vec<Endpoint>) {
    let exists =
        |endpoint: &Endpoint| !matches!(endpoint.first.outcome, Outcome::Status(404 | 405));
    if endpoints.iter().any(exists) {
        endpoints.retain(exists);
    } else {
        endpoints.truncate(1);
    }
}

async fn series_of_fast(
    scene: &Scene<'_>,
    address: &Address,
    endpoints: &mut [Endpoint],
    limits: Limits,
) {
    let wanted = scene.target.caps.requests_per_endpoint as usize;
    for endpoint in endpoints.iter_mut().filter(|endpoint| !endpoint.is_slow()) {
        scene.step(Stage::Probe, &endpoint.path);
        let begun = Instant::now();
        let path = full(address, &endpoint.path);
        let in_time = |begun: Instant| begun.elapsed() < SERIES_BUDGET && !left(scene).is_zero();
        while endpoint.series.n() < wanted && in_time(begun) {
            endpoint.series.add(&http_client::get(address, &path, limits).await);
        }
        keep_alive(address, endpoint, (&path, wanted), limits).await;
    }
}

/// The same requests on one open connection; a server that closes it ends the series.
async fn keep_alive(
    address: &Address,
    endpoint: &mut Endpoint,
    (path, wanted): (&str, usize),
    limits: Limits,
) {
    let begun = Instant::now();
    let Ok((mut connection, _)) = dial(address, None, limits.end(begun)).await else {
        return;
    };
    for _ in 0..wanted {
        if begun.elapsed() > SERIES_BUDGET || !connection.is_open().await {
            break;
        }
        let exchange = connection.request(path, limits).await;
        if exchange.outcome == Outcome::Closed {
            // Closing an idle connection is a server's right, and no failed request.
            break;
        }
        endpoint.series.add_kept(&exchange);
    }
}

/// The fastest endpoint that answers well.
fn control_of(endpoints: &[Endpoint]) -> Option<String> {
    endpoints
        .iter()
        .filter(|endpoint| !endpoint.is_slow() && !endpoint.first.outcome.is_error())
        .min_by(|a, b| median(a).total_cmp(&median(b)))
        .map(|endpoint| endpoint.path.clone())
}

fn median(endpoint: &Endpoint) -> f64 {
    endpoint.series.median_ms().unwrap_or(endpoint.first.total_ms)
}

/// Holds the slow endpoints; without one, the slowest of the fast, to see the server at work.
async fn hold_slow(scene: &Scene<'_>, endpoints: &mut [Endpoint], tools: &Tools<'_>) {
    let mut order: Vec<usize> = (0..endpoints.len()).collect();
    order.sort_by(|a, b| median(&endpoints[*b]).total_cmp(&median(&endpoints[*a])));
    let slow: Vec<usize> = order
        .iter()
        .copied()
        .filter(|at| median(&endpoints[*at]) >= SLOW_MS)
        .take(HELD_MAX)
        .collect();
    if slow.is_empty() {
        let Some(slowest) = order.first() else { return };
        let path = endpoints[*slowest].path.clone();
        let mut holding = Holding::default();
        held::hold_fast(scene, &path, tools, &mut holding).await;
        holding.publish(scene, &path, None, true);
        return;
    }
    let mut holdings: Vec<Holding> = slow.iter().map(|_| Holding::default()).collect();
    // Each is held once before any is held again: what was never watched cannot be explained.
    for wanted in [1, HOLDS_WANTED] {
        for (rank, (at, holding)) in slow.iter().zip(&mut holdings).enumerate() {
            let endpoint = &mut endpoints[*at];
            scene.step(Stage::Probe, &format!("holding {}", endpoint.path));
            let answers = endpoint.first.outcome != Outcome::Timeout;
            let brief = answers && median(endpoint) < OWED_MS_MAX;
            let owed = rank == 0 || (rank < OWED && brief);
            hold_until(scene, endpoint, tools, (holding, wanted, owed)).await;
        }
    }
    for (rank, (at, holding)) in slow.iter().zip(holdings).enumerate() {
        let endpoint = &mut endpoints[*at];
        holding.publish(scene, &endpoint.path, tools.control, rank == 0);
        if holding.only_waits() {
            burst::measure(scene, tools.address, endpoint, tools.limits).await;
            spread::measure(scene, tools.address, endpoint, tools.limits).await;
        } else {
            let reason = "its requests keep a thread or a CPU busy, so that a burst is a burden";
            scene.missing(FactKey::BurstMs, &endpoint.path, reason);
            ladder::fill(scene, tools.address, endpoint, tools.limits).await;
        }
    }
}

/// Holds until so many slow requests were watched: two, because one coincidence proves nothing and two
/// do. An endpoint that is slow only at times is tried a few times more.
async fn hold_until(
    scene: &Scene<'_>,
    endpoint: &mut Endpoint,
    tools: &Tools<'_>,
    (holding, wanted, owed): (&mut Holding, u32, bool),
) {
    while holding.slow < wanted && holding.attempts < HOLDS_MAX {
        let expected = Duration::from_secs_f64(median(endpoint) / 1000.0);
        // One request of each of the slowest is held whatever the time: without it nothing is seen.
        if left(scene) < expected && !(owed && holding.attempts == 0) {
            return;
        }
        holding.attempts += 1;
        match held::hold(scene, &endpoint.path, tools, holding).await {
            Some(exchange) if exchange.total_ms >= SLOW_MS => {
                holding.slow += 1;
                endpoint.series.add(&exchange);
            }
            Some(exchange) => {
                endpoint.series.add(&exchange);
                tokio::time::sleep(BETWEEN_HOLDS).await;
            }
            None => {
                scene.missing(
                    FactKey::RoomInHandler,
                    &endpoint.path,
                    "no local port for a held request",
                );
                return;
            }
        }
    }
}

/// The path with the URL's prefix.
pub fn full(address: &Address, path: &str) -> String {
    format!("{}{path}", address.prefix)
}

/// How long a set of requests took, in milliseconds.
pub fn since_ms(begun: Instant) -> f64 {
    ms(begun.elapsed())
}
