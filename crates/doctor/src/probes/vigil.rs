//! What is watched through the whole examination: who serves, who never runs, whom they connect to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use procfs::process::Process;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::census::Census;
use super::descriptors;
use super::http_client::ms;
use super::kernel::{self, Kernel};
use super::limits::Limits;
use super::scene::Scene;
use super::sock_diag::{self, SockDiag};
use super::still::Still;
use crate::evidence::{FactKey, Source, object};

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// Sockets are listed only while the machine has fewer than this.
const SOCKETS_MAX: usize = 2_000;
/// TCP state number of a connection that was asked for and not answered (tcp_states.h).
const TCP_SYN_SENT: u8 = 2;
/// A census is taken again at most so often.
const CENSUS_EVERY: Duration = Duration::from_secs(1);
/// Most processes and peers followed.
const FOLLOWED_MAX: usize = 64;

/// An open vigil.
pub struct Vigil {
    stop: Arc<AtomicBool>,
    watching: JoinHandle<Seen>,
    kernel: Kernel,
    limits: Option<Limits>,
}

/// What the looks saw.
struct Seen {
    server: Option<SocketAddr>,
    looks: u64,
    servers: Vec<Server>,
    syn_sent: BTreeMap<u32, BTreeMap<String, u64>>,
    outbound: BTreeMap<u32, BTreeMap<String, u64>>,
    still: Still,
    census_at: Instant,
    listeners: BTreeSet<u32>,
}

/// One process that serves, named for ever by its PID and its start.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Server {
    pid: u32,
    start_ticks: u64,
    lived_ms: Option<f64>,
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Begins once the serving processes are known.
pub fn begin(scene: &Scene<'_>) -> Vigil {
    let found = scene.found();
    let stop = Arc::new(AtomicBool::new(false));
    let mut seen = Seen {
        server: found.address.filter(|address| address.local).map(|address| address.socket),
        looks: 0,
        servers: found.pids.iter().filter_map(|pid| server(*pid)).collect(),
        syn_sent: BTreeMap::new(),
        outbound: BTreeMap::new(),
        still: Still::default(),
        census_at: Instant::now(),
        listeners: BTreeSet::new(),
    };
    let stopped = Arc::clone(&stop);
    let watching = tokio::task::spawn_blocking(move || {
        let mut diag = SockDiag::open().ok();
        while !stopped.load(Ordering::Relaxed) {
            seen.look(diag.as_mut());
            std::thread::sleep(INTERVAL);
        }
        seen
    });
    Vigil {
        stop,
        watching,
        kernel: Kernel::read(found.pid),
        limits: found.pid.and_then(Limits::read),
    }
}

impl Vigil {
    /// Ends it and publishes what was seen.
    pub async fn finish(mut self, scene: &Scene<'_>) {
        self.stop.store(true, Ordering::Relaxed);
        let pid = scene.found().pid;
        kernel::publish(scene, &self.kernel, &Kernel::read(pid));
        if let Some((pid, limits)) = pid.zip(self.limits.take()) {
            limits.publish(scene, pid);
        }
        // The thread that watched cannot end otherwise than with what it saw.
        let Ok(seen) = (&mut self.watching).await else { return };
        seen.publish(scene);
    }
}

fn server(pid: u32) -> Option<Server> {
    let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
    (stat.state != 'Z').then_some(Server { pid, start_ticks: stat.starttime, lived_ms: None })
}

/// The age of a process that started then, in milliseconds.
fn age_ms(start_ticks: u64) -> Option<f64> {
    let uptime = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let now_ms = uptime.tv_sec as f64 * 1000.0 + uptime.tv_nsec as f64 / 1e6;
    let ticks = rustix::param::clock_ticks_per_second().max(1) as f64;
    Some(now_ms - start_ticks as f64 * 1000.0 / ticks).filter(|age| *age >= 0.0)
}

impl Seen {
    fn look(&mut self, diag: Option<&mut SockDiag>) {
        self.looks += 1;
        let mut changed = false;
        for one in self.servers.iter_mut().filter(|one| one.lived_ms.is_none()) {
            if server(one.pid).is_none_or(|now| now.start_ticks != one.start_ticks) {
                one.lived_ms = age_ms(one.start_ticks);
                changed = true;
            }
        }
        if let Some(diag) = diag {
            changed |= self.look_at_listeners(diag);
            self.look_at_peers(diag);
        }
        if changed || self.seeks() {
            self.look_for_servers();
        }
        let pids: Vec<u32> = self.alive().collect();
        self.still.look(&pids);
    }

    /// Whether successors are looked for: nobody serves, or somebody ended. A pre-fork parent serves on
    /// and starts the next worker a moment after the last one ended, when no change is seen any more.
    fn seeks(&self) -> bool {
        self.alive().next().is_none() || self.servers.iter().any(|one| one.lived_ms.is_some())
    }

    fn alive(&self) -> impl Iterator<Item = u32> {
        self.servers.iter().filter(|one| one.lived_ms.is_none()).map(|one| one.pid)
    }

