//! What the machine did beside a run, measured without the doctor: the CPU that neither the patient nor
//! the doctor used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Instant;

/// Clock ticks of a second in /proc (USER_HZ, proc(5)).
const TICKS_PER_S: f64 = 100.0;

/// CPU time at one moment.
pub struct Meter {
    at: Instant,
    busy_s: f64,
    ours_s: f64,
    waited_s: f64,
    own: BTreeSet<u32>,
}

/// CPU time over a while.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// How long, in seconds.
    pub seconds: f64,
    /// What others used, in cores.
    pub others_cores: f64,
    /// What children of this process used that ended meanwhile, in seconds: the doctor.
    pub waited_s: f64,
    /// This process and everything it started, at the beginning or the end.
    pub own: BTreeSet<u32>,
}

impl Meter {
    /// Reads the clocks of the machine and of everything this process started.
    #[must_use]
    pub fn read() -> Self {
        let (ours_s, waited_s, own) = ours();
        Self { at: Instant::now(), busy_s: busy(), ours_s, waited_s, own }
    }

    /// What was used since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Spent {
        let seconds = self.at.duration_since(before.at).as_secs_f64().max(1e-3);
        let ours = self.ours_s - before.ours_s;
        let others = (self.busy_s - before.busy_s - ours).max(0.0);
        Spent {
            seconds,
            others_cores: others / seconds,
            waited_s: self.waited_s - before.waited_s,
            own: self.own.union(&before.own).copied().collect(),
        }
    }
}

/// CPU time in use since the start of the machine, of all CPUs: user, nice, system, irq, softirq.
fn busy() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let used = [0, 1, 2, 5, 6].iter().filter_map(|at| fields.get(*at)).sum::<f64>();
    used / TICKS_PER_S
}

/// One process of /proc: its parent, its own time and that of the children it waited for.
struct Process {
    parent: u32,
    own: f64,
    waited: f64,
}

/// The time of this process, of all below it, and of those that were waited for; of the last alone; and
/// who they are.
fn ours() -> (f64, f64, BTreeSet<u32>) {
    let all = processes();
    let own = std::process::id();
    let mut family = BTreeSet::from([own]);
    // Children have greater depth, not always greater PIDs: go round until nobody is added.
    loop {
        let before = family.len();
        let children = all.iter().filter(|(_, one)| family.contains(&one.parent));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        if family.len() == before {
            break;
        }
    }
    let time = |pid: &u32| all.get(pid).map_or(0.0, |one| one.own + one.waited);
    let waited = all.get(&own).map_or(0.0, |one| one.waited);
    (family.iter().map(time).sum(), waited, family)
}

fn processes() -> BTreeMap<u32, Process> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((pid, parse(&stat)?))
    })
    .collect()
}

/// Reads `/proc/PID/stat` behind the name, which stands in brackets and may hold anything (proc(5)).
fn parse(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok().map(|ticks| ticks / TICKS_PER_S);
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11)? + ticks(12)?,
        waited: ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 0 0 0 0 0 150 50 30 20 20 0";
        let process = parse(stat).unwrap();
        assert_eq!((process.parent, process.own, process.waited), (7, 2.0, 0.5));
    }

    #[test]
    fn what_this_process_computes_is_its_own() {
        let before = Meter::read();
        let mut sum = 0_u64;
        while before.at.elapsed().as_millis() < 120 {
            sum = sum.wrapping_mul(3).wrapping_add(1);
        }
        std::hint::black_box(sum);
        let after = Meter::read();
        assert!(after.ours_s > before.ours_s);
        assert!(after.since(&before).seconds >= 0.12);
    }
}
