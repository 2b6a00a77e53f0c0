//! The canary: tries four times a second what requests need, so that readiness is known before users
//! feel it, and names the resource that fails and who holds it.
//!
//! One try of each kind is under way at a time. A try that is slow is no failure by itself: the
//! store measures how long its writer waits for somebody else's lock, and only that is a lock. So a
//! slow disk or a busy machine is not taken for one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use galen_core::{Code, Health, Refusal, Resource, ResourceState};
use galen_monitor::Metric;
use serde_json::{Value, json};

use super::errand::{Back, Errand};
use super::lookout::{self, Findings};
use super::running::Running;

/// How often the canary looks, in milliseconds.
pub const EVERY_MS: u64 = 250;
/// From this wait for somebody else's lock on the installation is not ready, in nanoseconds. With a
/// look every 250 ms it is known within a second, and no live command is held back for so long
/// by a neighbour that behaves.
pub const LOCK_WAIT_NS: u64 = 400_000_000;
/// How long one look waits for the lock: [`LOCK_WAIT_NS`], and the writer's way to it.
const LOCK_PATIENCE_NS: u64 = 450_000_000;
/// How often it asks meanwhile how long the writer has waited.
const LOCK_STEP: Duration = Duration::from_millis(50);
/// How often a row is written durably and one is read, in nanoseconds.
const TRY_EVERY_NS: u64 = 5_000_000_000;
/// The same while one of them fails, so that recovery is known within a second.
const RETRY_EVERY_NS: u64 = 750_000_000;
/// After this time a write or a read is given up as failed, in nanoseconds.
pub const TRY_NS: u64 = 2_000_000_000;
/// How long one look waits for the disk to say how full it is: in memory this is known at once, and
/// what a mount that hangs answers is looked for again with the next look.
const DISK_PATIENCE: Duration = Duration::from_millis(20);
/// After this time in a queue a try is dropped by the store, in nanoseconds.
const ERRAND_NS: u64 = 10_000_000_000;

/// The canary of a running server.
#[derive(Default)]
pub struct Canary {
    /// Only the canary's own turns take it.
    turn: tokio::sync::Mutex<Turn>,
    last: Mutex<Option<Health>>,
    disk_free: Mutex<Option<u64>>,
}

/// What one turn hands to the next.
#[derive(Default)]
struct Turn {
    probe: Option<Errand>,
    write: Option<Errand>,
    read: Option<Errand>,
    disk: Option<Errand<u64>>,
    tried_ns: Option<u64>,
    findings: Findings,
}

