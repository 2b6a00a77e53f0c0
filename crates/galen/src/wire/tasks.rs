//! THE list of periodic work, and the schedule that runs it: bounded, never twice at once, never fatal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use galen_account::SweepPolicy;
use galen_core::post::Channel;
use galen_core::{Clock, Cx, Fut, Refusal, RequestId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::running::Running;
use super::{alerts, canary, checks, heartbeat, mail, sampler, ticker, upkeep};
use crate::config::Config;
use crate::config::quantity::Lapse;

/// A piece of periodic work.
pub struct Task {
    /// Its name, `noun.verb`.
    pub name: &'static str,
    /// How often it runs.
    every: fn(&Config) -> Lapse,
    /// After how long one run is given up.
    within: fn(&Config) -> Lapse,
    /// Whether it is the monitor's: its time on the CPU is counted as what watching costs.
    watches: bool,
    /// One run; what it did, as JSON.
    run: for<'a> fn(&'a Running, &'a Cx) -> Fut<'a, Result<Value, Refusal>>,
}

/// ALL periodic work. To add some: write a bounded async fn in its room, and one row here.
pub const ALL: &[Task] = &[
    Task {
        name: "sessions.flush_touches",
        every: |_| Lapse::s(5),
        within: |_| Lapse::s(30),
        watches: false,
        run: |running, cx| {
            Box::pin(async move {
                let written = running.rooms.accounts.flush_touches(cx).await?;
                Ok(json!({ "written": written }))
            })
        },
    },
    Task {
        name: "keys.flush_uses",
        every: |_| Lapse::minutes(1),
        within: |_| Lapse::s(30),
        watches: false,
        run: |running, cx| {
            Box::pin(async move {
                Ok(json!({ "written": running.rooms.accounts.flush_key_uses(cx).await? }))
            })
        },
    },
    Task {
        name: SWEEP,
        every: |config| config.sessions.sweep_every,
        within: |config| Lapse::ms(config.sessions.sweep_run.as_ms() + 30_000),
        watches: false,
        run: |running, cx| {
            Box::pin(async move {
                let policy = sweep_policy(&running.config);
                Ok(json!(running.rooms.accounts.sweep(cx, policy).await?))
            })
        },
    },
    Task {
        name: "notices.sweep",
        every: |config| config.notifications.sweep_every,
        within: |config| Lapse::ms(config.sessions.sweep_run.as_ms() + 30_000),
        watches: false,
        run: |running, cx| {
            Box::pin(async move {
                let policy = sweep_policy(&running.config);
                Ok(json!(running.rooms.accounts.sweep_notices(cx, policy).await?))
            })
        },
    },
    Task {
        name: "notices.release",
        every: |_| Lapse::s(1),
        within: |_| Lapse::s(30),
        watches: false,
        run: |running, cx| {
            Box::pin(async move {
                Ok(json!({ "sent": running.rooms.accounts.release_broadcasts(cx).await? }))
            })
        },
    },
    Task {
        name: "limits.prune",
        every: |_| Lapse::minutes(1),
        within: |_| Lapse::s(30),
        watches: false,
        run: |running, _| {
            Box::pin(async move { Ok(json!({ "removed": running.rooms.accounts.prune_limits() })) })
        },
    },
    Task {
        name: "canary",
        every: |_| Lapse::ms(canary::EVERY_MS),
        within: |_| Lapse::s(10),
        watches: true,
        run: |running, _| Box::pin(running.canary.look(running)),
    },
    Task {
        name: "monitor.sample",
        every: |_| Lapse::ms(sampler::EVERY_MS),
        within: |_| Lapse::s(10),
        watches: true,
        run: |running, _| Box::pin(running.sampler.sample(running)),
    },
    Task {
        name: "monitor.tick",
        every: |config| config.monitor.tick,
        within: |_| Lapse::s(30),
        watches: true,
        run: |running, _| Box::pin(ticker::tick(running)),
    },
    Task {
        name: "monitor.deliver",
        every: |config| config.monitor.tick.min(Lapse::s(2)),
        within: |_| Lapse::minutes(1),
        watches: true,
        run: |running, cx| Box::pin(alerts::deliver(running, cx)),
    },
    Task {
        name: "checks.run",
        every: |_| Lapse::ms(checks::LOOK_EVERY_MS),
        within: |_| Lapse::s(30),
        watches: true,
        run: |running, cx| Box::pin(checks::run(running, cx)),
    },
    Task {
        name: "heartbeat",
        every: |config| config.monitor.heartbeat_every,
        within: |_| Lapse::minutes(1),
        watches: true,
        run: |running, _| Box::pin(heartbeat::beat(running)),
    },
    Task {
        name: "mail.send",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(15),
        watches: false,
        run: |running, cx| Box::pin(mail::send(running, cx, Channel::Email)),
    },
    Task {
        name: "webhooks.send",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(15),
        watches: false,
        run: |running, cx| Box::pin(mail::send(running, cx, Channel::Webhook)),
    },
    Task {
        name: "ntfy.send",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(15),
        watches: false,
        run: |running, cx| Box::pin(mail::send(running, cx, Channel::Ntfy)),
    },
    Task {
        name: "push.send",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(15),
        watches: false,
        run: |running, cx| Box::pin(mail::send(running, cx, Channel::Push)),
    },
    Task {
        name: "mail.dispatch",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(2),
        watches: false,
        run: |running, cx| Box::pin(mail::dispatch(running, cx, Channel::Email)),
    },
    Task {
        name: "push.dispatch",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(2),
        watches: false,
        run: |running, cx| Box::pin(mail::dispatch(running, cx, Channel::Push)),
    },
    Task {
        name: "webhooks.dispatch",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(2),
        watches: false,
        run: |running, cx| Box::pin(mail::dispatch(running, cx, Channel::Webhook)),
    },
    Task {
        name: "ntfy.dispatch",
        every: |_| Lapse::s(1),
        within: |_| Lapse::minutes(2),
        watches: false,
        run: |running, cx| Box::pin(mail::dispatch(running, cx, Channel::Ntfy)),
    },
    Task {
        name: "mail.watch",
        every: |_| Lapse::s(10),
        within: |_| Lapse::s(10),
        watches: true,
        run: |running, cx| Box::pin(mail::watch(running, cx)),
    },
    Task {
        name: "mail.sweep",
        every: |_| Lapse::minutes(10),
        within: |_| Lapse::minutes(5),
        watches: false,
        run: |running, cx| Box::pin(mail::sweep(running, cx)),
    },
    Task {
        name: "upkeep.decide",
        every: |_| Lapse::minutes(1),
        within: |_| Lapse::minutes(1),
        watches: false,
        run: |running, cx| Box::pin(upkeep::decide(running, cx)),
    },
];

/// The name of the sweep, which can also be asked for.
pub const SWEEP: &str = "sessions.sweep";

/// ALL tasks that an admin may have run at once: those that do sooner what they would do anyway, and
/// of which another run in between changes nothing else.
pub const BY_HAND: &[&str] = &[
    SWEEP,
    "notices.sweep",
    "mail.sweep",
    "limits.prune",
    "checks.run",
    "upkeep.decide",
    "sessions.flush_touches",
    "keys.flush_uses",
];

/// How the configuration wants sessions swept.
pub fn sweep_policy(config: &Config) -> SweepPolicy {
    SweepPolicy {
        rows_max: config.sessions.sweep_rows,
        slice_ms: config.sessions.sweep_slice.as_ms(),
        box_ms: config.sessions.sweep_run.as_ms(),
        ..SweepPolicy::default()
    }
}

/// How a task has done since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Its name.
    pub name: String,
    /// How often it runs, in milliseconds.
    pub every_ms: u64,
    /// Runs that ended well.
    pub runs: u64,
    /// Runs that failed, broke or were given up.
    pub failures: u64,
    /// Turns passed over because the run before still went on.
    pub skipped: u64,
    /// When the last run began.
    pub last_at: Option<UnixMs>,
    /// How long it took, in nanoseconds.
    pub last_took_ns: u64,
    /// What it did, if it ended well.
    pub last_did: Option<Value>,
    /// Why it failed, if it did.
    pub last_error: Option<String>,
}

