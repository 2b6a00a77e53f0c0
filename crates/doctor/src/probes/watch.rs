//! One window of watching: rooms, locks, threads, process counters and Python lines, side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::counters::{Counters, CountersSeen};
use super::locks::{LockSeen, LockWatch};
use super::peers::{PeerWatch, PeersSeen};
use super::python::{PythonSeen, Spy};
use super::rooms::RoomWatch;
use super::scene::Scene;
use super::sock_diag::SockDiag;
use super::threads::{ThreadSeen, ThreadWatch};
use crate::evidence::object::Lock;

/// Between two looks at the rooms and the locks.
const ROOM_INTERVAL: Duration = Duration::from_millis(10);
/// Threads are looked at with every so many looks at the rooms: 20 times a second.
const THREADS_EVERY: u32 = 5;
/// Between two looks at the Python stacks.
const PYTHON_INTERVAL: Duration = Duration::from_millis(80);

/// A Python reader shared by the windows of one examination.
pub type SharedSpy = Arc<Mutex<Spy>>;

/// What is to be watched.
#[derive(Default)]
pub struct Plan {
    /// The held request and its control, in this order.
    pub rooms: Vec<RoomWatch>,
    /// Databases whose locks are followed.
    pub databases: Vec<PathBuf>,
    /// Processes whose threads are followed.
    pub pids: Vec<u32>,
    /// The Python reader.
    pub spy: Option<SharedSpy>,
    /// The conversations of those processes.
    pub peers: Option<PeerWatch>,
}

impl Plan {
    /// A plan that watches every process, database and interpreter known.
    pub fn of(scene: &Scene<'_>, rooms: Vec<RoomWatch>) -> Self {
        let found = scene.found();
        let served = found.address.as_ref().map(|address| address.socket);
        let peers = Some(PeerWatch::begin(found.pids.clone(), served));
        Self { rooms, databases: found.databases, pids: found.pids, spy: scene.spy(), peers }
    }
}

/// What one process did in the window.
#[derive(Clone, Debug, Default)]
pub struct ProcessSeen {
    /// By thread.
    pub threads: BTreeMap<u32, ThreadSeen>,
    /// Threads in state R at each look.
    pub runnable: Vec<f64>,
    /// Counters of the whole process.
    pub counters: CountersSeen,
    /// Why system calls could not be read.
    pub syscalls_denied: Option<String>,
}

impl ProcessSeen {
    /// Adds what another window saw of the same process.
    pub fn absorb(&mut self, other: Self) {
        for (tid, thread) in other.threads {
            self.threads.entry(tid).or_default().absorb(thread);
        }
        self.runnable.extend(other.runnable);
        self.counters.absorb(other.counters);
        self.syscalls_denied = self.syscalls_denied.take().or(other.syscalls_denied);
    }
}

/// What was followed of one database's locks.
#[derive(Clone, Debug)]
pub struct LocksSeen {
    /// The database.
    pub database: PathBuf,
    /// Looks taken.
    pub looks: u64,
    /// By lock.
    pub seen: BTreeMap<Lock, LockSeen>,
}

/// Everything one window saw.
#[derive(Default)]
pub struct Seen {
    /// The rooms, in the order of the plan.
    pub rooms: Vec<RoomWatch>,
    /// The locks.
    pub locks: Vec<LocksSeen>,
    /// The processes.
    pub processes: BTreeMap<u32, ProcessSeen>,
    /// Python threads of the serving process.
    pub python: BTreeMap<u32, PythonSeen>,
    /// The server's conversations with others and with its clients.
    pub peers: PeersSeen,
    /// The window's length.
    pub window: Duration,
    /// Instruments that could not be used, as sentences.
    pub failures: Vec<String>,
}