impl Canary {
    /// The word of the last look; nothing before the first.
    pub fn health(&self) -> Option<Health> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Free bytes on the database's disk, as the last look found them; nothing when the disk does not
    /// answer.
    pub fn disk_free(&self) -> Option<u64> {
        *self.disk_free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every resource and tells the HTTP room, the monitor and the log.
    ///
    /// # Errors
    /// None: what fails is what it finds.
    pub async fn look(&self, running: &Running) -> Result<Value, Refusal> {
        let mut turn = self.turn.lock().await;
        turn.look(running).await;
        let health = self.note(&turn.findings, running);
        *self.disk_free.lock().unwrap_or_else(PoisonError::into_inner) = turn.findings.disk_free();
        running.app.note_health(health.clone());
        let ready = if health.ready { 1.0 } else { 0.0 };
        running.rooms.monitor.set(Metric::Ready, "", ready);
        Ok(json!({ "ready": health.ready, "code": health.code }))
    }

    /// Keeps the word of this look, and writes a change into the log once.
    fn note(&self, findings: &Findings, running: &Running) -> Health {
        let now = running.rooms.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = findings.states();
        let broken = resources.iter().find(|state| state.code.is_some());
        let code = broken.and_then(|state| state.code.clone());
        let before = last.as_ref().filter(|before| before.code == code);
        let since = before.map_or(now, |before| before.since);
        match (broken, last.as_ref()) {
            (Some(_), _) if before.is_some() => {}
            (Some(state), _) => say_broken(state),
            (None, Some(before)) if !before.ready => tracing::info!(
                after_ms = now.since_ms(before.since),
                was = before.code.as_deref().unwrap_or_default(),
                "ready again"
            ),
            (None, _) => {}
        }
        let health = Health { ready: code.is_none(), code, since, checked_at: now, resources };
        *last = Some(health.clone());
        health
    }
}

fn say_broken(state: &ResourceState) {
    // Before the first tries came back nothing is wrong yet.
    if state.code.as_deref() == Some(Code::NotReady.text()) && state.detail == lookout::UNTRIED {
        return;
    }
    let holder = state.holder.as_ref();
    tracing::error!(
        resource = state.resource.text(),
        code = state.code.as_deref().unwrap_or_default(),
        holder_pid = holder.map(|holder| holder.pid),
        holder = holder.map(|holder| holder.command.as_str()),
        "not ready: {}",
        state.detail
    );
}

impl Turn {
    async fn look(&mut self, running: &Running) {
        let clock = &*running.rooms.clock;
        self.set_out(running);
        let waited = self.lock(running).await;
        let pool = running.rooms.store.port().pool();
        self.findings.note_lock(waited, &pool);
        if self.findings.is_broken(Resource::WriterLock) {
            let database = running.place.database.clone();
            self.findings.note_holder(lookout::holder_of(database).await);
        }
        // The first tries are waited for, so that readiness is known soon after the start.
        let patience = match self.findings.is_tried() {
            true => Duration::ZERO,
            false => Duration::from_nanos(TRY_NS),
        };
        let write = Errand::come_back(&mut self.write, patience, clock).await;
        self.findings.note_write(write, &pool);
        let read = Errand::come_back(&mut self.read, patience, clock).await;
        self.findings.note_read(read);
        self.findings.note_pool(&pool, clock.monotonic_ns());
        let free_min = running.config.monitor.disk_free_min.as_bytes();
        let free = Errand::come_back(&mut self.disk, DISK_PATIENCE, clock).await;
        self.findings.note_disk(free, free_min);
    }

    /// Starts what is due and not under way.
    fn set_out(&mut self, running: &Running) {
        let rooms = &running.rooms;
        let now_ns = rooms.clock.monotonic_ns();
        let port = || rooms.store.port();
        if self.probe.is_none() {
            let (store, cx) = (port(), rooms.live_for(ERRAND_NS));
            let work = async move { store.probe_lock(&cx).await };
            self.probe = Some(Errand::send(work, now_ns));
        }
        if self.disk.is_none() {
            let folder = running.place.folder().to_owned();
            self.disk = Some(Errand::send_blocking(move || lookout::disk_free(&folder), now_ns));
        }
        let every_ns =
            if self.findings.is_failing_to_try() { RETRY_EVERY_NS } else { TRY_EVERY_NS };
        let is_due = self.tried_ns.is_none_or(|at| now_ns.saturating_sub(at) >= every_ns);
        // Behind somebody else's lock a write learns nothing that the probe does not.
        if !is_due || self.findings.is_broken(Resource::WriterLock) {
            return;
        }
        self.tried_ns = Some(now_ns);
        if self.write.is_none() {
            let (store, cx) = (port(), rooms.background_for(ERRAND_NS));
            self.write = Some(Errand::send(async move { store.canary(&cx).await }, now_ns));
        }
        if self.read.is_none() {
            let (store, cx, now) = (port(), rooms.background_for(ERRAND_NS), rooms.clock.now());
            let work = async move { store.counts(&cx, now).await.map(|_| ()) };
            self.read = Some(Errand::send(work, now_ns));
        }
    }

    /// Waits for the lock until it is taken, or somebody else is known to hold it, a bounded time.
    async fn lock(&mut self, running: &Running) -> Back {
        let clock = &*running.rooms.clock;
        let store = running.rooms.store.port();
        let began_ns = clock.monotonic_ns();
        loop {
            let back = Errand::come_back(&mut self.probe, LOCK_STEP, clock).await;
            let is_held = store.pool().lock_wait_ns >= LOCK_WAIT_NS;
            let is_over = clock.monotonic_ns().saturating_sub(began_ns) >= LOCK_PATIENCE_NS;
            if !matches!(back, Back::Out { .. }) || is_held || is_over {
                return back;
            }
        }
    }
}
