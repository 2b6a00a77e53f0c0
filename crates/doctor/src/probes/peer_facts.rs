//! Turns the server's conversations into facts, and asks fast endpoints for their round trips.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::census::Census;
use super::http;
use super::http_client::{self, Outcome, ms};
use super::peers::{PeerSeen, PeerWatch, PeersSeen};
use super::scene::{Address, Scene};
use super::sock_diag::{self, SockDiag};
use crate::evidence::{FactKey, Source, object};
use crate::progress::Stage;

/// Requests to each endpoint whose round trips are counted.
const REQUESTS: u32 = 3;
/// How long the background is watched before them, and each request at most counts for.
const BACKGROUND: Duration = Duration::from_millis(300);
/// Most endpoints asked.
const ENDPOINTS_MAX: usize = 8;
/// Our own question to a peer takes no longer.
const QUESTION_DEADLINE: Duration = Duration::from_millis(1_500);
/// Most peers asked.
const PEERS_ASKED_MAX: usize = 4;
/// Questions to each.
const QUESTIONS: usize = 2;

/// What a peer is, by the program that listens there or by its port: (kind, programs, ports).
const KINDS: &[(&str, &[&str], &[u16])] = &[
    ("postgresql", &["postgres", "pgbouncer"], &[5432, 6432]),
    ("mysql", &["mysqld", "mariadbd"], &[3306]),
    ("mongodb", &["mongod"], &[27017]),
    ("redis", &["redis-server", "valkey-server", "redis-check-rdb"], &[6379, 6380]),
    ("nats", &["nats-server"], &[4222]),
];

fn source(what: &str) -> Source {
    Source::new(
        "peers",
        format!("NETLINK_SOCK_DIAG with INET_DIAG_INFO: {what} of the server's sockets"),
        "ss -tnpi",
    )
}

/// Publishes what a held request's windows saw; `released` are times from the last look that saw a
/// question unanswered to the answer.
pub fn publish_held(
    scene: &Scene<'_>,
    path: &str,
    requests: u64,
    (seen, released): (&PeersSeen, &BTreeMap<SocketAddr, Vec<f64>>),
) {
    if seen.looks == 0 {
        scene.missing(FactKey::PeerOutstanding, path, "the kernel told of no conversations");
        return;
    }
    let waits: BTreeMap<String, u64> = seen
        .peers
        .iter()
        .filter(|(_, peer)| peer.outstanding > 0)
        .map(|(peer, one)| (peer.to_string(), one.outstanding))
        .collect();
    let unanswered = source("last sent after last received");
    scene.fact_over(seen.looks, (FactKey::PeerOutstanding, path), waits, &unanswered);
    for (peer, samples) in released {
        let name = object::toward(path, &peer.to_string());
        scene.fact(FactKey::PeerReleaseToResponseMs, name, samples.clone(), &unanswered);
    }
    publish_segments(scene, path, requests, (&seen.peers, &BTreeMap::new()));
    let clients = |pick: fn(&super::peers::ClientsSeen) -> u64| -> Vec<f64> {
        seen.clients.iter().map(|one| pick(one) as f64).collect()
    };
    let of_clients = source("those with the served port as their own");
    for (key, samples) in [
        (FactKey::ClientsOpen, clients(|one| one.open)),
        (FactKey::ClientStreams, clients(|one| one.streams)),
        (FactKey::ClientsAbandoned, clients(|one| one.abandoned)),
    ] {
        scene.fact(key, object::TARGET, samples, &of_clients);
    }
}

fn publish_segments(
    scene: &Scene<'_>,
    path: &str,
    requests: u64,
    (peers, background): (&BTreeMap<SocketAddr, PeerSeen>, &BTreeMap<SocketAddr, f64>),
) {
    let counted = source("data_segs_out");
    for (peer, seen) in peers.iter().filter(|(_, seen)| seen.segments > 0) {
        let name = object::toward(path, &peer.to_string());
        let quiet = background.get(peer).copied().unwrap_or(0.0);
        let each = ((seen.segments as f64 - quiet) / requests.max(1) as f64).max(0.0);
        scene.fact_over(requests, (FactKey::PeerSegments, &name), each, &counted);
    }
}

/// Counts the round trips of fast endpoints, and asks the peers that were met.
pub async fn run(scene: &Scene<'_>) {
    let found = scene.found();
    let Some(address) = found.address.clone().filter(|one| one.local) else { return };
    if found.pids.is_empty() {
        return;
    }
    let met = met(scene, &address);
    let names: Vec<String> = met.iter().map(SocketAddr::to_string).collect();
    scene.fact(FactKey::PeersMet, object::TARGET, names, &source("the remote addresses"));
    if met.is_empty() {
        return;
    }
    scene.step(Stage::Probe, "round trips");
    let census = Census::take();
    for peer in &met {
        scene.fact(FactKey::PeerKind, peer.to_string(), kind(&census, *peer), &kind_source(*peer));
    }
    for path in fast_paths(scene) {
        count(scene, &address, &path).await;
    }
    for peer in met.iter().take(PEERS_ASKED_MAX) {
        ask(scene, *peer, kind(&census, *peer)).await;
    }
}

