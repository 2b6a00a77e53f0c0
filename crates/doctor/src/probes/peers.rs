//! What the server asks of others while it is asked: its own conversations, told by the kernel.
//!
//! A socket that has sent something and received nothing since waits for its peer, whatever language
//! the server is written in and whether a thread of it waits or an event loop does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::descriptors;
use super::sock_diag::{SockDiag, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TcpInfo, TcpSocket};

/// Between two looks, unless a look is dear.
const INTERVAL: Duration = Duration::from_millis(20);
/// A look is followed by so many times its own length without one.
const REST_FACTOR: u32 = 20;
/// Most peers that are told apart; those beyond are left out.
const PEERS_MAX: usize = 32;
/// A connection on which the server still sends, so long after its client last did, is a stream.
const STREAM_AFTER_MS: u32 = 1_000;

/// What was seen of one peer.
#[derive(Clone, Debug, Default)]
pub struct PeerSeen {
    /// Looks at which a question to it was unanswered.
    pub outstanding: u64,
    /// Data segments sent to it in the window.
    pub segments: u64,
    /// The last look at which a question was unanswered.
    pub last_outstanding: Option<Instant>,
}

/// Connections that clients hold to the server, the doctor's own left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientsSeen {
    /// Established ones.
    pub open: u64,
    /// Those on which the server sends long after the client last did: live streams.
    pub streams: u64,
    /// Those whose client has gone while the server has not noticed or still works.
    pub abandoned: u64,
}

/// Everything seen of the server's conversations in one or several windows.
#[derive(Clone, Debug, Default)]
pub struct PeersSeen {
    /// Looks taken.
    pub looks: u64,
    /// By peer.
    pub peers: BTreeMap<SocketAddr, PeerSeen>,
    /// The clients at each look.
    pub clients: Vec<ClientsSeen>,
}

impl PeersSeen {
    /// Adds what another window saw.
    pub fn absorb(&mut self, other: Self) {
        self.looks += other.looks;
        self.clients.extend(other.clients);
        for (peer, seen) in other.peers {
            let mine = self.peers.entry(peer).or_default();
            mine.outstanding += seen.outstanding;
            mine.segments += seen.segments;
            mine.last_outstanding = mine.last_outstanding.max(seen.last_outstanding);
        }
    }
}

/// What is remembered of one conversation from look to look.
#[derive(Clone, Copy, Debug)]
struct Counted {
    segments_out: u32,
    /// How far ahead the server was when nothing was asked of it; a fresh socket is not ahead.
    at_rest: i64,
}

/// Follows the conversations of some processes.
#[derive(Debug)]
pub struct PeerWatch {
    pids: Vec<u32>,
    served: Option<SocketAddr>,
    /// Socket inodes by whether they belong to the processes.
    owned: HashMap<u32, bool>,
    counted: HashMap<(SocketAddr, SocketAddr), Counted>,
    next: Instant,
    seen: PeersSeen,
}

impl PeerWatch {
    /// Begins to follow; the first look, taken here, is the base of all differences.
    pub fn begin(pids: Vec<u32>, served: Option<SocketAddr>) -> Self {
        let mut watch = Self {
            pids,
            served,
            owned: HashMap::new(),
            counted: HashMap::new(),
            next: Instant::now(),
            seen: PeersSeen::default(),
        };
        // Without netlink the window has no look, which is a gap and told as such.
        if let Ok(mut diag) = SockDiag::open() {
            watch.look_now(&mut diag);
        }
        watch
    }

    /// Looks, if it is time to.
    pub fn look(&mut self, diag: &mut SockDiag) {
        if Instant::now() >= self.next {
            self.look_now(diag);
        }
    }

