//! What the threads of the server did while a request was outstanding, compared with idle.

use std::collections::BTreeMap;

use crate::evidence::object::{self, Window};
use crate::evidence::{Evidence, Fact, FactKey, Value};
use crate::figure::Expr;

/// What a thread waits for, by the system call it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// On a CPU or ready for one.
    Running,
    /// Waiting for events as event loops and parked pool threads do.
    Parked,
    /// A timed sleep.
    Sleep,
    /// A lock or a condition inside the process.
    Futex,
    /// A descriptor of the network.
    Network,
    /// A file: reading, writing, making durable.
    File,
    /// A lock on a file.
    FileLock,
    /// A child process.
    Child,
    /// Anything else.
    Other,
}

/// One thread in one window.
#[derive(Clone, Debug)]
pub struct ThreadView<'a> {
    evidence: &'a Evidence,
    /// The process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// The object of its facts in this window.
    pub object: String,
    /// Counts by system call, or by wait channel where calls cannot be read.
    pub waits: &'a Fact,
    idle: Option<&'a Fact>,
}

/// The threads watched in the first of these windows that has any.
pub fn watched<'a>(evidence: &'a Evidence, windows: &[Window]) -> Vec<ThreadView<'a>> {
    windows
        .iter()
        .map(|window| in_window(evidence, window))
        .find(|all| !all.is_empty())
        .unwrap_or_default()
}

fn in_window<'a>(evidence: &'a Evidence, window: &Window) -> Vec<ThreadView<'a>> {
    let mut views = BTreeMap::new();
    for key in [FactKey::ThreadWchans, FactKey::ThreadSyscalls] {
        for fact in evidence.all(key) {
            let Some(thread) = object::parse_thread(&fact.object) else { continue };
            if thread.window != *window || !has_counts(fact) {
                continue;
            }
            let idle = evidence.find(key, &object::thread(thread.pid, thread.tid, &Window::Idle));
            let view = ThreadView {
                evidence,
                pid: thread.pid,
                tid: thread.tid,
                object: fact.object.clone(),
                waits: fact,
                idle,
            };
            views.insert((thread.pid, thread.tid), view);
        }
    }
    views.into_values().collect()
}

fn has_counts(fact: &Fact) -> bool {
    matches!(&fact.value, Value::Counts(counts) if counts.values().any(|count| *count > 0))
}

