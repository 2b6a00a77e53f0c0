//! One request is held while everything that can be seen from outside is looked at: the tracer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::http_client::{self, Exchange, Limits, Outcome, bound_socket, dial, ms};
use super::peer_facts;
use super::postgres;
use super::rooms::{RoomWatch, RoomsSeen};
use super::scene::{Address, Scene};
use super::watch::{self, Plan, Seen};
use super::windows;
use crate::evidence::object::{Lock, Window};
use crate::evidence::{FactKey, Source};

/// A request that is still outstanding after this is joined by a control request.
const CONTROL_AFTER: Duration = Duration::from_millis(150);
/// A control request that takes a greater share of the held time was itself held up.
const CONTROL_SHARE_MAX: f64 = 0.2;
/// A server that uses more of a CPU than this while a request is held works on it.
const CPU_SHARE_MAX: f64 = 0.3;
/// A request shorter than this is over before its socket is looked at, which is no gap.
const SEEN_MS_MIN: f64 = 50.0;
/// A fast endpoint is asked again and again for this long, so that the window is worth watching.
const FAST_WINDOW: Duration = Duration::from_millis(400);

/// What the windows over one path saw, added up.
#[derive(Default)]
pub struct Holding {
    /// Requests held so far.
    pub attempts: u32,
    /// Those of them that were slow.
    pub slow: u32,
    rooms: RoomsSeen,
    control_rooms: RoomsSeen,
    control_ms: Vec<f64>,
    held_ms: Vec<f64>,
    outcome: Option<Outcome>,
    owner: Option<u32>,
    released: BTreeMap<(String, Lock), Vec<f64>>,
    left_wait: BTreeMap<(u32, u32), Vec<f64>>,
    left_peer: BTreeMap<SocketAddr, Vec<f64>>,
    postgres: postgres::watch::Seen,
    seen: Seen,
}

/// What a holding needs besides the path.
pub struct Tools<'a> {
    /// Where requests go.
    pub address: &'a Address,
    /// Limits of each request.
    pub limits: Limits,
    /// The fastest endpoint, which shows whether the whole server stands still.
    pub control: Option<&'a str>,
}

/// Sends one request to `path` and watches until it is answered. Gives its exchange, unless no
/// connection could be prepared.
pub async fn hold(
    scene: &Scene<'_>,
    path: &str,
    tools: &Tools<'_>,
    holding: &mut Holding,
) -> Option<Exchange> {
    let (socket, own) = bound_socket(tools.address).ok()?;
    let control = tools.control.filter(|control| *control != path).and_then(|control| {
        let (socket, own) = bound_socket(tools.address).ok()?;
        Some((control, socket, own))
    });
    let pids = scene.found().pids;
    let server = tools.address.socket;
    let mut rooms = vec![RoomWatch::begin(server, own, pids.clone())];
    rooms.extend(control.as_ref().map(|(_, _, own)| RoomWatch::begin(server, *own, pids)));
    let window = watch::begin(Plan::of(scene, rooms));
    let database = postgres::watch::begin(scene);
    let started = Instant::now();
    let sending = send(socket, path, tools, started);
    let controlling = async {
        let (path, socket, _) = control?;
        tokio::time::sleep(CONTROL_AFTER).await;
        let started = Instant::now();
        Some((started, send(socket, path, tools, started).await))
    };
    let (exchange, answered) = race(sending, controlling).await;
    if let Some(database) = database {
        database.end((started, exchange.ended), &mut holding.postgres).await;
    }
    let mut seen = window.end().await;
    let mut rooms = std::mem::take(&mut seen.rooms).into_iter();
    if let Some(room) = rooms.next() {
        holding.rooms =
            holding.rooms.plus(room.end(started, exchange.first_byte_at, exchange.ended));
        holding.owner = holding.owner.or(room.owner);
    }
    if let (Some((begun, control)), Some(room)) = (answered, rooms.next()) {
        holding.control_ms.push(control.total_ms);
        holding.control_rooms =
            holding.control_rooms.plus(room.end(begun, control.first_byte_at, control.ended));
    }
    holding.note_releases(&seen, started, exchange.ended);
    holding.held_ms.push(exchange.total_ms);
    holding.outcome = Some(exchange.outcome);
    holding.seen.absorb(seen);
    Some(exchange)
}

/// Asks a fast endpoint again and again within one window.
pub async fn hold_fast(scene: &Scene<'_>, path: &str, tools: &Tools<'_>, holding: &mut Holding) {
    let window = watch::begin(Plan::of(scene, Vec::new()));
    let started = Instant::now();
    let full = tools.address.prefix.clone() + path;
    while started.elapsed() < FAST_WINDOW {
        let exchange = http_client::get(tools.address, &full, tools.limits).await;
        holding.held_ms.push(exchange.total_ms);
        holding.outcome = Some(exchange.outcome);
    }
    holding.seen.absorb(window.end().await);
}

async fn send(
    socket: tokio::net::TcpSocket,
    path: &str,
    tools: &Tools<'_>,
    started: Instant,
) -> Exchange {
    let full = tools.address.prefix.clone() + path;
    match dial(tools.address, Some(socket), tools.limits.end(started)).await {
        Ok((mut connection, connect_ms)) => {
            let mut exchange = connection.exchange(&full, tools.limits, started).await;
            exchange.connect_ms = Some(connect_ms);
            exchange
        }
        Err(outcome) => Exchange::failed(outcome, started),
    }
}

