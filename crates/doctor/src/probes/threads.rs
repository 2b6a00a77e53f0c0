//! Where each thread of a process stands: state, system call, wait channel, CPU and run-queue time.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use tokio::time::Instant;

use super::descriptors::Descriptors;
use super::syscalls::Position;
use crate::evidence::redact;

/// Most threads watched in one process; a program with more is watched in its first ones.
pub const THREADS_MAX: usize = 256;
/// The list of threads is read again after this many looks.
const REFRESH_LOOKS: u32 = 5;

/// What was seen of one thread over one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadSeen {
    /// Its name (comm).
    pub name: String,
    /// Looks by state letter.
    pub states: BTreeMap<String, u64>,
    /// Looks by system call.
    pub syscalls: BTreeMap<String, u64>,
    /// Looks by wait channel.
    pub wchans: BTreeMap<String, u64>,
    /// Looks by what its descriptor is.
    pub waits_on: BTreeMap<String, u64>,
    /// Time on a CPU within the window.
    pub on_cpu_ns: u64,
    /// Time runnable without a CPU within the window.
    pub run_queue_ns: u64,
    last_seen: BTreeMap<String, Instant>,
}

/// Calls that are no synchronous wait: computing, and an event loop's own waiting.
const NO_WAIT: [&str; 2] = ["running", "epoll_wait"];

impl ThreadSeen {
    /// The last look at which the thread stood in its most frequent wait, if it stood in one for
    /// half of all looks at least.
    pub fn last_in_its_wait(&self) -> Option<Instant> {
        let looks: u64 = self.syscalls.values().sum();
        let (call, most) = self.syscalls.iter().max_by_key(|(_, looks)| **looks)?;
        let waits = most * 2 >= looks && !NO_WAIT.contains(&call.as_str()) && !self.is_parked();
        self.last_seen.get(call).copied().filter(|_| waits)
    }

    /// Whether it slept through the whole window in one futex, as pool threads without work do.
    pub fn is_parked(&self) -> bool {
        self.on_cpu_ns == 0 && self.syscalls.len() == 1 && self.syscalls.contains_key("futex")
    }

    /// Adds what another window saw of the same thread.
    pub fn absorb(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.states, other.states),
            (&mut self.syscalls, other.syscalls),
            (&mut self.wchans, other.wchans),
            (&mut self.waits_on, other.waits_on),
        ] {
            for (label, looks) in theirs {
                *mine.entry(label).or_default() += looks;
            }
        }
        self.name = other.name;
        self.on_cpu_ns += other.on_cpu_ns;
        self.run_queue_ns += other.run_queue_ns;
    }
}

/// Watches all threads of one process; keeps their files open and reads each again at every look.
#[derive(Debug)]
pub struct ThreadWatch {
    pid: u32,
    threads: HashMap<u32, OpenThread>,
    descriptors: Descriptors,
    looks: u32,
    /// Runnable threads at each look.
    pub runnable: Vec<f64>,
    /// Why system calls cannot be read, when they cannot.
    pub syscalls_denied: Option<String>,
}

#[derive(Debug)]
struct OpenThread {
    stat: File,
    syscall: Option<File>,
    wchan: Option<File>,
    schedstat: Option<File>,
    first: Option<(u64, u64)>,
    seen: ThreadSeen,
}

