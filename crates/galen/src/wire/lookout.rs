//! What the canary makes of what it measured: one finding a resource, and the holder of a lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use galen_core::model::PoolUse;
use galen_core::{Code, Refusal, Resource, ResourceHolder, ResourceState, StoreError};
use galen_doctor::evidence::redact;

use super::canary::{LOCK_WAIT_NS, TRY_NS};
use super::errand::Back;
use crate::units;

/// What is said of a resource that was not tried yet.
pub const UNTRIED: &str = "not tried yet";
/// A reader, or the writer, that is at one thing for so long while others wait is not coming back
/// soon, in nanoseconds.
const STUCK_NS: u64 = 1_000_000_000;
/// Readers are all busy in every look for so long before that is a finding, in nanoseconds: a busy
/// moment is none.
const POOL_FULL_NS: u64 = 700_000_000;
/// The longest command line of a holder that is shown, in characters.
const COMMAND_CHARS_MAX: usize = 120;
/// How long the holder may be looked for: a process that hangs in the kernel can hold up who reads
/// its command line.
const HOLDER_PATIENCE: Duration = Duration::from_millis(150);

/// One finding a resource.
pub struct Findings {
    lock: ResourceState,
    write: ResourceState,
    read: ResourceState,
    queue: ResourceState,
    pool: ResourceState,
    disk: ResourceState,
    disk_free: Option<u64>,
    pool_full_since_ns: Option<u64>,
}

impl Default for Findings {
    fn default() -> Self {
        let untried = |resource| broken(resource, Code::NotReady, UNTRIED.to_owned());
        Self {
            lock: untried(Resource::WriterLock),
            write: untried(Resource::DurableWrite),
            read: untried(Resource::Read),
            queue: works(Resource::WriteQueue, String::new()),
            pool: works(Resource::ReaderPool, String::new()),
            disk: works(Resource::DiskSpace, String::new()),
            disk_free: None,
            pool_full_since_ns: None,
        }
    }
}

fn works(resource: Resource, detail: String) -> ResourceState {
    ResourceState { resource, code: None, detail, holder: None }
}

fn broken(resource: Resource, code: Code, detail: String) -> ResourceState {
    ResourceState { resource, code: Some(code.text().to_owned()), detail, holder: None }
}

impl Findings {
    /// All of them, in the order of [`Resource::ALL`].
    pub fn states(&self) -> Vec<ResourceState> {
        // Opening brought the schema up to date or refused; nothing changes it while it is served.
        let schema = works(Resource::Schema, "brought up to date at the start".to_owned());
        let found = [&self.lock, &self.write, &self.read, &self.queue, &self.pool, &self.disk];
        found.into_iter().cloned().chain([schema]).collect()
    }

    /// Whether this resource was found not to work.
    pub fn is_broken(&self, resource: Resource) -> bool {
        self.states().iter().any(|state| {
            state.resource == resource && state.code.is_some() && state.detail != UNTRIED
        })
    }

    /// Whether a write and a read have come back once.
    pub fn is_tried(&self) -> bool {
        self.write.detail != UNTRIED && self.read.detail != UNTRIED
    }

    /// Whether the last write or read failed, or none came back yet.
    pub fn is_failing_to_try(&self) -> bool {
        self.write.code.is_some() || self.read.code.is_some()
    }

    /// What trying the lock for writing gave. Only a wait for somebody else's lock counts against
    /// it; once it does, only a lock that was taken ends it.
    pub fn note_lock(&mut self, back: Back, pool: &PoolUse) {
        let waited = |ns| format!("waited {} for the write lock", units::time(ns));
        self.lock = match back {
            Back::Home { outcome: Ok(()), took_ns } => {
                works(Resource::WriterLock, format!("taken within {}", units::time(took_ns)))
            }
            Back::Home { outcome: Err(StoreError::Locked), took_ns } => self.held(waited(took_ns)),
            _ if pool.lock_wait_ns >= LOCK_WAIT_NS => self.held(waited(pool.lock_wait_ns)),
            // A full queue or a slow disk is another resource's matter.
            _ => return,
        };
    }

    fn held(&self, detail: String) -> ResourceState {
        let holder = self.lock.holder.clone();
        ResourceState { holder, ..broken(Resource::WriterLock, Code::DatabaseBusy, detail) }
    }

    /// Who holds the lock. One that cannot be seen just now does not undo what was known.
    pub fn note_holder(&mut self, holder: Option<ResourceHolder>) {
        if holder.is_some() {
            self.lock.holder = holder;
        }
    }

    /// What a durable write gave.
    pub fn note_write(&mut self, back: Back, pool: &PoolUse) {
        match back {
            // Whoever waits for a lock does not wait for the disk.
            Back::Out { .. } if pool.lock_wait_ns > 0 => {}
            Back::Home { outcome: Err(StoreError::Locked), .. } => {}
            back => judge(&mut self.write, "a durable write", back),
        }
    }

    /// What a read gave.
    pub fn note_read(&mut self, back: Back) {
        judge(&mut self.read, "a read", back);
    }

