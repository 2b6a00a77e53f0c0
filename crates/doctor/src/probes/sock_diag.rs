//! Exact look-ups of TCP sockets in the kernel over NETLINK_SOCK_DIAG (sock_diag(7)).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponse, InetResponseHeader, SocketId, StateFlags,
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// TCP state numbers of `include/net/tcp_states.h` that the rooms need.
pub const TCP_ESTABLISHED: u8 = 1;
/// The peer has closed its side; the program has not.
pub const TCP_CLOSE_WAIT: u8 = 8;
/// A listening socket.
#[cfg(test)]
const TCP_LISTEN: u8 = 10;

/// INET_DIAG_NOCOOKIE: look up by the tuple alone.
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// A kernel answers at once; this only bounds a kernel that does not.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// A dump stops here, so that a machine with a million sockets costs no more than this.
const DUMP_MAX: usize = 20_000;

/// One TCP socket as the kernel describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// The socket's own address.
    pub local: SocketAddr,
    /// The address of its peer; unspecified for a listener.
    pub remote: SocketAddr,
    /// TCP state number.
    pub state: u8,
    /// Bytes received and unread; for a listener, connections waiting to be accepted.
    pub receive_queue: u32,
    /// Bytes sent and unacknowledged; for a listener, the backlog.
    pub send_queue: u32,
    /// The socket's inode; 0 while no process has accepted it.
    pub inode: u32,
    /// The owner.
    pub uid: u32,
}

/// The parts of the kernel's `struct tcp_info` (linux/tcp.h) that tell of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Milliseconds since data was last sent.
    pub last_sent_ms: u32,
    /// Milliseconds since data was last received.
    pub last_received_ms: u32,
    /// Segments with data that were received.
    pub data_segments_in: u32,
    /// Segments with data that were sent.
    pub data_segments_out: u32,
}

impl TcpInfo {
    /// Reads the fields at their offsets; `None` from a kernel older than 4.6, which has fewer.
    fn parse(raw: &[u8]) -> Option<Self> {
        let at = |offset: usize| {
            raw.get(offset..offset + 4).map(|four| {
                let mut bytes = [0; 4];
                bytes.copy_from_slice(four);
                u32::from_ne_bytes(bytes)
            })
        };
        Some(Self {
            last_sent_ms: at(44)?,
            last_received_ms: at(52)?,
            data_segments_in: at(152)?,
            data_segments_out: at(156)?,
        })
    }

    /// How many more segments with data were sent than received.
    pub fn ahead(self) -> i64 {
        i64::from(self.data_segments_out) - i64::from(self.data_segments_in)
    }

    /// Whether something was sent that has not been answered by anything yet. The kernel's clock of
    /// both times has ticks of a few milliseconds; within one tick, being further ahead than
    /// `at_rest` tells.
    pub fn is_outstanding(self, at_rest: i64) -> bool {
        match self.last_sent_ms.cmp(&self.last_received_ms) {
            std::cmp::Ordering::Less => self.data_segments_out > 0,
            std::cmp::Ordering::Equal => self.ahead() > at_rest,
            std::cmp::Ordering::Greater => false,
        }
    }
}

/// An open conversation with the kernel's socket tables.
#[derive(Debug)]
pub struct SockDiag {
    socket: netlink_sys::Socket,
    buffer: Vec<u8>,
}

