//! Maintenance that runs when a measurement says so: each turn decides, does a bounded piece, and
//! records what it changed, or why it declined.

use std::sync::{Mutex, PoisonError};

use galen_core::model::{StoreFacts, Upkeep, UpkeepReceipt};
use galen_core::{Cx, Refusal, UnixMs};
use serde_json::{Value, json};

use super::running::Running;
use super::ticker;
use crate::units;

/// From this size on the write-ahead log is moved into the database by hand: its own checkpoints,
/// which begin at a few MiB, did not get through.
const WAL_BYTES_MAX: u64 = 64 << 20;
/// A read that has run for so long holds a snapshot no checkpoint can pass, in nanoseconds.
const OLD_READ_NS: u64 = 1_000_000_000;
/// Free pages are given back from this share of the database and this many bytes on, and down to
/// half of it.
const FREE_SHARE_PERCENT: u64 = 10;
const FREE_BYTES_MIN: u64 = 16 << 20;
/// Pages of one slice (4 MiB at the usual page size), and slices of one turn.
const SLICE_PAGES: u32 = 1_000;
const SLICES_MAX: u32 = 8;
/// A server that has just started has more to do than this, in nanoseconds.
const SETTLED_NS: u64 = 30_000_000_000;
/// What changed nothing is not tried again for so long, in milliseconds.
const REST_MS: i64 = 24 * 3_600_000;

/// What was learnt of the upkeep that does not help.
#[derive(Debug, Default)]
pub struct Keeper(Mutex<Learnt>);

#[derive(Clone, Copy, Debug, Default)]
struct Learnt {
    optimize_until: Option<UnixMs>,
    vacuum_until: Option<UnixMs>,
}

/// What is to be done about one kind of upkeep.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// A measurement says so.
    Do(String),
    /// Nothing says so, or something stands against it.
    Decline(String),
}

/// Decides about each kind of upkeep, and does what a measurement asks for.
///
/// # Errors
/// When the store cannot be asked, or a piece fails.
pub async fn decide(running: &Running, cx: &Cx) -> Result<Value, Refusal> {
    let store = running.rooms.store.port();
    let facts = store.facts(cx).await?;
    let busy = live_work(running);
    let mut did = serde_json::Map::new();
    for (name, decision) in [
        ("optimize", stale(running, cx).await?),
        ("checkpoint", log_grown(running, &facts)),
        ("vacuum", pages_free(running, &facts)),
    ] {
        let outcome = match (decision, &busy) {
            (Decision::Decline(why), _) => json!({ "declined": why }),
            (Decision::Do(why), Some(busy)) => {
                json!({ "declined": format!("{busy}, although {why}") })
            }
            (Decision::Do(why), None) => perform(running, cx, name, &why).await?,
        };
        did.insert(name.to_owned(), outcome);
    }
    Ok(Value::Object(did))
}

/// What lives from the database just now, when something does: upkeep stands back for it.
fn live_work(running: &Running) -> Option<String> {
    let rooms = &running.rooms;
    let pool = rooms.store.port().pool();
    let hash = rooms.accounts.pressure();
    let ran_ns = rooms.clock.monotonic_ns().saturating_sub(running.since_ns);
    if ran_ns < SETTLED_NS {
        return Some("the server has just started".to_owned());
    }
    if running.canary.health().is_some_and(|health| !health.ready) {
        return Some("the installation is not ready".to_owned());
    }
    if pool.writes_waiting > 0 || pool.lock_wait_ns > 0 {
        return Some(format!("{} writes wait", pool.writes_waiting));
    }
    if pool.reads_waiting > 0 {
        return Some(format!("{} reads wait", pool.reads_waiting));
    }
    (hash.waiting > 0).then(|| format!("{} sign-ins wait", hash.waiting))
}

async fn stale(running: &Running, cx: &Cx) -> Result<Decision, Refusal> {
    let now = running.rooms.clock.now();
    if running.upkeep.learnt().optimize_until.is_some_and(|until| now < until) {
        return Ok(Decision::Decline("it changed nothing within the last day".to_owned()));
    }
    let tables = running.rooms.store.port().advise(cx).await?.stale_tables;
    Ok(match tables.as_slice() {
        [] => Decision::Decline("the planner's statistics fit".to_owned()),
        tables => Decision::Do(format!("the statistics of {} are stale", tables.join(", "))),
    })
}