/// A window that is open. Dropping it closes it.
pub struct Watch {
    stop: Arc<AtomicBool>,
    main: JoinHandle<Seen>,
    python: Option<JoinHandle<BTreeMap<u32, PythonSeen>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Opens a window; looking begins at once, on threads made for blocking work.
pub fn begin(mut plan: Plan) -> Watch {
    let stop = Arc::new(AtomicBool::new(false));
    let python = plan.spy.take().map(|spy| {
        let stop = Arc::clone(&stop);
        tokio::task::spawn_blocking(move || look_at_python(&spy, &stop))
    });
    let main_stop = Arc::clone(&stop);
    let main = tokio::task::spawn_blocking(move || look(plan, &main_stop));
    Watch { stop, main, python }
}

impl Seen {
    /// Adds a later window of the same kind: processes, Python lines, locks and length. The rooms
    /// belong to one request each and are taken out before.
    pub fn absorb(&mut self, other: Self) {
        for (pid, process) in other.processes {
            self.processes.entry(pid).or_default().absorb(process);
        }
        for (tid, thread) in other.python {
            self.python.entry(tid).or_default().absorb(thread);
        }
        for locks in other.locks {
            match self.locks.iter_mut().find(|mine| mine.database == locks.database) {
                Some(mine) => mine.absorb(locks),
                None => self.locks.push(locks),
            }
        }
        self.peers.absorb(other.peers);
        self.window += other.window;
        self.failures.extend(other.failures);
    }
}

impl LocksSeen {
    fn absorb(&mut self, other: Self) {
        self.looks += other.looks;
        for (lock, seen) in other.seen {
            self.seen.entry(lock).or_default().absorb(seen);
        }
    }
}

impl Watch {
    /// Closes the window and gives what was seen.
    pub async fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut seen = match (&mut self.main).await {
            Ok(seen) => seen,
            Err(error) => Seen {
                failures: vec![format!("the watching thread ended early: {error}")],
                ..Seen::default()
            },
        };
        if let Some(python) = self.python.take() {
            match python.await {
                Ok(threads) => seen.python = threads,
                Err(error) => seen.failures.push(format!("the Python reader ended early: {error}")),
            }
        }
        seen
    }
}

fn look_at_python(spy: &SharedSpy, stop: &AtomicBool) -> BTreeMap<u32, PythonSeen> {
    let mut seen = BTreeMap::new();
    let mut spy = spy.lock().unwrap_or_else(PoisonError::into_inner);
    while !stop.load(Ordering::Relaxed) {
        spy.look(&mut seen);
        std::thread::sleep(PYTHON_INTERVAL);
    }
    seen
}

fn look(plan: Plan, stop: &AtomicBool) -> Seen {
    let started = Instant::now();
    let mut failures = Vec::new();
    let mut keep = |what: &str, error: std::io::Error| failures.push(format!("{what}: {error}"));
    let mut diag = SockDiag::open().map_err(|error| keep("NETLINK_SOCK_DIAG", error)).ok();
    let mut locks: Vec<LockWatch> = plan
        .databases
        .iter()
        .filter_map(|database| {
            LockWatch::begin(database).map_err(|error| keep("/proc/locks", error)).ok()
        })
        .collect();
    let mut processes: Vec<(u32, ThreadWatch, Counters)> = plan
        .pids
        .iter()
        .filter_map(|pid| {
            let threads = ThreadWatch::begin(*pid)
                .map_err(|error| keep(&format!("/proc/{pid}/task"), error))
                .ok()?;
            Some((*pid, threads, Counters::begin(*pid)))
        })
        .collect();
    let mut rooms = plan.rooms;
    let mut peers = plan.peers;
    let mut buffer = [0; 512];
    for round in 0_u32.. {
        if let Some(diag) = &mut diag {
            rooms.iter_mut().for_each(|room| room.look(diag));
            peers.iter_mut().for_each(|peers| peers.look(diag));
        }
        let now = Instant::now();
        locks.iter_mut().for_each(|lock| lock.look(now));
        if round.is_multiple_of(THREADS_EVERY) {
            for (_, threads, counters) in &mut processes {
                threads.look(&mut buffer);
                counters.look();
            }
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(ROOM_INTERVAL);
    }
    if let (Some(diag), Some(peers)) = (&mut diag, &mut peers) {
        peers.look_now(diag);
    }
    Seen {
        rooms,
        locks: locks
            .into_iter()
            .map(|lock| LocksSeen { database: lock.database, looks: lock.looks, seen: lock.seen })
            .collect(),
        processes: processes
            .into_iter()
            .map(|(pid, threads, counters)| (pid, end(threads, counters)))
            .collect(),
        python: BTreeMap::new(),
        peers: peers.map(PeerWatch::end).unwrap_or_default(),
        window: started.elapsed(),
        failures,
    }
}

fn end(threads: ThreadWatch, counters: Counters) -> ProcessSeen {
    let syscalls_denied = threads.syscalls_denied.clone();
    let (threads, runnable) = threads.end();
    ProcessSeen { threads, runnable, counters: counters.end(), syscalls_denied }
}