impl SockDiag {
    /// Opens the netlink socket. Needs no rights.
    ///
    /// # Errors
    /// Where the kernel was built without `CONFIG_INET_DIAG`, or netlink is filtered.
    pub fn open() -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(NETLINK_SOCK_DIAG)?;
        socket.bind_auto()?;
        socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
        Ok(Self { socket, buffer: vec![0; 64 * 1024] })
    }

    /// The socket with exactly this pair of addresses, seen from `local`. The kernel answers with
    /// the listener when no connection with this pair exists yet.
    ///
    /// # Errors
    /// When the kernel does not answer, or refuses.
    pub fn exact(
        &mut self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> io::Result<Option<TcpSocket>> {
        let id = SocketId {
            source_port: local.port(),
            destination_port: remote.port(),
            source_address: local.ip(),
            destination_address: remote.ip(),
            interface_id: 0,
            cookie: NO_COOKIE,
        };
        let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
        let none = ExtensionFlags::empty();
        self.send(family, (StateFlags::all(), none), id, NLM_F_REQUEST)?;
        let mut found = None;
        self.receive(|response| found = Some(read_socket(&response.header)))?;
        Ok(found)
    }

    /// Every listening TCP socket of both families, on any port.
    ///
    /// # Errors
    /// When the kernel does not answer, or refuses.
    pub fn listeners(&mut self) -> io::Result<Vec<TcpSocket>> {
        self.dump(StateFlags::LISTEN)
    }

    /// Every connected TCP socket of both families, up to 20,000.
    ///
    /// # Errors
    /// When the kernel does not answer, or refuses.
    pub fn connections(&mut self) -> io::Result<Vec<TcpSocket>> {
        self.dump(StateFlags::ESTABLISHED | StateFlags::SYN_SENT | StateFlags::CLOSE_WAIT)
    }

    /// The same as [`Self::connections`], each with what the kernel counts of it.
    ///
    /// # Errors
    /// When the kernel does not answer, or refuses.
    pub fn conversations(&mut self) -> io::Result<Vec<(TcpSocket, TcpInfo)>> {
        let states = StateFlags::ESTABLISHED | StateFlags::SYN_SENT | StateFlags::CLOSE_WAIT;
        let mut found = Vec::new();
        self.each(states, ExtensionFlags::INFO, |response| {
            let info = response.nlas.iter().find_map(|nla| match nla {
                Nla::TcpInfo(raw) => TcpInfo::parse(raw),
                _ => None,
            });
            found.extend(info.map(|info| (read_socket(&response.header), info)));
        })?;
        Ok(found)
    }

    fn dump(&mut self, states: StateFlags) -> io::Result<Vec<TcpSocket>> {
        let mut found = Vec::new();
        self.each(states, ExtensionFlags::empty(), |response| {
            found.push(read_socket(&response.header));
        })?;
        Ok(found)
    }

    /// Calls `keep` for each socket of both families, up to the limit.
    fn each(
        &mut self,
        states: StateFlags,
        extensions: ExtensionFlags,
        mut keep: impl FnMut(&InetResponse),
    ) -> io::Result<()> {
        let mut seen = 0;
        for (family, id) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
            let wanted = (states.clone(), extensions.clone());
            self.send(family, wanted, id, NLM_F_REQUEST | NLM_F_DUMP)?;
            self.receive(|response| {
                seen += 1;
                if seen <= DUMP_MAX {
                    keep(response);
                }
            })?;
        }
        Ok(())
    }

    fn send(
        &self,
        family: u8,
        (states, extensions): (StateFlags, ExtensionFlags),
        socket_id: SocketId,
        flags: u16,
    ) -> io::Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        let request = InetRequest { family, protocol: IPPROTO_TCP, extensions, states, socket_id };
        let mut packet = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        Ok(())
    }

    /// Reads messages until the answer is complete: one message for an exact look-up, `Done` for a dump.
    fn receive(&mut self, mut keep: impl FnMut(&InetResponse)) -> io::Result<()> {
        loop {
            let size = self.socket.recv(&mut &mut self.buffer[..], 0)?;
            let mut offset = 0;
            while offset < size {
                let message =
                    <NetlinkMessage<SockDiagMessage>>::deserialize(&self.buffer[offset..size])
                        .map_err(|error| {
                            io::Error::new(io::ErrorKind::InvalidData, error.to_string())
                        })?;
                let more = message.header.flags & netlink_packet_core::NLM_F_MULTIPART != 0;
                match message.payload {
                    NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                        keep(&response)
                    }
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::Error(error) => return refusal(&error.to_io()),
                    _ => {}
                }
                if !more {
                    return Ok(());
                }
                offset += (message.header.length as usize).max(16).next_multiple_of(4);
            }
        }
    }
}

