//! Whether the machine can be trusted to measure: pressure, steal, neighbours, and our own delays.

use std::time::Duration;

use procfs::{CurrentSI, KernelStats};
use tokio::time::Instant;

use super::census::Census;
use super::http_client::ms;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object};

/// Our timer is set for this long, again and again, to see how late it fires.
const TIMER: Duration = Duration::from_millis(40);
/// Most of its lateness samples kept.
const LATE_MAX: usize = 400;
/// Neighbours using less than this are not listed, in cores.
const NEIGHBOUR_CORES_MIN: f64 = 0.05;
/// Most neighbours listed.
const NEIGHBOURS_MAX: usize = 5;

/// The first reading; the second is taken by [`Before::finish`].
pub struct Before {
    started: Instant,
    census: Census,
    stats: Option<KernelStats>,
    pressure: [Option<u64>; 3],
    own: (u64, u64),
    late: tokio::task::JoinHandle<Vec<f64>>,
    stop: tokio::sync::oneshot::Sender<()>,
}

/// Takes the first reading and starts the timer that shows our own delays.
pub fn begin() -> Before {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    Before {
        started: Instant::now(),
        census: Census::take(),
        stats: KernelStats::current().ok(),
        pressure: pressures(),
        own: own_times(),
        late: tokio::spawn(timer_lateness(stopped)),
        stop,
    }
}

async fn timer_lateness(mut stopped: tokio::sync::oneshot::Receiver<()>) -> Vec<f64> {
    let mut late = Vec::new();
    loop {
        let due = Instant::now() + TIMER;
        tokio::select! {
            () = tokio::time::sleep_until(due) => {
                if late.len() < LATE_MAX {
                    late.push(ms(due.elapsed()));
                }
            }
            _ = &mut stopped => return late,
        }
    }
}

impl Before {
    /// Takes the second reading and publishes the differences.
    pub async fn finish(self, scene: &Scene<'_>) {
        let window = self.started.elapsed();
        // The task only ends early with the runtime, and then nobody reads the answer.
        let _ = self.stop.send(());
        let late = self.late.await.unwrap_or_default();
        if let (Some(before), Ok(after)) = (&self.stats, KernelStats::current()) {
            publish_cpu(scene, before, &after);
        }
        publish_pressure(scene, self.pressure, window);
        publish_neighbours(scene, &self.census, window);
        let (on_cpu_ns, run_queue_ns) = own_times();
        let source = Source::new(
            "host",
            "/proc/self/task/*/schedstat, first and last reading",
            "cat /proc/self/schedstat",
        );
        scene.fact(
            FactKey::DoctorOnCpuNs,
            object::DOCTOR,
            on_cpu_ns.saturating_sub(self.own.0),
            &source,
        );
        scene.fact(
            FactKey::DoctorRunQueueNs,
            object::DOCTOR,
            run_queue_ns.saturating_sub(self.own.1),
            &source,
        );
        scene.fact(
            FactKey::DoctorWindowNs,
            object::DOCTOR,
            u64::try_from(window.as_nanos()).unwrap_or(u64::MAX),
            &source,
        );
        let timer = Source::new(
            "host",
            format!("a timer of {} ms, set again and again", TIMER.as_millis()),
            "cyclictest",
        );
        scene.fact(FactKey::DoctorTimerLateMs, object::DOCTOR, late, &timer);
    }
}

/// Facts about the machine that do not change.
pub fn publish_machine(scene: &Scene<'_>) {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    scene.fact(
        FactKey::HostCpus,
        object::HOST,
        cpus,
        &Source::new("host", "sched_getaffinity(2)", "nproc"),
    );
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    scene.fact(
        FactKey::HostKernel,
        object::HOST,
        kernel,
        &Source::new("host", "uname(2)", "uname -r"),
    );
}

