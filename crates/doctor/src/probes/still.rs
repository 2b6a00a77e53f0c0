//! Threads that stand in one futex and never run, and who owns the mutex they wait for.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use tokio::time::Instant;

use super::scene::Scene;
use super::syscalls::Position;
use super::vigil;
use crate::evidence::{FactKey, Source, object};

/// Most threads followed in all.
const THREADS_MAX: usize = 256;
/// A thread that stands for less says nothing.
const STILL_MS_MIN: f64 = 1_000.0;
/// `__lock` of a glibc mutex that somebody waits for (lowlevellock.h).
const CONTENDED: i32 = 2;

/// Every followed thread, by process and thread.
#[derive(Debug, Default)]
pub struct Still {
    threads: BTreeMap<(u32, u32), Stand>,
}

/// Where a thread stands.
#[derive(Clone, Debug)]
struct Stand {
    /// The whole line of `/proc/PID/task/TID/syscall`, arguments, stack and program pointer too.
    line: String,
    /// Nanoseconds on a CPU until then.
    on_cpu: String,
    since: Instant,
    owner: Option<u32>,
}

impl Still {
    /// Looks at every thread of these processes.
    pub fn look(&mut self, pids: &[u32]) {
        for pid in pids {
            let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
            let tids = tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok());
            for tid in tids.take(THREADS_MAX) {
                self.look_at(*pid, tid);
            }
        }
        self.threads.retain(|(pid, _), _| pids.contains(pid));
    }

    fn look_at(&mut self, pid: u32, tid: u32) {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/{file}"));
        let (Ok(line), Ok(schedstat)) = (read("syscall"), read("schedstat")) else { return };
        let on_cpu = schedstat.split(' ').next().unwrap_or_default().to_owned();
        let Some(Position::In(libc::SYS_futex, [address, _])) = Position::parse(&line) else {
            self.threads.remove(&(pid, tid));
            return;
        };
        let stood = self.threads.get(&(pid, tid));
        let same = stood.filter(|stand| stand.line == line && stand.on_cpu == on_cpu);
        let since = same.map_or_else(Instant::now, |stand| stand.since);
        if same.is_some() || self.threads.len() < THREADS_MAX {
            let owner = owner_of(pid, address);
            self.threads.insert((pid, tid), Stand { line, on_cpu, since, owner });
        }
    }

    /// Publishes those that stood for a second and more.
    pub fn publish(&self, scene: &Scene<'_>) {
        let all = self.threads.values().map(|stand| vigil::since_ms(stand.since));
        let source = Source::new("vigil", "/proc/PID/task/*/syscall and schedstat", "ps -L -p PID");
        scene.fact(FactKey::ThreadStillMs, object::TARGET, all.fold(0.0, f64::max), &source);
        for ((pid, tid), stand) in &self.threads {
            let still_ms = vigil::since_ms(stand.since);
            if still_ms < STILL_MS_MIN {
                continue;
            }
            let name = object::lasting_thread(*pid, *tid);
            let file = format!("/proc/{pid}/task/{tid}/syscall");
            let source =
                Source::new("vigil", format!("{file} and schedstat"), format!("sudo cat {file}"));
            scene.fact(FactKey::ThreadStillMs, &name, still_ms, &source);
            if let Some(owner) = stand.owner {
                let source = Source::new(
                    "vigil",
                    format!("/proc/{pid}/mem at the futex of thread {tid}: pthread_mutex_t"),
                    format!("sudo gdb -p {pid} -batch -ex 'thread apply all bt'"),
                );
                scene.fact(FactKey::ThreadMutexOwner, &name, owner, &source);
            }
        }
    }
}

/// The owner of the glibc mutex at this address: `pthread_mutex_t` begins with `__lock`, `__count`
/// and `__owner` (struct_mutex.h). It is one only if the owner is a thread of the same process;
/// anything else at the address is not a contended mutex.
fn owner_of(pid: u32, address: u64) -> Option<u32> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut raw = [0_u8; 12];
    memory.read_exact_at(&mut raw, address).ok()?;
    let word = |at: usize| Some(i32::from_ne_bytes(raw[at..at + 4].try_into().ok()?));
    let owner = u32::try_from(word(8)?).ok().filter(|_| word(0) == Some(CONTENDED))?;
    std::fs::exists(format!("/proc/{pid}/task/{owner}")).ok()?.then_some(owner)
}