fn log_grown(running: &Running, facts: &StoreFacts) -> Decision {
    let size = units::size(facts.wal_bytes);
    if facts.wal_bytes <= WAL_BYTES_MAX {
        return Decision::Decline(format!("the log takes {size}"));
    }
    let pool = running.rooms.store.port().pool();
    if pool.longest_read_ns > OLD_READ_NS {
        return Decision::Decline(format!(
            "the log takes {size}, but {} has read an old snapshot for {}",
            pool.longest_read.unwrap_or("a statement"),
            units::time(pool.longest_read_ns)
        ));
    }
    Decision::Do(format!("the log takes {size}"))
}

fn pages_free(running: &Running, facts: &StoreFacts) -> Decision {
    let free = facts.freelist_pages.saturating_mul(facts.page_bytes);
    let percent = facts.freelist_pages.saturating_mul(100) / facts.pages.max(1);
    let says = format!("{} are free, {percent} % of the database", units::size(free));
    if percent < FREE_SHARE_PERCENT || free < FREE_BYTES_MIN {
        return Decision::Decline(format!("{says}: giving them back gains nothing"));
    }
    let now = running.rooms.clock.now();
    match running.upkeep.learnt().vacuum_until.filter(|until| now < *until) {
        Some(_) => Decision::Decline(format!("{says}, but the file does not give pages back")),
        None => Decision::Do(says),
    }
}

async fn perform(running: &Running, cx: &Cx, name: &str, why: &str) -> Result<Value, Refusal> {
    let (changed, did) = match name {
        "optimize" => once(running, cx, Upkeep::Optimize).await?,
        "checkpoint" => once(running, cx, Upkeep::Checkpoint).await?,
        _ => give_back(running, cx).await?,
    };
    let now = running.rooms.clock.now();
    running.upkeep.learn(name, changed, now.plus_ms(REST_MS));
    tracing::info!(upkeep = name, why, changed, "maintenance was run");
    if changed > 0 {
        ticker::note(running, "repaired", &json!({ "upkeep": name, "why": why, "did": did }));
    }
    Ok(json!({ "because": why, "changed": changed, "did": did }))
}

async fn once(running: &Running, cx: &Cx, upkeep: Upkeep) -> Result<(u64, Value), Refusal> {
    let before = running.rooms.store.port().advise(cx).await?.stale_tables;
    let receipt = running.rooms.store.port().maintain(cx, running.rooms.act(cx), upkeep).await?;
    let changed = match upkeep {
        Upkeep::Checkpoint => receipt.before.wal_bytes.saturating_sub(receipt.after.wal_bytes),
        Upkeep::Optimize => {
            let after = running.rooms.store.port().advise(cx).await?.stale_tables;
            before.iter().filter(|table| !after.contains(table)).count() as u64
        }
        Upkeep::IncrementalVacuum { .. } => pages_given(&receipt),
    };
    Ok((changed, json!({ "statement": receipt.statement, "took_ns": receipt.took_ns })))
}

/// Gives free pages back slice by slice, until half of what called for it is left, live work waits or
/// the turn is over.
async fn give_back(running: &Running, cx: &Cx) -> Result<(u64, Value), Refusal> {
    let (mut pages, mut took_ns, mut slices) = (0, 0, 0);
    let store = running.rooms.store.port();
    while slices < SLICES_MAX && live_work(running).is_none() {
        let upkeep = Upkeep::IncrementalVacuum { max_pages: SLICE_PAGES };
        let receipt = store.maintain(cx, running.rooms.act(cx), upkeep).await?;
        let given = pages_given(&receipt);
        (pages, took_ns, slices) = (pages + given, took_ns + receipt.took_ns, slices + 1);
        let left = receipt.after.freelist_pages.saturating_mul(receipt.after.page_bytes);
        if given == 0 || left < FREE_BYTES_MIN / 2 {
            break;
        }
    }
    Ok((pages, json!({ "pages": pages, "slices": slices, "took_ns": took_ns })))
}

fn pages_given(receipt: &UpkeepReceipt) -> u64 {
    receipt.before.freelist_pages.saturating_sub(receipt.after.freelist_pages)
}

impl Keeper {
    fn learnt(&self) -> Learnt {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what changed nothing, so that it is not done over and over.
    fn learn(&self, name: &str, changed: u64, until: UnixMs) {
        let mut learnt = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = (changed == 0).then_some(until);
        match name {
            "optimize" => learnt.optimize_until = until,
            "vacuum" => learnt.vacuum_until = until,
            _ => {}
        }
    }
}
