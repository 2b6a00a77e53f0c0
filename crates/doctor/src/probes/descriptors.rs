//! What a thread's descriptor is: a file, a pipe, or a socket with its peer (the fd join).

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::sock_diag::SockDiag;
use super::syscalls::{self, Position, Waits};
use crate::evidence::redact;

/// Most descriptors of one poll(2) that are named.
const POLL_MAX: u64 = 4;
/// How often the socket tables are read again for an unknown inode, in one window.
const REFRESHES_MAX: u32 = 4;

/// Names descriptors of one process, remembering the machine's sockets for one window.
#[derive(Debug, Default)]
pub struct Descriptors {
    sockets: HashMap<u64, String>,
    refreshes: u32,
}

impl Descriptors {
    /// What the system call's descriptors are; empty when it waits for none, or rights are missing.
    pub fn waited_on(&mut self, pid: u32, position: &Position) -> Vec<String> {
        let Position::In(number, arguments) = position else { return Vec::new() };
        let fds = match syscalls::find(*number).map(|known| known.waits) {
            Some(Waits::OnDescriptor) => u32::try_from(arguments[0]).into_iter().collect(),
            Some(Waits::OnPollArray) => poll_fds(pid, arguments[0], arguments[1]),
            _ => Vec::new(),
        };
        fds.into_iter().filter_map(|fd| self.name(pid, fd)).collect()
    }

    fn name(&mut self, pid: u32, fd: u32) -> Option<String> {
        let link = std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
        let text = link.to_string_lossy();
        Some(match split_link(&text) {
            Link::Socket(inode) => self.socket(pid, inode),
            Link::Pipe => "pipe".to_owned(),
            Link::Anonymous(name) => name.to_owned(),
            Link::File => format!("file {}", redact::text(&text)),
        })
    }

    fn socket(&mut self, pid: u32, inode: u64) -> String {
        if !self.sockets.contains_key(&inode) && self.refreshes < REFRESHES_MAX {
            self.refreshes += 1;
            self.refresh(pid);
        }
        self.sockets.get(&inode).cloned().unwrap_or_else(|| "socket".to_owned())
    }

    fn refresh(&mut self, pid: u32) {
        if let Ok(mut diag) = SockDiag::open() {
            for socket in diag.connections().unwrap_or_default() {
                self.sockets.insert(u64::from(socket.inode), format!("tcp {}", socket.remote));
            }
            for socket in diag.listeners().unwrap_or_default() {
                self.sockets.insert(u64::from(socket.inode), format!("listener {}", socket.local));
            }
        }
        if let Ok(process) = i32::try_from(pid)
            .map_err(drop)
            .and_then(|pid| procfs::process::Process::new(pid).map_err(drop))
        {
            let udp = process.udp().into_iter().chain(process.udp6()).flatten();
            for entry in udp {
                let port = entry.remote_address.port();
                self.sockets.insert(entry.inode, format!("udp :{port}"));
            }
            for entry in process.unix().into_iter().flatten() {
                let path = entry.path.unwrap_or_default();
                self.sockets.insert(
                    entry.inode,
                    format!("unix {}", redact::text(&path.to_string_lossy())).trim_end().to_owned(),
                );
            }
        }
    }
}

enum Link<'a> {
    Socket(u64),
    Pipe,
    Anonymous(&'a str),
    File,
}

fn split_link(text: &str) -> Link<'_> {
    if let Some(inode) =
        text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse().ok())
    {
        Link::Socket(inode)
    } else if text.starts_with("pipe:[") {
        Link::Pipe
    } else if let Some(name) = text.strip_prefix("anon_inode:") {
        match name.trim_matches(['[', ']']) {
            "eventpoll" => Link::Anonymous("epoll"),
            other => Link::Anonymous(if other.is_empty() { "anonymous" } else { other }),
        }
    } else {
        Link::File
    }
}

/// Reads the `struct pollfd` array of a thread blocked in poll(2) from the process's memory.
fn poll_fds(pid: u32, address: u64, length: u64) -> Vec<u32> {
    const POLLFD_BYTES: usize = 8;
    let Ok(memory) = File::open(format!("/proc/{pid}/mem")) else { return Vec::new() };
    let mut raw = [0_u8; POLLFD_BYTES * POLL_MAX as usize];
    let wanted = &mut raw[..POLLFD_BYTES * length.min(POLL_MAX) as usize];
    if memory.read_exact_at(wanted, address).is_err() {
        return Vec::new();
    }
    wanted
        .chunks_exact(POLLFD_BYTES)
        .filter_map(|entry| u32::try_from(i32::from_ne_bytes(entry[..4].try_into().ok()?)).ok())
        .collect()
}

/// The targets of a process's descriptors; empty without the right to look.
fn links(pid: u32) -> impl Iterator<Item = std::path::PathBuf> {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
}

/// What a process has open, by kind; empty without the right to look.
pub fn kinds(pid: u32) -> BTreeMap<String, u64> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for link in links(pid) {
        let kind = match split_link(&link.to_string_lossy()) {
            Link::Socket(_) => "socket".to_owned(),
            Link::Pipe => "pipe".to_owned(),
            Link::Anonymous(kind) => kind.to_owned(),
            Link::File => "file".to_owned(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// The inodes of a process's sockets.
pub fn socket_inodes(pid: u32) -> Vec<u64> {
    links(pid)
        .filter_map(|link| match split_link(&link.to_string_lossy()) {
            Link::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_read_from_a_socket_is_named_by_its_peer_and_an_fsync_by_its_file() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let file = File::open("/proc/self/exe").unwrap();
        let own = std::process::id();
        let mut names = Descriptors::default();
        let read = Position::In(libc::SYS_recvfrom, [client.as_raw_fd() as u64, 0]);
        assert_eq!(
            names.waited_on(own, &read),
            [format!("tcp {}", listener.local_addr().unwrap())]
        );
        let sync = Position::In(libc::SYS_fsync, [file.as_raw_fd() as u64, 0]);
        let exe = std::env::current_exe().unwrap();
        assert_eq!(names.waited_on(own, &sync), [format!("file {}", exe.display())]);
        assert!(names.waited_on(own, &Position::Running).is_empty());
    }

    #[test]
    fn a_poll_array_is_read_from_memory() {
        let array: [(i32, u32); 2] = [(7, 1), (-1, 0)];
        assert_eq!(poll_fds(std::process::id(), array.as_ptr() as u64, 2), [7]);
    }
}