    /// Looks at once; a kernel that does not answer counts as no look.
    pub fn look_now(&mut self, diag: &mut SockDiag) {
        let begun = Instant::now();
        let Ok(all) = diag.conversations() else { return };
        self.learn(&all);
        let is_first = self.seen.looks == 0;
        self.seen.looks += 1;
        let mut waiting = BTreeSet::new();
        let mut clients = ClientsSeen::default();
        let own = descriptors::socket_inodes(std::process::id());
        let ours: BTreeSet<SocketAddr> = all
            .iter()
            .filter(|(socket, _)| own.contains(&u64::from(socket.inode)))
            .map(|(socket, _)| socket.local)
            .collect();
        for (socket, info) in &all {
            if !self.is_owned(socket) {
                continue;
            }
            if self.is_served(socket) {
                if !ours.contains(&socket.remote) {
                    clients.add(socket, *info);
                }
                continue;
            }
            let at_rest = self.count(socket, *info, is_first);
            if info.is_outstanding(at_rest) && socket.state == TCP_ESTABLISHED && !is_first {
                waiting.insert(socket.remote);
            }
        }
        self.seen.clients.push(clients);
        for peer in waiting {
            if let Some(seen) = self.seen.peers.get_mut(&peer) {
                seen.outstanding += 1;
                seen.last_outstanding = Some(begun);
            }
        }
        self.next = begun + INTERVAL.max(begun.elapsed() * REST_FACTOR);
    }

    /// What was seen.
    pub fn end(self) -> PeersSeen {
        self.seen
    }

    /// Whose the inodes are that were not met before.
    fn learn(&mut self, all: &[(TcpSocket, TcpInfo)]) {
        let is_new = |inode: &u32| *inode != 0 && !self.owned.contains_key(inode);
        let fresh: Vec<u32> = all.iter().map(|(socket, _)| socket.inode).filter(is_new).collect();
        if fresh.is_empty() {
            return;
        }
        let held: BTreeSet<u64> =
            self.pids.iter().flat_map(|pid| descriptors::socket_inodes(*pid)).collect();
        self.owned.extend(fresh.into_iter().map(|inode| (inode, held.contains(&u64::from(inode)))));
    }

    fn is_owned(&self, socket: &TcpSocket) -> bool {
        self.owned.get(&socket.inode).copied().unwrap_or(false)
    }

    fn is_served(&self, socket: &TcpSocket) -> bool {
        self.served.is_some_and(|served| served.port() == socket.local.port())
    }

    /// Adds the segments sent since the last look at this socket; of one that was there before the
    /// window, nothing of what it sent before. Gives how far ahead it is at rest.
    fn count(&mut self, socket: &TcpSocket, info: TcpInfo, is_first: bool) -> i64 {
        let now = info.data_segments_out;
        let fresh = Counted { segments_out: 0, at_rest: 0 };
        let known = Counted { segments_out: now, at_rest: info.ahead() };
        let tuple = (socket.local, socket.remote);
        let one = self.counted.entry(tuple).or_insert(if is_first { known } else { fresh });
        // A tuple that is used again begins at zero.
        let sent = now.checked_sub(one.segments_out).unwrap_or(now);
        one.segments_out = now;
        let at_rest = one.at_rest;
        let peers = &mut self.seen.peers;
        if peers.len() < PEERS_MAX || peers.contains_key(&socket.remote) {
            peers.entry(socket.remote).or_default().segments += u64::from(sent);
        }
        at_rest
    }
}

impl ClientsSeen {
    fn add(&mut self, socket: &TcpSocket, info: TcpInfo) {
        if socket.state == TCP_CLOSE_WAIT {
            self.abandoned += 1;
        }
        if socket.state != TCP_ESTABLISHED {
            return;
        }
        self.open += 1;
        let late = info.last_received_ms.saturating_sub(info.last_sent_ms) >= STREAM_AFTER_MS;
        self.streams += u64::from(info.data_segments_out > 1 && late);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_question_to_a_peer_is_counted_and_seen_unanswered() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(peer).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut diag = SockDiag::open().unwrap();
        let mut watch = PeerWatch::begin(vec![std::process::id()], None);
        for _ in 0..3 {
            client.write_all(b"q").unwrap();
            server.read_exact(&mut [0]).unwrap();
            server.write_all(b"a").unwrap();
            client.read_exact(&mut [0]).unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
        client.write_all(b"q").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        watch.look_now(&mut diag);
        let seen = watch.end();
        assert_eq!((seen.peers[&peer].segments, seen.peers[&peer].outstanding), (4, 1));
    }

    #[test]
    fn our_own_connections_are_no_clients() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let served = listener.local_addr().unwrap();
        let _client = TcpStream::connect(served).unwrap();
        let (_server, _) = listener.accept().unwrap();
        let watch = PeerWatch::begin(vec![std::process::id()], Some(served));
        assert_eq!(watch.end().clients, [ClientsSeen::default()]);
    }
}
