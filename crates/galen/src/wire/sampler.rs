//! Gauges: once a second, what the store, the accounts, the process and the disk stand at.
//!
//! All of it is read from memory or from a few small files of /proc; the database is asked for its
//! kept counts and sizes every ten seconds only.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use galen_core::Refusal;
use galen_core::model::{Counts, PoolUse, StoreFacts};
use galen_monitor::{Metric, Monitor, Thrift};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::meter::{HistoryThread, process_cpu_ns};
use super::running::Running;

/// How often it samples, in milliseconds.
pub const EVERY_MS: u64 = 1_000;
const EVERY_NS: u64 = EVERY_MS * 1_000_000;
/// The timer whose lateness is the runtime's lag.
const TIMER: Duration = Duration::from_millis(200);
/// Every so many samples the database is asked.
const ASK_EVERY: u64 = 10;
/// When the monitor must save, it samples with every so many turns only.
const THRIFTY_EVERY: u64 = 5;
/// How long the database may take to answer, in nanoseconds.
const ASK_NS: u64 = 2_000_000_000;

/// What one sample hands to the next.
#[derive(Default)]
pub struct Sampler(Mutex<Before>);

#[derive(Default)]
struct Before {
    turns: u64,
    samples: u64,
    at_ns: u64,
    readers_busy_ns: u64,
    process_cpu_ns: u64,
    monitor_cpu_ns: u64,
    hash_refused: u64,
    login_failures: u64,
    history: HistoryThread,
    database: Option<(Counts, StoreFacts)>,
    files: u64,
}

impl Sampler {
    /// Takes one sample.
    ///
    /// # Errors
    /// When the database was due to be asked and did not answer; the rest was sampled.
    pub async fn sample(&self, running: &Running) -> Result<Value, Refusal> {
        let turn = self.before(|before| {
            before.turns += 1;
            before.turns
        });
        if running.rooms.monitor.thrift() >= Thrift::Samples && !turn.is_multiple_of(THRIFTY_EVERY)
        {
            return Ok(
                json!({ "sampled": false, "why": "the monitor keeps to its share of the CPU" }),
            );
        }
        let lag_ns = lag().await;
        let monitor = &running.rooms.monitor;
        monitor.time(Metric::RuntimeLagNs, "", lag_ns);
        let is_due = self.before(|before| {
            before.samples += 1;
            before.samples % ASK_EVERY == 1
        });
        let asked = if is_due { ask(running).await.map(Some) } else { Ok(None) };
        self.before(|before| {
            match &asked {
                Ok(Some(found)) => before.database = Some(found.clone()),
                Ok(None) => {}
                // What is not known any more is a gap, not a line that goes on.
                Err(_) => before.database = None,
            }
            if is_due {
                before.files = open_files();
            }
            before.note(running);
        });
        asked.map(|_| json!({ "lag_ns": lag_ns }))
    }

    /// What the database told last of its counts and sizes, if it answered the last time.
    pub fn database(&self) -> Option<(Counts, StoreFacts)> {
        self.before(|before| before.database.clone())
    }