    /// How the readers and the writer are used at the monotonic time `now_ns`.
    pub fn note_pool(&mut self, pool: &PoolUse, now_ns: u64) {
        let is_stuck = pool.writer_busy_ns > STUCK_NS && pool.writes_waiting > 0;
        self.queue = if is_stuck && pool.lock_wait_ns == 0 {
            let detail = format!(
                "{} has kept the writer for {}; {} commands wait",
                pool.writer_command.unwrap_or("a command"),
                units::time(pool.writer_busy_ns),
                pool.writes_waiting
            );
            broken(Resource::WriteQueue, Code::Overloaded, detail)
        } else {
            works(Resource::WriteQueue, format!("{} commands wait", pool.writes_waiting))
        };
        let is_full = pool.readers_busy >= pool.readers && pool.reads_waiting > 0;
        self.pool_full_since_ns = is_full.then(|| self.pool_full_since_ns.unwrap_or(now_ns));
        let full_ns = self.pool_full_since_ns.map_or(0, |since| now_ns.saturating_sub(since));
        self.pool = if full_ns >= POOL_FULL_NS && pool.longest_read_ns > STUCK_NS {
            let detail = format!(
                "all {} readers are busy and {} reads wait; {} has run for {}",
                pool.readers,
                pool.reads_waiting,
                pool.longest_read.unwrap_or("a statement"),
                units::time(pool.longest_read_ns)
            );
            broken(Resource::ReaderPool, Code::Overloaded, detail)
        } else {
            works(Resource::ReaderPool, format!("{} of {} busy", pool.readers_busy, pool.readers))
        };
    }

    /// How many bytes are free on the disk, and how many there must be.
    pub fn note_disk(&mut self, free: Back<u64>, least: u64) {
        let resource = Resource::DiskSpace;
        self.disk = match free {
            Back::Home { outcome: Ok(free), .. } => {
                self.disk_free = Some(free);
                // A tenth more is asked for on the way back, so that it does not flap at the border.
                let was_full = self.disk.code.is_some();
                let least = if was_full { least.saturating_add(least / 10) } else { least };
                let detail = format!("{} free", units::size(free));
                if free < least {
                    broken(resource, Code::DiskFull, detail)
                } else {
                    works(resource, detail)
                }
            }
            Back::Home { outcome: Err(error), .. } => {
                self.disk_free = None;
                broken(resource, Code::NotReady, format!("the disk cannot be asked: {error}"))
            }
            Back::Out { for_ns } if for_ns >= TRY_NS => {
                self.disk_free = None;
                let detail = format!("the disk has not answered for {}", units::time(for_ns));
                broken(resource, Code::DeadlineExceeded, detail)
            }
            Back::Out { .. } | Back::Idle => return,
        };
    }

    /// Free bytes on the disk, when it answered the last time.
    pub fn disk_free(&self) -> Option<u64> {
        self.disk_free
    }
}

/// Judges a write or a read. A full queue says nothing about what lies behind it.
fn judge(state: &mut ResourceState, what: &str, back: Back) {
    let resource = state.resource;
    *state = match back {
        Back::Home { outcome: Ok(()), took_ns } => {
            works(resource, format!("{what} took {}", units::time(took_ns)))
        }
        Back::Home {
            outcome: Err(StoreError::Full { .. } | StoreError::TooLate { .. }), ..
        } => {
            return;
        }
        Back::Home { outcome: Err(error), .. } => {
            let code = match Refusal::from(error.clone()).code {
                Code::Internal => Code::NotReady,
                code => code,
            };
            broken(resource, code, format!("{what} failed: {error}"))
        }
        Back::Out { for_ns } if for_ns >= TRY_NS => {
            let detail = format!("{what} has taken {} so far", units::time(for_ns));
            broken(resource, Code::DeadlineExceeded, detail)
        }
        Back::Out { .. } | Back::Idle => return,
    };
}

/// Who holds the lock for writing of this database, by the kernel's table of locks.
pub async fn holder_of(database: PathBuf) -> Option<ResourceHolder> {
    let look = tokio::task::spawn_blocking(move || {
        let pid = galen_doctor::probes::write_lock_holder(&database).ok()??;
        Some(ResourceHolder { pid, command: command_of(pid) })
    });
    tokio::time::timeout(HOLDER_PATIENCE, look).await.ok()?.ok()?
}

/// A process' command line: without secrets and control characters, cut to a readable length.
fn command_of(pid: u32) -> String {
    let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let raw = String::from_utf8_lossy(&read("cmdline")).into_owned();
    let words: Vec<&str> = raw.split('\0').filter(|word| !word.is_empty()).collect();
    let command = match words.as_slice() {
        [] => redact::text(String::from_utf8_lossy(&read("comm")).trim()),
        words => redact::command_line(words.iter().copied()),
    };
    command.chars().take(COMMAND_CHARS_MAX).collect()
}

