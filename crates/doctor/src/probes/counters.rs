//! What a whole process used in one window: CPU, reads, faults, memory, and its cgroup's throttling.

use std::path::PathBuf;

use procfs::process::Process;

use super::cgroups::Cgroups;

/// Counters of one process over one window; `None` where the right to read them is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountersSeen {
    /// CPU time of all threads, those that ended included, in nanoseconds.
    pub cpu_ns: u64,
    /// Read system calls.
    pub read_calls: Option<u64>,
    /// Page faults that needed the disk.
    pub major_faults: u64,
    /// Highest resident set above the one at the start, in bytes.
    pub rss_bump_bytes: u64,
    /// Throttling of its cgroup.
    pub throttled: Option<Throttled>,
}

impl CountersSeen {
    /// Adds another window.
    pub fn absorb(&mut self, other: Self) {
        self.cpu_ns += other.cpu_ns;
        self.read_calls = sum(self.read_calls, other.read_calls);
        self.major_faults += other.major_faults;
        self.rss_bump_bytes = self.rss_bump_bytes.max(other.rss_bump_bytes);
        self.throttled = match (self.throttled, other.throttled) {
            (Some(mine), Some(theirs)) => Some(Throttled {
                periods: mine.periods + theirs.periods,
                throttled_periods: mine.throttled_periods + theirs.throttled_periods,
                throttled_ns: mine.throttled_ns + theirs.throttled_ns,
            }),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// `cpu.stat` of a cgroup, over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// Quota periods elapsed; 0 without a quota.
    pub periods: u64,
    /// Of them throttled.
    pub throttled_periods: u64,
    /// Time throttled, in nanoseconds.
    pub throttled_ns: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    cpu_ns: u64,
    major_faults: u64,
    rss_bytes: u64,
    read_calls: Option<u64>,
    throttled: Option<Throttled>,
}

/// An open window over one process.
#[derive(Debug)]
pub struct Counters {
    process: Option<Process>,
    cgroup: Option<PathBuf>,
    first: Reading,
    rss_max_bytes: u64,
}

impl Counters {
    /// Takes the first reading.
    pub fn begin(pid: u32) -> Self {
        let process = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok());
        let mut counters = Self {
            process,
            cgroup: Cgroups::of(pid).and_then(|all| all.cpu()).map(|(_, directory)| directory),
            first: Reading::default(),
            rss_max_bytes: 0,
        };
        counters.first = counters.read();
        counters.rss_max_bytes = counters.first.rss_bytes;
        counters
    }

    /// Follows the resident set.
    pub fn look(&mut self) {
        let rss = self
            .process
            .as_ref()
            .and_then(|process| process.statm().ok())
            .map_or(0, |statm| statm.resident);
        self.rss_max_bytes = self.rss_max_bytes.max(rss * rustix::param::page_size() as u64);
    }

    /// Takes the last reading; gives the differences.
    pub fn end(self) -> CountersSeen {
        let last = self.read();
        let first = self.first;
        CountersSeen {
            cpu_ns: last.cpu_ns.saturating_sub(first.cpu_ns),
            read_calls: last
                .read_calls
                .zip(first.read_calls)
                .map(|(last, first)| last.saturating_sub(first)),
            major_faults: last.major_faults.saturating_sub(first.major_faults),
            rss_bump_bytes: self.rss_max_bytes.saturating_sub(first.rss_bytes),
            throttled: last.throttled.zip(first.throttled).map(|(last, first)| Throttled {
                periods: last.periods.saturating_sub(first.periods),
                throttled_periods: last.throttled_periods.saturating_sub(first.throttled_periods),
                throttled_ns: last.throttled_ns.saturating_sub(first.throttled_ns),
            }),
        }
    }

    fn read(&self) -> Reading {
        let Some(process) = &self.process else { return Reading::default() };
        let Ok(stat) = process.stat() else { return Reading::default() };
        let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
        Reading {
            cpu_ns: (stat.utime + stat.stime) * tick_ns,
            major_faults: stat.majflt,
            rss_bytes: stat.rss * rustix::param::page_size() as u64,
            read_calls: process.io().ok().map(|io| io.syscr),
            throttled: self
                .cgroup
                .as_ref()
                .and_then(|directory| cpu_stat(&directory.join("cpu.stat"))),
        }
    }
}

fn cpu_stat(file: &std::path::Path) -> Option<Throttled> {
    Some(parse_cpu_stat(&std::fs::read_to_string(file).ok()?))
}

/// v1 says `throttled_time` in nanoseconds, v2 `throttled_usec` in microseconds.
fn parse_cpu_stat(text: &str) -> Throttled {
    let mut read = Throttled::default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let value: u64 = value.trim().parse().unwrap_or(0);
        match name {
            "nr_periods" => read.periods = value,
            "nr_throttled" => read.throttled_periods = value,
            "throttled_time" => read.throttled_ns = value,
            "throttled_usec" => read.throttled_ns = value.saturating_mul(1000),
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_cpu_stat_are_read_in_nanoseconds() {
        let v1 = parse_cpu_stat("nr_periods 63\nnr_throttled 61\nthrottled_time 6170000000\n");
        let v2 = parse_cpu_stat(
            "usage_usec 5\nnr_periods 63\nnr_throttled 61\nthrottled_usec 6170000\n",
        );
        assert_eq!(v1, v2);
        assert_eq!(v1.throttled_ns, 6_170_000_000);
    }

    #[test]
    fn work_and_memory_of_a_window_are_counted() {
        let mut counters = Counters::begin(std::process::id());
        let ballast = vec![1_u8; 32 << 20];
        counters.look();
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(!text.is_empty() && ballast[5] == 1);
        drop(ballast);
        let seen = counters.end();
        assert!(seen.rss_bump_bytes >= 30 << 20, "{seen:?}");
        assert!(seen.read_calls.unwrap() >= 1);
    }
}