/// ENOENT says that there is no such socket, which is an answer and not an error.
fn refusal(error: &io::Error) -> io::Result<()> {
    match error.raw_os_error() {
        Some(0 | libc::ENOENT) => Ok(()),
        _ => Err(io::Error::new(error.kind(), error.to_string())),
    }
}

fn read_socket(header: &InetResponseHeader) -> TcpSocket {
    let id = &header.socket_id;
    TcpSocket {
        local: SocketAddr::new(plain(id.source_address), id.source_port),
        remote: SocketAddr::new(plain(id.destination_address), id.destination_port),
        state: header.state,
        receive_queue: header.recv_queue,
        send_queue: header.send_queue,
        inode: header.inode,
        uid: header.uid,
    }
}

/// An IPv4 peer of a dual-stack socket is written as the IPv4 address it is.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if v6 != Ipv6Addr::UNSPECIFIED => {
            v6.to_ipv4_mapped().map_or(address, IpAddr::V4)
        }
        _ => address,
    }
}

/// Whether a listener on `listening` receives what is sent to `asked`.
pub fn covers(listening: SocketAddr, asked: SocketAddr) -> bool {
    if listening.port() != asked.port() {
        return false;
    }
    match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => asked.is_ipv4(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
        exact => exact == asked.ip(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_nobody_accepted_has_inode_zero_and_an_accepted_one_has_its_bytes_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"hello").unwrap();
        let mut diag = SockDiag::open().unwrap();
        let waiting = diag.exact(address, client.local_addr().unwrap()).unwrap().unwrap();
        assert_eq!((waiting.state, waiting.inode), (TCP_ESTABLISHED, 0));
        let (_server, _) = listener.accept().unwrap();
        let accepted = diag.exact(address, client.local_addr().unwrap()).unwrap().unwrap();
        assert_ne!(accepted.inode, 0);
        assert_eq!(accepted.receive_queue, 5);
    }

    #[test]
    fn a_question_without_an_answer_is_outstanding_and_is_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut diag = SockDiag::open().unwrap();
        let mut of_client = |client: &TcpStream| {
            let all = diag.conversations().unwrap();
            let own = client.local_addr().unwrap();
            all.into_iter().find(|(socket, _)| socket.local == own).unwrap().1
        };
        assert!(!of_client(&client).is_outstanding(0));
        std::thread::sleep(Duration::from_millis(30));
        client.write_all(b"hello").unwrap();
        std::thread::sleep(Duration::from_millis(30));
        assert!(of_client(&client).is_outstanding(0));
        assert_eq!(of_client(&client).data_segments_out, 1);
        server.write_all(b"world").unwrap();
        std::thread::sleep(Duration::from_millis(30));
        assert!(!of_client(&client).is_outstanding(0));
    }

    #[test]
    fn a_pair_that_does_not_exist_is_answered_with_the_listener_or_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut diag = SockDiag::open().unwrap();
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let found = diag.exact(address, nobody).unwrap().unwrap();
        assert_eq!(found.state, TCP_LISTEN);
        drop(listener);
        assert_eq!(diag.exact(address, nobody).unwrap(), None);
    }

    #[test]
    fn a_listener_of_either_family_is_listed() {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let six = TcpListener::bind("[::1]:0").unwrap();
        let mut diag = SockDiag::open().unwrap();
        let listed: Vec<_> =
            diag.listeners().unwrap().into_iter().map(|socket| socket.local).collect();
        assert!(listed.contains(&four.local_addr().unwrap()));
        assert!(listed.contains(&six.local_addr().unwrap()));
    }

    #[test]
    fn a_wildcard_listener_covers_a_loopback_address_of_its_port_only() {
        let any = SocketAddr::from(([0, 0, 0, 0], 80));
        assert!(covers(any, SocketAddr::from(([127, 0, 0, 1], 80))));
        assert!(!covers(any, SocketAddr::from(([127, 0, 0, 1], 81))));
        assert!(covers("[::]:80".parse().unwrap(), SocketAddr::from(([127, 0, 0, 1], 80))));
        assert!(!covers("[::1]:80".parse().unwrap(), SocketAddr::from(([127, 0, 0, 1], 80))));
    }
}