    fn before<T>(&self, change: impl FnOnce(&mut Before) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How late a timer fires: what a task waits when the executor's threads are busy or blocked.
async fn lag() -> u64 {
    let due = Instant::now() + TIMER;
    tokio::time::sleep_until(due).await;
    u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

async fn ask(running: &Running) -> Result<(Counts, StoreFacts), Refusal> {
    let rooms = &running.rooms;
    let (store, cx) = (rooms.store.port(), rooms.background_for(ASK_NS));
    let both = async {
        let counts = store.counts(&cx, rooms.clock.now()).await?;
        Ok((counts, store.facts(&cx).await?))
    };
    match tokio::time::timeout(Duration::from_nanos(ASK_NS), both).await {
        Ok(found) => found,
        Err(_) => Err(Refusal::new(galen_core::Code::DeadlineExceeded)),
    }
}

impl Before {
    fn note(&mut self, running: &Running) {
        let rooms = &running.rooms;
        let monitor = &*rooms.monitor;
        let now_ns = rooms.clock.monotonic_ns();
        let past_ns = now_ns.saturating_sub(self.at_ns);
        let is_first = self.at_ns == 0;
        self.at_ns = now_ns;
        let pool = rooms.store.port().pool();
        note_pool(monitor, &pool);
        let busy_ns = grown(&mut self.readers_busy_ns, pool.readers_busy_ns);
        if !is_first && pool.readers > 0 {
            let whole_ns = past_ns.saturating_mul(u64::from(pool.readers)).max(1);
            let pool_use = (float(busy_ns) / float(whole_ns)).min(1.0);
            let times = past_ns.saturating_add(EVERY_NS / 2) / EVERY_NS;
            monitor.set_over(Metric::PoolUse, "", pool_use, times);
        }
        self.note_accounts(running);
        self.note_process(running);
        if let Some(free) = running.canary.disk_free() {
            monitor.set(Metric::DiskFreeBytes, "", float(free));
        }
        if let Some((counts, facts)) = &self.database {
            note_database(monitor, counts, facts);
        }
    }

    fn note_accounts(&mut self, running: &Running) {
        let (accounts, monitor) = (&running.rooms.accounts, &running.rooms.monitor);
        let hash = accounts.pressure();
        monitor.set(Metric::HashRunning, "", f64::from(hash.running));
        monitor.set(Metric::HashWaiting, "", f64::from(hash.waiting));
        let refused = grown(&mut self.hash_refused, hash.refused);
        if refused > 0 {
            monitor.add(Metric::HashRefused, "", refused);
        }
        let failed = grown(&mut self.login_failures, running.sign_ins.count());
        if failed > 0 {
            monitor.add(Metric::LoginFailures, "", failed);
        }
        let cached = u64::try_from(accounts.sessions_cached()).unwrap_or(u64::MAX);
        monitor.set(Metric::SessionsCached, "", float(cached));
        let streams = u64::try_from(running.rooms.hub.streams()).unwrap_or(u64::MAX);
        monitor.set(Metric::Streams, "", float(streams));
        let open = monitor.recorder().connections().open;
        monitor.set(Metric::ConnectionsOpen, "", float(open));
    }

    fn note_process(&mut self, running: &Running) {
        let monitor = &running.rooms.monitor;
        let cpu_ns = grown(&mut self.process_cpu_ns, process_cpu_ns());
        monitor.add(Metric::ProcessCpuNs, "", cpu_ns);
        let own_ns = running.meter.spent_ns() + self.history.cpu_ns();
        monitor.add(Metric::MonitorCpuNs, "", grown(&mut self.monitor_cpu_ns, own_ns));
        monitor.set(Metric::ProcessFds, "", float(self.files));
        if let Some((threads, rss_bytes)) = threads_and_memory() {
            monitor.set(Metric::ProcessThreads, "", float(threads));
            monitor.set(Metric::ProcessRssBytes, "", float(rss_bytes));
        }
    }
}

fn note_pool(monitor: &Monitor, pool: &PoolUse) {
    monitor.set(Metric::PoolSize, "", f64::from(pool.readers));
    monitor.set(Metric::PoolWaiting, "", f64::from(pool.reads_waiting));
    monitor.set(Metric::PoolLongestNs, "", float(pool.longest_read_ns));
    monitor.set(Metric::WriteQueue, "", f64::from(pool.writes_waiting));
    monitor.set(Metric::WriterBusyNs, "", float(pool.writer_busy_ns));
}

fn note_database(monitor: &Monitor, counts: &Counts, facts: &StoreFacts) {
    monitor.set(Metric::Sessions, "active", signed(counts.sessions_active));
    monitor.set(Metric::Sessions, "expired", signed(counts.sessions_expired));
    monitor.set(Metric::Users, "", signed(counts.users));
    monitor.set(Metric::DatabaseBytes, "", float(facts.size_bytes));
    monitor.set(Metric::WalBytes, "", float(facts.wal_bytes));
    let free = facts.freelist_pages.saturating_mul(facts.page_bytes);
    monitor.set(Metric::FreelistBytes, "", float(free));
}

/// How much a counter grew since it was kept in `before`; what it is now is kept.
fn grown(before: &mut u64, now: u64) -> u64 {
    now.saturating_sub(std::mem::replace(before, now))
}

#[expect(clippy::cast_precision_loss, reason = "gauges are figures; 53 bits are enough")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "gauges are figures; 53 bits are enough")]
fn signed(number: i64) -> f64 {
    number as f64
}

/// Threads of this process and its memory in RAM in bytes (proc(5), `/proc/PID/status`, lines
/// `Threads` and `VmRSS`).
fn threads_and_memory() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((number("Threads")?, number("VmRSS")?.saturating_mul(1_024)))
}

/// Open files of this process: the size of `/proc/self/fd` is their number from Linux 6.2 on; before
/// it they are counted.
fn open_files() -> u64 {
    let known = std::fs::metadata("/proc/self/fd").map_or(0, |meta| meta.len());
    if known > 0 {
        return known;
    }
    std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_read_from_proc() {
        let (threads, rss_bytes) = threads_and_memory().unwrap_or_default();
        assert!(threads >= 1 && rss_bytes > 1 << 20, "{threads} threads, {rss_bytes} bytes");
        assert!(open_files() >= 3);
    }

    #[test]
    fn a_counter_grows_by_its_difference() {
        let mut before = 0;
        assert_eq!(
            (grown(&mut before, 5), grown(&mut before, 7), grown(&mut before, 7)),
            (5, 2, 0)
        );
    }
}