/// The state of every task.
#[derive(Debug)]
pub struct Schedule {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    status: Mutex<TaskStatus>,
    /// Held while a run goes on.
    turn: tokio::sync::Mutex<()>,
}

impl Slot {
    fn note<T>(&self, change: impl FnOnce(&mut TaskStatus) -> T) -> T {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Schedule {
    /// The schedule before its first run.
    pub fn new(config: &Config) -> Self {
        let slot = |task: &Task| Slot {
            status: Mutex::new(TaskStatus {
                name: task.name.to_owned(),
                every_ms: (task.every)(config).as_ms(),
                ..TaskStatus::default()
            }),
            turn: tokio::sync::Mutex::new(()),
        };
        Self { slots: ALL.iter().map(slot).collect() }
    }

    /// How every task has done.
    pub fn statuses(&self) -> Vec<TaskStatus> {
        self.slots.iter().map(|slot| slot.note(|status| status.clone())).collect()
    }
}

/// Runs every task until `stop` is cancelled; a run that goes on then is dropped at its next await,
/// and what it has handed to the store is finished there.
pub async fn run(running: Arc<Running>, stop: CancellationToken) {
    let mut loops = JoinSet::new();
    for (index, task) in ALL.iter().enumerate() {
        let (running, stop) = (Arc::clone(&running), stop.clone());
        loops.spawn(async move { stop.run_until_cancelled(repeat(running, index, task)).await });
    }
    while loops.join_next().await.is_some() {}
}

async fn repeat(running: Arc<Running>, index: usize, task: &'static Task) {
    let every = (task.every)(&running.config).as_duration();
    // The first run follows the start at once for what is due often, so that readiness is known.
    let first = tokio::time::Instant::now() + every.min(Duration::from_millis(100));
    let mut turns = interval_at(first, every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let Some(slot) = running.schedule.slots.get(index) else { return };
        match slot.turn.try_lock() {
            Ok(turn) => {
                let _ = once(&running, slot, task).await;
                drop(turn);
            }
            Err(_) => slot.note(|status| status.skipped += 1),
        }
    }
}

/// Runs a task now, after the run that may be going on.
///
/// # Errors
/// When there is no such task, or the run fails.
pub async fn run_now(running: &Arc<Running>, name: &str) -> Result<Value, String> {
    let found = ALL.iter().zip(&running.schedule.slots).find(|(task, _)| task.name == name);
    let (task, slot) = found.ok_or_else(|| format!("there is no task `{name}`"))?;
    let _turn = slot.turn.lock().await;
    once(running, slot, task).await
}

async fn once(running: &Arc<Running>, slot: &Slot, task: &'static Task) -> Result<Value, String> {
    let clock = Arc::clone(&running.rooms.clock);
    let began_ns = clock.monotonic_ns();
    slot.note(|status| status.last_at = Some(clock.now()));
    let within = (task.within)(&running.config).as_duration();
    let work = Arc::clone(running);
    // In a task of its own, so that a panic in one room ends one run and nothing else.
    let meter = running.meter.clone();
    let work = async move { attempt(&work, task).await };
    let work = if task.watches { tokio::spawn(meter.measure(work)) } else { tokio::spawn(work) };
    let abort = work.abort_handle();
    let outcome = match timeout(within, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("it broke; see the log".to_owned()),
        Err(_) => {
            abort.abort();
            Err(format!("it was given up after {} s", within.as_secs()))
        }
    };
    let took_ns = clock.monotonic_ns().saturating_sub(began_ns);
    slot.note(|status| {
        // Said once: what fails every few seconds for the same reason would drown the log.
        if let Err(error) = &outcome
            && status.last_error.as_ref() != Some(error)
        {
            tracing::warn!(task = task.name, error = error.as_str(), "a task failed");
        }
        status.last_took_ns = took_ns;
        status.last_did = outcome.as_ref().ok().cloned();
        status.last_error = outcome.as_ref().err().cloned();
        match outcome {
            Ok(_) => status.runs += 1,
            Err(_) => status.failures += 1,
        }
    });
    outcome
}

async fn attempt(running: &Running, task: &Task) -> Result<Value, String> {
    let rooms = &running.rooms;
    let request_id = RequestId::mint(&*rooms.clock, &*rooms.entropy);
    let within_ns = (task.within)(&running.config).as_ms().saturating_mul(1_000_000);
    let cx = Cx::background(request_id, &*rooms.clock as &dyn Clock, within_ns);
    (task.run)(running, &cx).await.map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_a_name_of_its_own_and_is_bounded() {
        let config = Config::default();
        let mut names = std::collections::HashSet::new();
        for task in ALL {
            assert!(names.insert(task.name), "{} stands twice", task.name);
            assert!((task.every)(&config) > Lapse::ms(0), "{}", task.name);
            assert!((task.within)(&config) > Lapse::ms(0), "{}", task.name);
        }
        assert!(BY_HAND.iter().all(|name| names.contains(name)));
    }
}