    /// Whether another socket listens at the address than at the last look.
    fn look_at_listeners(&mut self, diag: &mut SockDiag) -> bool {
        let Some(server) = self.server else { return false };
        let covering = diag.listeners().unwrap_or_default().into_iter();
        let now: BTreeSet<u32> = covering
            .filter(|one| sock_diag::covers(one.local, server))
            .map(|one| one.inode)
            .collect();
        let changed = !self.listeners.is_empty() && now != self.listeners;
        self.listeners = now;
        changed
    }

    /// Processes that hold the listening socket now and their workers: new ones are followed too.
    fn look_for_servers(&mut self) {
        if self.looks > 1 && self.census_at.elapsed() < CENSUS_EVERY {
            return;
        }
        self.census_at = Instant::now();
        let census = Census::take();
        let holders = self.listeners.iter().flat_map(|inode| census.owners_of(u64::from(*inode)));
        for pid in holders.collect::<BTreeSet<u32>>() {
            let known = |one: &Server| one.pid == pid && one.lived_ms.is_none();
            if self.servers.len() < FOLLOWED_MAX && !self.servers.iter().any(known) {
                self.servers.extend(server(pid));
            }
        }
    }

    /// Client connections of the servers, by peer.
    fn look_at_peers(&mut self, diag: &mut SockDiag) {
        let Ok(sockets) = diag.connections() else { return };
        if sockets.len() > SOCKETS_MAX {
            return;
        }
        let port = self.server.map_or(0, |server| server.port());
        let client: BTreeMap<u64, &sock_diag::TcpSocket> = sockets
            .iter()
            .filter(|socket| socket.inode != 0 && socket.local.port() != port)
            .map(|socket| (u64::from(socket.inode), socket))
            .collect();
        if client.is_empty() {
            return;
        }
        for pid in self.alive().collect::<Vec<u32>>() {
            let own = descriptors::socket_inodes(pid);
            let mut asked = BTreeSet::new();
            let mut joined = BTreeSet::new();
            for socket in own.iter().filter_map(|inode| client.get(inode)) {
                let peers = if socket.state == TCP_SYN_SENT { &mut asked } else { &mut joined };
                peers.insert(socket.remote.to_string());
            }
            count(self.syn_sent.entry(pid).or_default(), asked);
            count(self.outbound.entry(pid).or_default(), joined);
        }
    }

    fn publish(&self, scene: &Scene<'_>) {
        self.publish_servers(scene);
        let source = Source::new(
            "vigil",
            "NETLINK_SOCK_DIAG and /proc/PID/fd, four times a second",
            "ss -tnpe",
        );
        for server in &self.servers {
            let name = object::process(server.pid);
            for (key, seen) in
                [(FactKey::SynSentPeers, &self.syn_sent), (FactKey::OutboundPeers, &self.outbound)]
            {
                let peers = seen.get(&server.pid).cloned().unwrap_or_default();
                scene.fact_over(self.looks, (key, &name), peers, &source);
            }
        }
        self.still.publish(scene);
    }

    fn publish_servers(&self, scene: &Scene<'_>) {
        let source = Source::new(
            "vigil",
            "owners of the LISTEN socket, four times a second",
            "watch -n 0.25 ss -ltnp",
        );
        let pids = |some: &mut dyn Iterator<Item = &Server>| -> Vec<String> {
            some.map(|one| one.pid.to_string()).collect()
        };
        let seen = pids(&mut self.servers.iter());
        let gone = pids(&mut self.servers.iter().filter(|one| one.lived_ms.is_some()));
        let lived: Vec<f64> = self.servers.iter().filter_map(|one| one.lived_ms).collect();
        scene.fact_over(self.looks, (FactKey::ServersSeen, object::TARGET), seen, &source);
        scene.fact_over(self.looks, (FactKey::ServersGone, object::TARGET), gone, &source);
        if !lived.is_empty() {
            scene.fact(FactKey::ServersLivedMs, object::TARGET, lived, &source);
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, peers: BTreeSet<String>) {
    for peer in peers {
        if counts.len() < FOLLOWED_MAX || counts.contains_key(&peer) {
            *counts.entry(peer).or_default() += 1;
        }
    }
}

/// How long ago that was, in milliseconds.
pub fn since_ms(then: Instant) -> f64 {
    ms(then.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(servers: &[Server]) -> Seen {
        Seen {
            server: None,
            looks: 2,
            servers: servers.to_vec(),
            syn_sent: BTreeMap::new(),
            outbound: BTreeMap::new(),
            still: Still::default(),
            census_at: Instant::now(),
            listeners: BTreeSet::new(),
        }
    }

    #[test]
    fn after_a_worker_ended_its_successors_are_looked_for_though_the_parent_serves_on() {
        let parent = Server { pid: 7, start_ticks: 1, lived_ms: None };
        let worker = Server { pid: 8, start_ticks: 2, lived_ms: Some(400.0) };
        assert!(!seen(&[parent]).seeks());
        assert!(seen(&[parent, worker]).seeks());
        assert!(seen(&[]).seeks());
    }
}
