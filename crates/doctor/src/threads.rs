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
        if wait == Wait::Futex {
            return if self.is_parked_on_futex() { Wait::Parked } else { wait };
        }
        let pollable = matches!(wait, Wait::Network | Wait::Other) && is_poll(label);
        let same_when_idle = self.idle.and_then(most_frequent).is_some_and(|idle| idle == label);
        if pollable && same_when_idle { Wait::Parked } else { wait }
    }

    /// Whether its condition waits are those of a worker without work. With Python stacks: the
    /// application's lines are no more frequent than its computing. Without: it waits so when
    /// idle, or was born after the idle window, where nothing can be told.
    fn is_parked_on_futex(&self) -> bool {
        let Some(stacks) =
            self.fact(FactKey::PythonIdle).or_else(|| self.fact(FactKey::PythonLeaves))
        else {
            return match self.idle.and_then(most_frequent) {
                Some(idle) => classify(idle) == Wait::Futex,
                None => true,
            };
        };
        let sampled = stacks.n.max(1) as f64;
        let in_lines: u64 =
            self.fact(FactKey::PythonLines).into_iter().flat_map(counts).map(|(_, n)| n).sum();
        let running: u64 = counts(self.waits)
            .filter(|(label, _)| classify(label) == Wait::Running)
            .map(|(_, n)| n)
            .sum();
        in_lines as f64 / sampled - running as f64 / self.looks_total() as f64 <= 0.2
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

    /// The most frequent source line that is the application's own.
    pub fn app_line(&self) -> Option<(&'a str, &'a Fact)> {
        self.fact(FactKey::PythonLines).and_then(|fact| Some((most_frequent(fact)?, fact)))
    }

    /// The text of any source line, if it was read.
    pub fn text_of(&self, line: &str) -> Option<&'a str> {
        let place = line.split_once(' ').map_or(line, |(place, _)| place);
        self.evidence.text(FactKey::PythonSourceText, place)
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

    /// Whether its waits were most often outside any system call, in state D: page faults.
    pub fn waits_outside(&self) -> bool {
        let slept = self.fact(FactKey::ThreadStates).and_then(most_frequent) == Some("D");
        slept && self.sync_wait().is_some_and(|(label, ..)| label == "outside")
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

/// A thread that the request keeps: it stands in a wait of its own for a fifth of the looks, or
/// computes for two fifths of the window. Standing ready on a crowded machine is neither.
pub fn occupied<'v, 'a>(views: &'v [ThreadView<'a>]) -> Option<&'v ThreadView<'a>> {
    views.iter().filter(|view| !view.is_as_idle()).find(|view| {
        view.sync_looks() * 5 >= view.looks_total()
            || view.on_cpu().is_some_and(|share| share > 0.4)
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed};

    fn views(bed: Bed, judge: impl FnOnce(&[ThreadView<'_>])) {
        let evidence = bed.seal();
        judge(&watched(&evidence, &[Window::Held("/a".to_owned())]));
    }

    #[test]
    fn a_pool_thread_born_later_that_waits_for_work_did_not_work() {
        let bed = Bed::new()
            .counts(FactKey::ThreadSyscalls, "7/9 during /a", &[("futex", 55), ("running", 29)])
            .counts(FactKey::PythonLines, "7/9 during /a", &[("/app.py:1 f", 27)])
            .counts(FactKey::PythonIdle, "7/9 during /a", &[("idle", 44), ("active", 27)])
            .counts(FactKey::ThreadSyscalls, "7/8 during /a", &[("futex", 1), ("running", 83)])
            .counts(FactKey::PythonLines, "7/8 during /a", &[("/app.py:1 f", 70)])
            .counts(FactKey::PythonIdle, "7/8 during /a", &[("idle", 1), ("active", 70)]);
        views(bed, |views| assert_eq!(working(views).unwrap().tid, 8));
    }

    #[test]
    fn a_lock_waited_for_at_a_line_of_the_application_is_a_wait() {
        let bed = Bed::new()
            .counts(FactKey::ThreadSyscalls, "7/8 during /a", &[("futex", 60)])
            .counts(FactKey::PythonLines, "7/8 during /a", &[("/app.py:1 f", 60)])
            .counts(FactKey::PythonIdle, "7/8 during /a", &[("idle", 60)]);
        views(bed, |views| {
            assert_eq!(working(views).unwrap().sync_wait().unwrap().1, Wait::Futex);
        });
    }

    #[test]
    fn a_timer_that_sleeps_as_it_does_when_idle_did_not_work() {
        let bed =
            sample::thread(Bed::new(), 4101, "/a", "clock_nanosleep", &[("clock_nanosleep", 64)]);
        views(bed, |views| assert!(working(views).is_none()));
    }
}