impl ThreadWatch {
    /// Begins to watch; the first look is the base of all differences.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn begin(pid: u32) -> io::Result<Self> {
        let mut watch = Self {
            pid,
            threads: HashMap::new(),
            descriptors: Descriptors::default(),
            looks: 0,
            runnable: Vec::new(),
            syscalls_denied: None,
        };
        // The kernel checks the right to trace at each read of this file, not when it is opened.
        let own_stand = format!("/proc/{pid}/syscall");
        watch.syscalls_denied =
            std::fs::read(&own_stand).err().map(|error| format!("{own_stand}: {error}"));
        watch.refresh()?;
        Ok(watch)
    }

    /// Looks once at every thread.
    pub fn look(&mut self, buffer: &mut [u8; 512]) {
        self.looks += 1;
        if self.looks.is_multiple_of(REFRESH_LOOKS) && self.refresh().is_err() {
            return;
        }
        let mut runnable = 0;
        for thread in self.threads.values_mut() {
            runnable += u32::from(thread.look(self.pid, &mut self.descriptors, buffer));
        }
        self.runnable.push(f64::from(runnable));
    }

    /// Ends the window; gives what was seen by thread id.
    pub fn end(mut self) -> (BTreeMap<u32, ThreadSeen>, Vec<f64>) {
        let mut buffer = [0; 512];
        for thread in self.threads.values_mut() {
            thread.account(&mut buffer);
        }
        (self.threads.into_iter().map(|(tid, thread)| (tid, thread.seen)).collect(), self.runnable)
    }

    fn refresh(&mut self) -> io::Result<()> {
        for entry in std::fs::read_dir(format!("/proc/{}/task", self.pid))?.flatten() {
            let Some(tid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if self.threads.contains_key(&tid) || self.threads.len() >= THREADS_MAX {
                continue;
            }
            let path = entry.path();
            let Ok(stat) = File::open(path.join("stat")) else { continue };
            let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
            let mut thread = OpenThread {
                stat,
                syscall: File::open(path.join("syscall")).ok(),
                wchan: File::open(path.join("wchan")).ok(),
                schedstat: File::open(path.join("schedstat")).ok(),
                first: None,
                seen: ThreadSeen { name: redact::text(name.trim()), ..ThreadSeen::default() },
            };
            thread.account(&mut [0; 512]);
            self.threads.insert(tid, thread);
        }
        Ok(())
    }
}

impl OpenThread {
    /// One look; says whether the thread was runnable. A thread that has ended is left as it is.
    fn look(&mut self, pid: u32, descriptors: &mut Descriptors, buffer: &mut [u8; 512]) -> bool {
        let Some(state) = read(&self.stat, buffer).and_then(state_of) else { return false };
        count(&mut self.seen.states, state.to_string());
        let wchan = self.wchan.as_ref().and_then(|file| read(file, buffer));
        if let Some(wchan) = wchan.filter(|wchan| !matches!(*wchan, "0" | "")) {
            count(&mut self.seen.wchans, wchan.to_owned());
        }
        let position = self.syscall.as_ref().and_then(|file| Position::parse(read(file, buffer)?));
        if let Some(position) = position {
            self.seen.last_seen.insert(position.label(), Instant::now());
            count(&mut self.seen.syscalls, position.label());
            for what in descriptors.waited_on(pid, &position) {
                count(&mut self.seen.waits_on, what);
            }
        }
        self.account(buffer);
        state == 'R'
    }

    /// Brings the CPU and run-queue times up to date (schedstat: on-CPU ns, waiting ns, slices).
    fn account(&mut self, buffer: &mut [u8; 512]) {
        let Some(line) = self.schedstat.as_ref().and_then(|file| read(file, buffer)) else {
            return;
        };
        let mut words = line.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
        let now = (words.next().unwrap_or(0), words.next().unwrap_or(0));
        let first = *self.first.get_or_insert(now);
        self.seen.on_cpu_ns = now.0.saturating_sub(first.0);
        self.seen.run_queue_ns = now.1.saturating_sub(first.1);
    }
}

fn count(counts: &mut BTreeMap<String, u64>, label: String) {
    *counts.entry(label).or_default() += 1;
}

/// Reads a /proc file again from its beginning through the handle kept open.
fn read<'a>(file: &File, buffer: &'a mut [u8; 512]) -> Option<&'a str> {
    let length = file.read_at(buffer, 0).ok()?;
    std::str::from_utf8(&buffer[..length]).ok().map(str::trim_end)
}

/// The state letter stands behind the name, which is in parentheses and may itself contain some.
fn state_of(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sleeping_thread_is_seen_asleep_in_its_system_call() {
        let (tell_tid, tid) = mpsc::channel();
        let (let_go, wait) = mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            tell_tid.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            while wait.try_recv() == Err(mpsc::TryRecvError::Empty) {
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let tid = u32::try_from(tid.recv().unwrap()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let mut watch = ThreadWatch::begin(std::process::id()).unwrap();
        watch.look(&mut [0; 512]);
        let (seen, runnable) = watch.end();
        let_go.send(()).unwrap();
        sleeper.join().unwrap();
        let thread = &seen[&tid];
        assert_eq!(thread.states.get("S"), Some(&1), "{thread:?}");
        assert_eq!(thread.syscalls.get("clock_nanosleep"), Some(&1), "{thread:?}");
        assert_eq!(runnable.len(), 1);
    }

    #[test]
    fn a_name_with_parentheses_does_not_hide_the_state() {
        assert_eq!(state_of("7 (a) R (b)) S 1 2"), Some('S'));
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(ThreadWatch::begin(u32::MAX - 1).is_err());
    }
}