fn publish_cpu(scene: &Scene<'_>, before: &KernelStats, after: &KernelStats) {
    let total = |stats: &KernelStats| {
        let cpu = &stats.total;
        let waiting = cpu.idle + cpu.iowait.unwrap_or(0);
        let steal = cpu.steal.unwrap_or(0);
        let busy =
            cpu.user + cpu.nice + cpu.system + cpu.irq.unwrap_or(0) + cpu.softirq.unwrap_or(0);
        (busy, steal, busy + steal + waiting)
    };
    let (first, last) = (total(before), total(after));
    let all = last.2.saturating_sub(first.2).max(1) as f64;
    let source = Source::new("host", "/proc/stat, first and last reading", "vmstat 1 5");
    scene.fact(
        FactKey::HostCpuBusyShare,
        object::HOST,
        last.0.saturating_sub(first.0) as f64 / all * 100.0,
        &source,
    );
    scene.fact(
        FactKey::HostStealShare,
        object::HOST,
        last.1.saturating_sub(first.1) as f64 / all * 100.0,
        &source,
    );
}

/// Totals of stalled microseconds: cpu some, memory full, io full.
fn pressures() -> [Option<u64>; 3] {
    [("cpu", "some"), ("memory", "full"), ("io", "full")].map(|(resource, kind)| {
        let text = std::fs::read_to_string(format!("/proc/pressure/{resource}")).ok()?;
        let line = text.lines().find(|line| line.starts_with(kind))?;
        line.rsplit_once("total=")?.1.trim().parse().ok()
    })
}

/// The share of our own window in which tasks were stalled; avg10 would mix in what was before.
fn publish_pressure(scene: &Scene<'_>, before: [Option<u64>; 3], window: Duration) {
    let keys = [
        (FactKey::HostPsiCpu, "cpu"),
        (FactKey::HostPsiMemory, "memory"),
        (FactKey::HostPsiIo, "io"),
    ];
    for ((key, resource), (first, last)) in
        keys.into_iter().zip(before.into_iter().zip(pressures()))
    {
        let file = format!("/proc/pressure/{resource}");
        match first.zip(last) {
            Some((first, last)) => {
                let share =
                    last.saturating_sub(first) as f64 / window.as_micros().max(1) as f64 * 100.0;
                let source = Source::new(
                    "host",
                    format!("{file}: total, first and last reading"),
                    format!("cat {file}"),
                );
                scene.fact(key, object::HOST, share.min(100.0), &source);
            }
            None => scene.missing(key, object::HOST, format!("{file} cannot be read")),
        }
    }
}

fn publish_neighbours(scene: &Scene<'_>, before: &Census, window: Duration) {
    let first = before.cpu_ticks();
    let after = Census::take();
    let mut own = scene.found().pids;
    own.push(std::process::id());
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1) as f64;
    let mut used: Vec<(u32, f64)> = after
        .all()
        .filter(|(pid, one)| !own.contains(pid) && !own.contains(&one.parent))
        .map(|(pid, one)| {
            let earlier = first.get(&(pid, one.start_ticks)).copied().unwrap_or(0);
            let ticks = one.cpu_ticks.saturating_sub(earlier) as f64;
            (pid, ticks / ticks_per_second / window.as_secs_f64().max(0.001))
        })
        .filter(|(_, cores)| *cores >= NEIGHBOUR_CORES_MIN)
        .collect();
    used.sort_by(|a, b| b.1.total_cmp(&a.1));
    let source =
        Source::new("host", "/proc/*/stat: utime and stime, first and last reading", "top -b -n 1");
    for (pid, cores) in used.into_iter().take(NEIGHBOURS_MAX) {
        scene.fact(FactKey::HostNeighbourCpu, object::process(pid), cores, &source);
        if let Some(member) = after.get(pid) {
            let words = member.command.iter().map(String::as_str);
            scene.fact(
                FactKey::ProcessCmdline,
                object::process(pid),
                crate::evidence::redact::command_line(words),
                &source,
            );
        }
    }
}

/// On-CPU and run-queue nanoseconds of all our threads.
fn own_times() -> (u64, u64) {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.fold((0, 0), |sum, task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let mut words = text.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
        (sum.0 + words.next().unwrap_or(0), sum.1 + words.next().unwrap_or(0))
    })
}