impl<'a> ThreadView<'a> {
    /// A fact about this thread in this window.
    pub fn fact(&self, key: FactKey) -> Option<&'a Fact> {
        self.evidence.find(key, &self.object)
    }

    /// The counts of the same thread when nothing is asked of the server.
    pub fn idle(&self) -> Option<&'a Fact> {
        self.idle
    }

    /// Whether it is the process's first thread.
    pub fn is_main(&self) -> bool {
        self.pid == self.tid
    }

    /// Whether it runs an event loop: by its Python stack, or because it waits in epoll when idle.
    pub fn is_loop(&self) -> bool {
        let by_stack = self.fact(FactKey::PythonOnLoop).or_else(|| {
            let idle = object::thread(self.pid, self.tid, &Window::Idle);
            self.evidence.find(FactKey::PythonOnLoop, &idle)
        });
        match by_stack.map(|fact| &fact.value) {
            Some(Value::Bool(on_loop)) => *on_loop,
            _ => self.is_main() && self.idle.and_then(most_frequent).is_some_and(is_epoll),
        }
    }

    /// The fact that says it runs a loop, for citing.
    pub fn loop_fact(&self) -> Option<&'a Fact> {
        self.fact(FactKey::PythonOnLoop).or(self.idle)
    }

    /// What a label means for this thread.
    pub fn wait_of(&self, label: &str) -> Wait {
        let wait = classify(label);
        let pollable = matches!(wait, Wait::Network | Wait::Futex | Wait::Other) && is_poll(label)
            || wait == Wait::Futex;
        let same_when_idle = self.idle.and_then(most_frequent).is_some_and(|idle| idle == label);
        if pollable && same_when_idle { Wait::Parked } else { wait }
    }

    /// Labels of a class, with their counts, the most frequent first.
    pub fn labels(&self, class: Wait) -> Vec<(&'a str, u64)> {
        let mut labels: Vec<_> =
            counts(self.waits).filter(|(label, _)| self.wait_of(label) == class).collect();
        labels.sort_by_key(|(label, count)| (std::cmp::Reverse(*count), *label));
        labels
    }

    /// How many looks found it in a class.
    pub fn looks(&self, class: Wait) -> u64 {
        self.labels(class).iter().map(|(_, count)| count).sum()
    }

    /// How many looks there were.
    pub fn looks_total(&self) -> u64 {
        self.waits.n.max(1)
    }

    /// The share of looks in a class, 0 to 1.
    pub fn share(&self, class: Wait) -> f64 {
        self.looks(class) as f64 / self.looks_total() as f64
    }

    /// The share of looks in a class as an expression over the fact, 0 to 1.
    pub fn share_expr(&self, class: Wait) -> Expr {
        Expr::sum(self.labels(class).iter().map(|(label, _)| Expr::count(self.waits, label)))
            .over(Expr::n(self.waits))
    }

    /// The share of the window spent on a CPU, as an expression, 0 to 1.
    pub fn on_cpu_expr(&self) -> Option<Expr> {
        self.of_window(FactKey::ThreadOnCpuNs)
    }

    /// The share of the window spent runnable without a CPU, as an expression, 0 to 1.
    pub fn run_queue_expr(&self) -> Option<Expr> {
        self.of_window(FactKey::ThreadRunQueueNs)
    }

    fn of_window(&self, key: FactKey) -> Option<Expr> {
        let part = self.fact(key)?;
        let window = self.fact(FactKey::ThreadWindowNs)?;
        Some(Expr::value(part).over(Expr::value(window)))
    }

    /// The share of the window on a CPU, 0 to 1.
    pub fn on_cpu(&self) -> Option<f64> {
        self.on_cpu_expr()?.evaluate(self.evidence)
    }

    /// The share of the window in the run queue, 0 to 1.
    pub fn run_queue(&self) -> Option<f64> {
        self.run_queue_expr()?.evaluate(self.evidence)
    }

    /// The most frequent synchronous wait: neither running nor parked.
    pub fn sync_wait(&self) -> Option<(&'a str, Wait, u64)> {
        counts(self.waits)
            .map(|(label, count)| (label, self.wait_of(label), count))
            .filter(|(_, wait, _)| !matches!(wait, Wait::Running | Wait::Parked))
            .max_by_key(|(label, _, count)| (*count, std::cmp::Reverse(*label)))
    }

    /// Looks in any synchronous wait.
    pub fn sync_looks(&self) -> u64 {
        self.looks_total().saturating_sub(self.looks(Wait::Running) + self.looks(Wait::Parked))
    }

    /// Looks in which it was not parked.
    pub fn busy_looks(&self) -> u64 {
        self.looks_total().saturating_sub(self.looks(Wait::Parked))
    }

    /// Whether it does what it does when idle: a timer, a watcher, a parked worker.
    pub fn is_as_idle(&self) -> bool {
        let now = most_frequent(self.waits);
        now.is_some() && self.idle.and_then(most_frequent) == now && self.looks(Wait::Running) == 0
    }

    /// The most frequent source line of the application, and the fact that says so.
    pub fn line(&self) -> Option<(&'a str, &'a Fact)> {
        [FactKey::PythonLines, FactKey::PythonLeaves]
            .into_iter()
            .find_map(|key| self.fact(key).and_then(|fact| Some((most_frequent(fact)?, fact))))
    }

    /// The text of that source line.
    pub fn source_text(&self) -> Option<(&'a str, &'a Fact)> {
        let (line, _) = self.line()?;
        let place = line.split_once(' ').map_or(line, |(place, _)| place);
        let fact = self.evidence.find(FactKey::PythonSourceText, place)?;
        match &fact.value {
            Value::Text(text) => Some((text, fact)),
            _ => None,
        }
    }

    /// What its waits were for, most frequent first.
    pub fn waits_on(&self) -> Option<(&'a str, &'a Fact)> {
        let fact = self.fact(FactKey::ThreadWaitsOn)?;
        Some((most_frequent(fact)?, fact))
    }
}

