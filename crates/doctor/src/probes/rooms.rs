//! The five waiting rooms: where the server side of a held request stands, from connect to answer.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::descriptors;
use super::sock_diag::{SockDiag, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TcpSocket};

/// Where a request waits, seen from its server-side socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// A: no established connection yet.
    NotEstablished,
    /// B: established, and in the accept queue: no process owns the socket.
    AcceptQueue,
    /// C: accepted, and our bytes are unread.
    Unread,
    /// D: read, and nothing sent: inside the handler.
    InHandler,
    /// E: the answer is flowing, or queued for us.
    Writing,
}

/// The room of one look.
pub fn classify(socket: Option<&TcpSocket>) -> Room {
    match socket {
        Some(socket) if matches!(socket.state, TCP_ESTABLISHED | TCP_CLOSE_WAIT) => {
            if socket.inode == 0 {
                Room::AcceptQueue
            } else if socket.receive_queue > 0 {
                Room::Unread
            } else if socket.send_queue > 0 {
                Room::Writing
            } else {
                Room::InHandler
            }
        }
        _ => Room::NotEstablished,
    }
}

/// Follows one held request.
#[derive(Debug)]
pub struct RoomWatch {
    server: SocketAddr,
    client: SocketAddr,
    candidates: Vec<u32>,
    looks: Vec<(Instant, Room)>,
    /// The process that owns the server side, once somebody does.
    pub owner: Option<u32>,
}

/// What one held request was seen in, between its start and its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomsSeen {
    /// Looks in room A.
    pub not_established: u64,
    /// Looks in room B.
    pub accept_queue: u64,
    /// Looks in room C.
    pub unread: u64,
    /// Looks in room D.
    pub in_handler: u64,
    /// Looks in room E.
    pub writing: u64,
}

impl RoomsSeen {
    /// All looks.
    pub fn total(self) -> u64 {
        self.not_established + self.accept_queue + self.unread + self.in_handler + self.writing
    }

    /// The looks of two windows together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            not_established: self.not_established + other.not_established,
            accept_queue: self.accept_queue + other.accept_queue,
            unread: self.unread + other.unread,
            in_handler: self.in_handler + other.in_handler,
            writing: self.writing + other.writing,
        }
    }
}

impl RoomWatch {
    /// Follows the connection from `client` to `server`; its owner is sought among `candidates`.
    pub fn begin(server: SocketAddr, client: SocketAddr, candidates: Vec<u32>) -> Self {
        Self { server, client, candidates, looks: Vec::new(), owner: None }
    }

    /// Looks once; a kernel that does not answer counts as no look.
    pub fn look(&mut self, diag: &mut SockDiag) {
        let Ok(socket) = diag.exact(self.server, self.client) else { return };
        self.looks.push((Instant::now(), classify(socket.as_ref())));
        let inode = socket.map_or(0, |socket| u64::from(socket.inode));
        if inode != 0 && self.owner.is_none() {
            let owns = |pid: &&u32| descriptors::socket_inodes(**pid).contains(&inode);
            self.owner = self.candidates.iter().find(owns).copied();
        }
    }

    /// The looks between the request's start and end; those after its first byte are room E.
    pub fn end(&self, started: Instant, first_byte: Option<Instant>, ended: Instant) -> RoomsSeen {
        let mut seen = RoomsSeen::default();
        for (at, room) in self.looks.iter().filter(|(at, _)| (started..ended).contains(at)) {
            let answered = first_byte.is_some_and(|first| *at >= first);
            *match room {
                _ if answered => &mut seen.writing,
                Room::NotEstablished => &mut seen.not_established,
                Room::AcceptQueue => &mut seen.accept_queue,
                Room::Unread => &mut seen.unread,
                Room::InHandler => &mut seen.in_handler,
                Room::Writing => &mut seen.writing,
            } += 1;
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_request_walks_from_the_accept_queue_into_the_handler() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let started = Instant::now();
        let mut client = TcpStream::connect(server).unwrap();
        let mut diag = SockDiag::open().unwrap();
        let own = std::process::id();
        let mut watch = RoomWatch::begin(server, client.local_addr().unwrap(), vec![own]);
        watch.look(&mut diag);
        client.write_all(b"GET").unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        watch.look(&mut diag);
        accepted.read_exact(&mut [0; 3]).unwrap();
        watch.look(&mut diag);
        let seen = watch.end(started, None, Instant::now());
        let walked =
            RoomsSeen { accept_queue: 1, unread: 1, in_handler: 1, ..RoomsSeen::default() };
        assert_eq!((seen, watch.owner), (walked, Some(own)));
    }

    #[test]
    fn a_request_without_a_socket_is_not_established() {
        assert_eq!(classify(None), Room::NotEstablished);
    }
}