/// Runs both; when the held request is answered before the control was even sent, the control is
/// dropped, and otherwise it is waited for.
async fn race<C>(
    held: impl Future<Output = Exchange>,
    control: impl Future<Output = Option<C>>,
) -> (Exchange, Option<C>) {
    let mut held = std::pin::pin!(held);
    let mut control = std::pin::pin!(control);
    let begun = Instant::now();
    tokio::select! {
        exchange = &mut held => {
            let was_sent = begun.elapsed() > CONTROL_AFTER;
            (exchange, if was_sent { control.await } else { None })
        }
        answered = &mut control => (held.await, answered),
    }
}

impl Holding {
    /// Whether the endpoint was seen to wait without holding up the server or using the CPU, so
    /// that several such requests at once burden nobody.
    pub fn only_waits(&self) -> bool {
        let held_ms: f64 = self.held_ms.iter().sum();
        let control_ms: f64 = self.control_ms.iter().sum();
        let cpu_ns: u64 = self.seen.processes.values().map(|process| process.counters.cpu_ns).sum();
        let cpu_share = cpu_ns as f64 / self.seen.window.as_nanos().max(1) as f64;
        !self.control_ms.is_empty()
            && control_ms < held_ms * CONTROL_SHARE_MAX
            && cpu_share < CPU_SHARE_MAX
    }

    /// The last release of each lock, and the last look at a thread in its wait, before the answer:
    /// coincidences to be judged.
    fn note_releases(&mut self, seen: &Seen, started: Instant, ended: Instant) {
        for (pid, process) in &seen.processes {
            for (tid, thread) in &process.threads {
                let last = thread.last_in_its_wait().filter(|at| (started..=ended).contains(at));
                if let Some(last) = last {
                    self.left_wait.entry((*pid, *tid)).or_default().push(ms(ended - last));
                }
            }
        }
        for (peer, one) in &seen.peers.peers {
            let last = one.last_outstanding.filter(|at| (started..=ended).contains(at));
            if let Some(last) = last {
                self.left_peer.entry(*peer).or_default().push(ms(ended - last));
            }
        }
        for locks in &seen.locks {
            for (lock, one) in &locks.seen {
                if let Some(last) =
                    one.released.iter().filter(|at| (started..ended).contains(at)).max()
                {
                    let key = (windows::database_object(&locks.database), *lock);
                    self.released.entry(key).or_default().push(ms(ended - *last));
                }
            }
        }
    }

    /// Publishes all of it; locks only when `with_locks`, because a lock's facts name no window.
    pub fn publish(&self, scene: &Scene<'_>, path: &str, control: Option<&str>, with_locks: bool) {
        self.publish_rooms(scene, path);
        self.publish_control(scene, path, control);
        let window = Window::Held(path.to_owned());
        windows::publish(scene, &window, &self.seen);
        windows::publish_releases(scene, &window, &self.left_wait);
        let conversations = (&self.seen.peers, &self.left_peer);
        peer_facts::publish_held(scene, path, self.held_ms.len() as u64, conversations);
        self.postgres.publish(scene, path);
        if with_locks {
            windows::publish_locks(scene, &self.seen.locks, &self.released);
        }
    }

    fn publish_rooms(&self, scene: &Scene<'_>, path: &str) {
        let source = rooms_source();
        let n = self.rooms.total();
        if n > 0 {
            for (key, looks) in [
                (FactKey::RoomNotEstablished, self.rooms.not_established),
                (FactKey::RoomAcceptQueue, self.rooms.accept_queue),
                (FactKey::RoomUnread, self.rooms.unread),
                (FactKey::RoomInHandler, self.rooms.in_handler),
                (FactKey::RoomWriting, self.rooms.writing),
            ] {
                scene.fact_over(n, (key, path), looks, &source);
            }
            let watched_ms: f64 = self.held_ms.iter().sum();
            scene.fact_over(
                n,
                (FactKey::HeldSampleIntervalMs, path),
                watched_ms / n as f64,
                &source,
            );
        } else if self.held_ms.iter().any(|ms| *ms >= SEEN_MS_MIN) {
            scene.missing(
                FactKey::RoomInHandler,
                path,
                "the server's side of the connection was not seen",
            );
        }
        if let Some(last) = self.held_ms.iter().copied().reduce(f64::max) {
            let request = Source::new(
                "held_request",
                format!("GET {path}, watched"),
                format!("curl -w '%{{time_total}}' {path}"),
            );
            scene.fact(FactKey::HeldRequestMs, path, last, &request);
            scene.fact(
                FactKey::HeldRequestOutcome,
                path,
                self.outcome.map(Outcome::label).unwrap_or_default(),
                &request,
            );
        }
        if let Some(owner) = self.owner {
            scene.fact(FactKey::HeldServerPid, path, owner, &source);
        }
    }

    fn publish_control(&self, scene: &Scene<'_>, path: &str, control: Option<&str>) {
        let Some(control) = control.filter(|_| !self.control_ms.is_empty()) else { return };
        let source = Source::new(
            "held_request",
            format!(
                "GET {control}, sent {} ms after GET {path}, while that was outstanding",
                CONTROL_AFTER.as_millis()
            ),
            format!("curl {path} & sleep 0.15; curl -w '%{{time_total}}' {control}"),
        );
        scene.fact(FactKey::HeldControlPath, path, control, &source);
        scene.fact(FactKey::HeldControlMs, path, self.control_ms.clone(), &source);
        let n = self.control_rooms.total();
        if n > 0 {
            scene.fact_over(
                n,
                (FactKey::HeldControlAcceptQueue, path),
                self.control_rooms.accept_queue,
                &rooms_source(),
            );
            let unread = self.control_rooms.unread;
            scene.fact_over(n, (FactKey::HeldControlUnread, path), unread, &rooms_source());
        }
    }
}

fn rooms_source() -> Source {
    Source::new(
        "waiting_rooms",
        "NETLINK_SOCK_DIAG, exact look-up of the server's side of our connection",
        "ss -tnpe 'sport = :PORT'",
    )
}