/// Free bytes on the disk of a folder, as this user may fill it. Blocks its thread, on a mount that
/// hangs for good: to be sent out as an errand.
pub fn disk_free(folder: &Path) -> Result<u64, StoreError> {
    let asked = rustix::fs::statvfs(folder);
    let disk = asked.map_err(|error| StoreError::Engine(error.to_string()))?;
    // What is set aside for root is free to root alone.
    let is_root = rustix::process::geteuid().is_root();
    let blocks = if is_root { disk.f_bfree } else { disk.f_bavail };
    Ok(blocks.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(outcome: Result<(), StoreError>) -> Back {
        Back::Home { outcome, took_ns: 1_000 }
    }

    fn pool(lock_wait_ns: u64) -> PoolUse {
        PoolUse { readers: 2, lock_wait_ns, writer_busy_ns: lock_wait_ns, ..PoolUse::default() }
    }

    #[test]
    fn a_slow_disk_is_no_lock_and_a_measured_wait_is_one() {
        let mut findings = Findings::default();
        findings.note_lock(home(Ok(())), &pool(0));
        findings.note_lock(Back::Out { for_ns: 5 * LOCK_WAIT_NS }, &pool(0));
        assert!(!findings.is_broken(Resource::WriterLock));
        findings.note_lock(Back::Out { for_ns: LOCK_WAIT_NS }, &pool(LOCK_WAIT_NS));
        assert!(findings.is_broken(Resource::WriterLock));
    }

    #[test]
    fn a_held_lock_stays_so_until_it_was_taken() {
        let mut findings = Findings::default();
        findings.note_lock(home(Err(StoreError::Locked)), &pool(0));
        let holder = ResourceHolder { pid: 7, command: "x".to_owned() };
        findings.note_holder(Some(holder.clone()));
        findings.note_holder(None);
        findings.note_lock(Back::Out { for_ns: 1 }, &pool(0));
        assert_eq!(findings.states()[0].holder, Some(holder));
        assert!(findings.is_broken(Resource::WriterLock));
        findings.note_lock(home(Ok(())), &pool(0));
        assert!(!findings.is_broken(Resource::WriterLock));
        assert_eq!(findings.states()[0].holder, None);
    }

    #[test]
    fn a_write_behind_a_lock_is_not_the_disks_fault_and_a_stalled_one_is() {
        let mut findings = Findings::default();
        findings.note_write(home(Ok(())), &pool(0));
        findings.note_write(Back::Out { for_ns: 2 * TRY_NS }, &pool(1));
        assert!(!findings.is_broken(Resource::DurableWrite));
        findings.note_write(Back::Out { for_ns: TRY_NS }, &pool(0));
        assert!(findings.is_broken(Resource::DurableWrite));
        findings.note_write(home(Err(StoreError::DiskFull)), &pool(0));
        assert_eq!(findings.states()[1].code.as_deref(), Some("server.disk_full"));
    }

    #[test]
    fn a_busy_moment_of_the_readers_is_no_finding() {
        let full = PoolUse {
            readers: 2,
            readers_busy: 2,
            reads_waiting: 1,
            longest_read_ns: 2 * STUCK_NS,
            ..PoolUse::default()
        };
        let mut findings = Findings::default();
        findings.note_pool(&full, 0);
        assert!(!findings.is_broken(Resource::ReaderPool));
        findings.note_pool(&PoolUse { reads_waiting: 0, ..full }, POOL_FULL_NS);
        findings.note_pool(&full, POOL_FULL_NS);
        assert!(!findings.is_broken(Resource::ReaderPool));
        findings.note_pool(&full, 2 * POOL_FULL_NS);
        assert!(findings.is_broken(Resource::ReaderPool));
    }

    #[test]
    fn space_must_come_back_with_a_margin() {
        let free = |free| Back::Home { outcome: Ok(free), took_ns: 1_000 };
        let mut findings = Findings::default();
        findings.note_disk(free(99), 100);
        findings.note_disk(free(105), 100);
        assert!(findings.is_broken(Resource::DiskSpace));
        findings.note_disk(free(110), 100);
        assert!(!findings.is_broken(Resource::DiskSpace));
        assert!(disk_free(Path::new("/")).is_ok_and(|free| free > 0));
    }

    #[test]
    fn a_disk_that_does_not_answer_is_a_finding_and_its_last_figure_is_forgotten() {
        let mut findings = Findings::default();
        findings.note_disk(Back::Home { outcome: Ok(7), took_ns: 1_000 }, 1);
        findings.note_disk(Back::Out { for_ns: TRY_NS / 2 }, 1);
        assert!(!findings.is_broken(Resource::DiskSpace), "a slow moment is none");
        assert_eq!(findings.disk_free(), Some(7));
        findings.note_disk(Back::Out { for_ns: TRY_NS }, 1);
        assert!(findings.is_broken(Resource::DiskSpace));
        assert_eq!(findings.disk_free(), None);
    }

    #[test]
    fn before_the_first_tries_nothing_is_ready_and_nothing_is_broken() {
        let findings = Findings::default();
        assert!(findings.states().iter().any(|state| state.code.is_some()));
        assert!(Resource::ALL.iter().all(|resource| !findings.is_broken(*resource)));
        assert!(command_of(std::process::id()).contains("galen"));
    }
}
