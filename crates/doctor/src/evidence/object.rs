//! The names of what facts are about: built and read back here, so that probes and checks agree.

use std::fmt;

/// The whole machine.
pub const HOST: &str = "host";
/// The doctor's own process.
pub const DOCTOR: &str = "doctor";
/// The examined address, whatever it is.
pub const TARGET: &str = "target";

/// An endpoint at a number of concurrent requests: `/api/me` or `/api/me ×8`.
pub fn endpoint(path: &str, concurrency: u32) -> String {
    if concurrency <= 1 { path.to_owned() } else { format!("{path} ×{concurrency}") }
}

/// Reads [`endpoint`] back: the path and the concurrency.
pub fn parse_endpoint(object: &str) -> (&str, u32) {
    match object.rsplit_once(" ×") {
        Some((path, level)) => (path, level.parse().unwrap_or(1)),
        None => (object, 1),
    }
}

/// A process.
pub fn process(pid: u32) -> String {
    pid.to_string()
}

/// Reads [`process`] back.
pub fn parse_process(object: &str) -> Option<u32> {
    object.parse().ok()
}

/// When a thread or process was watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// Before any probe request, so that parked pool threads are known.
    Idle,
    /// While a request to this path was outstanding.
    Held(String),
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => out.write_str("idle"),
            Self::Held(path) => write!(out, "during {path}"),
        }
    }
}

/// A thread in a window: `31860/31862 idle` or `31860/31862 during /slow`.
pub fn thread(pid: u32, tid: u32, window: &Window) -> String {
    format!("{pid}/{tid} {window}")
}

/// A whole process in a window: `31860 during /slow`.
pub fn process_during(pid: u32, window: &Window) -> String {
    format!("{pid} {window}")
}

/// A thread through the whole examination: `31860/31862`.
pub fn lasting_thread(pid: u32, tid: u32) -> String {
    format!("{pid}/{tid}")
}

/// Reads [`lasting_thread`] back: the process and the thread.
pub fn parse_lasting_thread(object: &str) -> Option<(u32, u32)> {
    let (pid, tid) = object.split_once('/')?;
    Some((pid.parse().ok()?, tid.parse().ok()?))
}

/// What [`parse_thread`] reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thread {
    /// The process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// When it was watched.
    pub window: Window,
}

/// Reads [`thread`] back.
pub fn parse_thread(object: &str) -> Option<Thread> {
    let (ids, window) = object.split_once(' ')?;
    let (pid, tid) = ids.split_once('/')?;
    let window = match window.strip_prefix("during ") {
        Some(path) => Window::Held(path.to_owned()),
        None if window == "idle" => Window::Idle,
        None => return None,
    };
    Some(Thread { pid: pid.parse().ok()?, tid: tid.parse().ok()?, window })
}

/// One listening socket: address and inode, because several sockets can share an address.
pub fn listener(address: &str, inode: u64) -> String {
    format!("{address} inode {inode}")
}

/// The address within [`listener`].
pub fn listener_address(object: &str) -> &str {
    object.split_once(" inode ").map_or(object, |(address, _)| address)
}

/// A table of a database: `/srv/a.db#sessions`.
pub fn table(database: &str, table: &str) -> String {
    format!("{database}#{table}")
}

/// One statement of a database, by its number in this examination: `/srv/a.db?1`.
pub fn statement(database: &str, number: usize) -> String {
    format!("{database}?{number}")
}

/// The SQLite locks whose holders are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// `-shm` byte 120: the one writer in WAL mode.
    Write,
    /// `-shm` byte 121: a checkpoint runs.
    Checkpoint,
    /// `-shm` bytes 123–127: readers.
    Read,
    /// `-shm` byte 123 and this number: readers of one read mark.
    ReadMark(u8),
    /// Main file, PENDING_BYTE: a writer waits for readers (rollback journal).
    Pending,
    /// Main file, RESERVED: a writer prepares (rollback journal).
    Reserved,
    /// Main file, SHARED range held exclusively or shared (rollback journal).
    Shared,
}

impl Lock {
    /// The lock's name in objects and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "WRITE",
            Self::Checkpoint => "CHECKPOINT",
            Self::Read => "READ",
            Self::ReadMark(0) => "READ0",
            Self::ReadMark(1) => "READ1",
            Self::ReadMark(2) => "READ2",
            Self::ReadMark(3) => "READ3",
            Self::ReadMark(_) => "READ4",
            Self::Pending => "PENDING",
            Self::Reserved => "RESERVED",
            Self::Shared => "SHARED",
        }
    }
}

/// A lock of a database: `/srv/a.db lock WRITE`.
pub fn lock(database: &str, lock: Lock) -> String {
    format!("{database} lock {}", lock.name())
}

/// A path and what it is about beyond the server, a peer or a database: `/slow to 127.0.0.1:6379`.
pub fn toward(path: &str, other: &str) -> String {
    format!("{path} to {other}")
}

/// Reads [`toward`] back: the path and the other.
pub fn parse_toward(object: &str) -> Option<(&str, &str)> {
    object.rsplit_once(" to ")
}

/// One phase of a route in Galen's own ledger: `GET /api/me phase query`.
pub fn phase(route: &str, phase: &str) -> String {
    format!("{route} phase {phase}")
}

/// Reads [`phase`] back: the route and the phase.
pub fn parse_phase(object: &str) -> Option<(&str, &str)> {
    object.rsplit_once(" phase ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_read_back() {
        let window = Window::Held("/slow path".to_owned());
        let read = parse_thread(&thread(7, 9, &window)).unwrap();
        assert_eq!((read.pid, read.tid, read.window), (7, 9, window));
        assert_eq!(parse_thread(&thread(7, 9, &Window::Idle)).unwrap().window, Window::Idle);
        assert_eq!(parse_endpoint(&endpoint("/a", 8)), ("/a", 8));
        assert_eq!(parse_endpoint(&endpoint("/a", 1)), ("/a", 1));
        assert_eq!(listener_address(&listener("127.0.0.1:80", 4)), "127.0.0.1:80");
        assert_eq!(parse_toward(&toward("/a to b", "[::1]:1")), Some(("/a to b", "[::1]:1")));
        assert_eq!(parse_phase(&phase("GET /a", "query")), Some(("GET /a", "query")));
    }
}
