//! Which sockets of the examined server lead to a PostgreSQL, and which backend is at the other end.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::super::descriptors;
use super::super::peer_facts;
use super::super::peers;
use super::super::scene::Scene;
use super::super::sock_diag::SockDiag;
use crate::evidence::{FactKey, Source, object};
use crate::postgres_access::PostgresAccess;

/// How PostgreSQL names its Unix sockets, before the port.
const UNIX_NAME: &str = "/.s.PGSQL.";

/// The server's ends of its connections to PostgreSQL, and its other clients.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    /// Local addresses of TCP connections: pg_stat_activity shows them as client_addr and client_port.
    pub tcp: BTreeSet<SocketAddr>,
    /// Inodes of the backends' ends of Unix connections.
    pub unix: BTreeSet<u64>,
    /// Where they lead, for a person.
    pub peers: BTreeSet<String>,
    /// Connections of other clients to the server, our own not counted.
    pub inbound: usize,
}

impl Sockets {
    /// How many connections to PostgreSQL there are.
    pub fn count(&self) -> usize {
        self.tcp.len() + self.unix.len()
    }
}

/// The ports that lead to a PostgreSQL: the usual ones, that of the database that was named, and
/// those on which such a program listens on this machine.
pub fn ports(scene: &Scene<'_>) -> BTreeSet<u16> {
    let mut ports = peer_facts::ports_of("postgresql");
    let named = scene.target.postgres.as_ref().map(PostgresAccess::config);
    ports.extend(named.iter().flat_map(|config| config.get_ports()));
    ports
}

/// Looks once at connections to these ports.
pub fn look(pids: &[u32], ports: &BTreeSet<u16>, served: Option<SocketAddr>) -> Option<Sockets> {
    let mut diag = SockDiag::open().ok()?;
    let connections = diag.connections().ok()?;
    let inodes: BTreeSet<u64> =
        pids.iter().flat_map(|pid| descriptors::socket_inodes(*pid)).collect();
    let ours = peers::our_ends(&connections);
    let mut found = Sockets::default();
    for one in connections.iter().filter(|one| inodes.contains(&u64::from(one.inode))) {
        if ports.contains(&one.remote.port()) {
            found.tcp.insert(one.local);
            found.peers.insert(one.remote.to_string());
        }
        if served.is_some_and(|served| served.port() == one.local.port())
            && !ours.contains(&one.remote)
        {
            found.inbound += 1;
        }
    }
    for one in diag.unix_connections().unwrap_or_default() {
        if one.path.contains(UNIX_NAME) && inodes.contains(&u64::from(one.client)) {
            found.unix.insert(u64::from(one.accepted));
            found.peers.insert(one.path);
        }
    }
    Some(found)
}

/// Says how many connections the server has; asked at the beginning and at the end.
pub fn publish(scene: &Scene<'_>) {
    let found = scene.found();
    if found.pids.is_empty() {
        return;
    }
    let served = found.address.map(|address| address.socket);
    let Some(sockets) = look(&found.pids, &ports(scene), served) else { return };
    let source = Source::new(
        "postgres",
        format!("sockets of process {}, by their peers", found.pids[0]),
        "ss -tnpx | grep -E ':5432|PGSQL'",
    );
    scene.fact(FactKey::PgServerSockets, object::TARGET, sockets.count(), &source);
}

/// What is missing to look into the database the server uses, and how to give it.
pub fn how_to_look(scene: &Scene<'_>) -> String {
    let found = scene.found();
    let peers =
        look(&found.pids, &ports(scene), None).map(|sockets| sockets.peers).unwrap_or_default();
    match peers.first() {
        Some(peer) => format!(
            "the server is connected to a PostgreSQL at {peer}: give \
             --db postgres://USER@HOST/DATABASE and --db-password-file FILE to look into it"
        ),
        None => "no PostgreSQL was named, and the server has no connection to one".to_owned(),
    }
}