/// The thread that worked on the request, if any was busy for a fifth of the looks.
pub fn working<'v, 'a>(views: &'v [ThreadView<'a>]) -> Option<&'v ThreadView<'a>> {
    views
        .iter()
        .filter(|view| view.busy_looks() * 5 >= view.looks_total() && !view.is_as_idle())
        .max_by_key(|view| (view.busy_looks(), view.is_loop()))
}

/// The thread that runs the event loop.
pub fn event_loop<'v, 'a>(views: &'v [ThreadView<'a>]) -> Option<&'v ThreadView<'a>> {
    views.iter().filter(|view| view.is_loop()).max_by_key(|view| view.busy_looks())
}

/// The most frequent label of a fact of counts.
pub fn most_frequent(fact: &Fact) -> Option<&str> {
    counts(fact)
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(label, count)| (*count, std::cmp::Reverse(*label)))
        .map(|(label, _)| label)
}

fn counts(fact: &Fact) -> impl Iterator<Item = (&str, u64)> {
    let counts = match &fact.value {
        Value::Counts(counts) => Some(counts),
        _ => None,
    };
    counts.into_iter().flatten().map(|(label, count)| (label.as_str(), *count))
}

fn is_epoll(label: &str) -> bool {
    matches!(label, "epoll_wait" | "epoll_pwait" | "epoll_pwait2" | "do_epoll_wait" | "ep_poll")
}

fn is_poll(label: &str) -> bool {
    matches!(
        label,
        "poll"
            | "ppoll"
            | "select"
            | "pselect6"
            | "poll_schedule_timeout"
            | "accept"
            | "accept4"
            | "io_uring_enter"
            | "rt_sigtimedwait"
            | "read"
            | "recvfrom"
    )
}

/// Classes by system call, then by the wait channels of kernels 5.10 to 6.18.
fn classify(label: &str) -> Wait {
    match label {
        "running" | "R" | "0" => Wait::Running,
        label if is_epoll(label) => Wait::Parked,
        "clock_nanosleep" | "nanosleep" | "pause" | "hrtimer_nanosleep" | "do_nanosleep" => {
            Wait::Sleep
        }
        "futex"
        | "futex_wait"
        | "futex_waitv"
        | "futex_do_wait"
        | "futex_wait_queue"
        | "futex_wait_queue_me" => Wait::Futex,
        "connect"
        | "accept"
        | "accept4"
        | "recvfrom"
        | "recvmsg"
        | "recvmmsg"
        | "sendto"
        | "sendmsg"
        | "poll"
        | "ppoll"
        | "select"
        | "pselect6"
        | "wait_woken"
        | "sk_wait_data"
        | "inet_csk_accept"
        | "poll_schedule_timeout"
        | "unix_stream_read_generic"
        | "unix_stream_data_wait" => Wait::Network,
        "fsync"
        | "fdatasync"
        | "sync_file_range"
        | "pread64"
        | "pwrite64"
        | "preadv"
        | "pwritev"
        | "openat"
        | "ftruncate"
        | "rename"
        | "unlink"
        | "folio_wait_bit"
        | "folio_wait_bit_common"
        | "io_schedule"
        | "jbd2_log_wait_commit"
        | "wait_on_page_bit_common" => Wait::File,
        "flock" | "fcntl" | "fcntl_setlk" | "locks_lock_inode_wait" => Wait::FileLock,
        "wait4" | "waitid" | "do_wait" => Wait::Child,
        _ => Wait::Other,
    }
}