/// The peers of the windows so far, and those of a look now.
fn met(scene: &Scene<'_>, address: &Address) -> Vec<SocketAddr> {
    let mut met: Vec<SocketAddr> = scene
        .collector
        .so_far(FactKey::PeerSegments)
        .iter()
        .filter_map(|draft| object::parse_toward(&draft.object)?.1.parse().ok())
        .collect();
    let now = PeerWatch::begin(scene.found().pids, Some(address.socket)).end();
    met.extend(now.peers.into_keys());
    met.sort_unstable();
    met.dedup();
    met
}

fn kind(census: &Census, peer: SocketAddr) -> &'static str {
    let programs: Vec<String> = SockDiag::open()
        .and_then(|mut diag| diag.listeners())
        .unwrap_or_default()
        .into_iter()
        .filter(|listener| sock_diag::covers(listener.local, peer))
        .flat_map(|listener| census.owners_of(u64::from(listener.inode)))
        .filter_map(|pid| census.get(pid)?.exe.as_ref()?.file_name()?.to_str().map(str::to_owned))
        .collect();
    let by_program = KINDS
        .iter()
        .find(|(_, known, _)| programs.iter().any(|program| known.contains(&program.as_str())));
    // A port says what a peer is only where its program cannot be seen.
    let by_port =
        KINDS.iter().find(|(_, _, ports)| programs.is_empty() && ports.contains(&peer.port()));
    by_program.or(by_port).map_or("upstream", |(kind, ..)| *kind)
}

fn kind_source(peer: SocketAddr) -> Source {
    Source::new(
        "peers",
        format!("the program that listens on {peer}, or its port"),
        format!("ss -ltnp 'sport = :{}'", peer.port()),
    )
}

/// The examined paths that were not held: fast ones.
fn fast_paths(scene: &Scene<'_>) -> Vec<String> {
    let held: Vec<String> = scene
        .collector
        .so_far(FactKey::PeerOutstanding)
        .into_iter()
        .map(|draft| draft.object)
        .collect();
    let mut fast: Vec<String> = scene
        .collector
        .so_far(FactKey::HttpTotalMs)
        .into_iter()
        .filter(|draft| object::parse_endpoint(&draft.object).1 == 1)
        .filter(|draft| draft.value.number().is_some_and(|median| median < http::SLOW_MS))
        .map(|draft| draft.object)
        .filter(|path| !held.contains(path))
        .collect();
    fast.truncate(ENDPOINTS_MAX);
    fast
}

/// The segments of a few requests to one endpoint, less those of the same time without any.
async fn count(scene: &Scene<'_>, address: &Address, path: &str) {
    let full = http::full(address, path);
    let limits = http::limits(scene);
    let background = window(scene, address, tokio::time::sleep(BACKGROUND)).await;
    let begun = Instant::now();
    let asking = async {
        for _ in 0..REQUESTS {
            http_client::get(address, &full, limits).await;
        }
    };
    let Some(seen) = window(scene, address, asking).await else { return };
    let longer = begun.elapsed().as_secs_f64() / BACKGROUND.as_secs_f64();
    let quiet = background.map(|seen| seen.peers).unwrap_or_default();
    let quiet = quiet.into_iter().map(|(peer, one)| (peer, one.segments as f64 * longer)).collect();
    publish_segments(scene, path, u64::from(REQUESTS), (&seen.peers, &quiet));
}

/// What is seen of the conversations while something is done.
async fn window(
    scene: &Scene<'_>,
    address: &Address,
    work: impl Future<Output = ()>,
) -> Option<PeersSeen> {
    let mut diag = SockDiag::open().ok()?;
    let mut watch = PeerWatch::begin(scene.found().pids, Some(address.socket));
    let mut work = std::pin::pin!(work);
    while timeout(Duration::from_millis(10), work.as_mut()).await.is_err() {
        watch.look(&mut diag);
    }
    watch.look_now(&mut diag);
    Some(watch.end())
}

/// Our own question to a peer of this machine, a few times: whether it answers anybody at once.
async fn ask(scene: &Scene<'_>, peer: SocketAddr, kind: &str) {
    if !peer.ip().is_loopback() {
        return;
    }
    let mut took_ms = Vec::new();
    let mut outcome = "answered".to_owned();
    for _ in 0..QUESTIONS {
        let begun = Instant::now();
        match timeout(QUESTION_DEADLINE, question(peer, kind)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => outcome = http_client::of_io(&error).label(),
            Err(_) => outcome = Outcome::Timeout.label(),
        }
        took_ms.push(ms(begun.elapsed()));
    }
    let (what, repeat) = match kind {
        "redis" => ("PING", format!("redis-cli -h {} -p {} PING", peer.ip(), peer.port())),
        "nats" => ("the greeting of NATS", format!("nc {} {}", peer.ip(), peer.port())),
        _ => ("a TCP connect", format!("nc -zv {} {}", peer.ip(), peer.port())),
    };
    let asked = Source::new("peers", format!("our own question to {peer}: {what}"), repeat);
    scene.fact(FactKey::PeerProbeMs, peer.to_string(), took_ms, &asked);
    scene.fact(FactKey::PeerProbeOutcome, peer.to_string(), outcome, &asked);
}

/// A connect, and for Redis and NATS the first words of their protocols, which change nothing.
async fn question(peer: SocketAddr, kind: &str) -> std::io::Result<()> {
    let mut stream = tokio::net::TcpStream::connect(peer).await?;
    if kind == "redis" {
        stream.write_all(b"PING\r\n").await?;
    }
    if matches!(kind, "redis" | "nats") {
        let mut first = [0; 1];
        stream.read_exact(&mut first).await?;
    }
    Ok(())
}
