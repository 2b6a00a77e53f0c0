//! SQLite locks as seen from outside: who held one, for how much of the time, and who waited.

use crate::evidence::object::{self, Lock};
use crate::evidence::{Evidence, Fact, FactKey, Value};
use crate::figure::Expr;
use crate::threads::{ThreadView, Wait, most_frequent};

/// The least share of looks for which a lock counts as held through a request.
const HELD_SHARE_MIN: f64 = 0.2;

/// The same of a reader: one that comes and goes keeps nobody back for long.
const READER_SHARE_MIN: f64 = 0.5;

/// One lock and the process that held it most.
#[derive(Clone, Debug)]
pub struct HeldLock<'a> {
    evidence: &'a Evidence,
    /// Counts by PID over the looks.
    pub fact: &'a Fact,
    /// The process that held it in most looks.
    pub holder: u32,
    /// The database file.
    pub database: String,
}

/// Write locks (of either journal mode) held in at least a fifth of the looks, longest share first.
pub fn held(evidence: &Evidence) -> Vec<HeldLock<'_>> {
    let mut locks: Vec<HeldLock<'_>> = evidence
        .all(FactKey::SqliteLockHeldBy)
        .filter_map(|fact| {
            let database = writer_lock_of(&fact.object)?;
            let is_latest = evidence.find(fact.key, &fact.object)?.id == fact.id;
            if !is_latest {
                return None;
            }
            let holder = most_frequent(fact)?.parse().ok()?;
            Some(HeldLock { evidence, fact, holder, database })
        })
        .filter(|lock| lock.share() >= HELD_SHARE_MIN)
        .collect();
    locks.sort_by(|a, b| b.share().total_cmp(&a.share()));
    locks
}

/// The process other than the server that holds the lock for reading of a rollback database in most
/// of the looks. In WAL mode nobody holds that lock but for a moment.
pub fn reader(evidence: &Evidence, server: u32) -> Option<HeldLock<'_>> {
    let own = server.to_string();
    evidence
        .all(FactKey::SqliteLockHeldBy)
        .filter_map(|fact| {
            let database = fact.object.strip_suffix(&object::lock("", Lock::Shared))?;
            let Value::Counts(counts) = &fact.value else { return None };
            let (pid, _) =
                counts.iter().filter(|(pid, _)| **pid != own).max_by_key(|(_, looks)| **looks)?;
            let holder = pid.parse().ok()?;
            Some(HeldLock { evidence, fact, holder, database: database.to_owned() })
        })
        .find(|lock| lock.share() >= READER_SHARE_MIN)
}

/// The database of a lock object, if the lock is one that keeps writers out.
fn writer_lock_of(lock_object: &str) -> Option<String> {
    let (database, name) = lock_object.rsplit_once(" lock ")?;
    [Lock::Write, Lock::Reserved, Lock::Pending]
        .iter()
        .any(|lock| lock.name() == name)
        .then(|| database.to_owned())
}

impl<'a> HeldLock<'a> {
    /// The share of looks in which the holder held it, 0 to 1.
    pub fn share_expr(&self) -> Expr {
        Expr::count(self.fact, &self.holder.to_string()).over(Expr::n(self.fact))
    }

    /// The same as a number.
    pub fn share(&self) -> f64 {
        self.share_expr().evaluate(self.evidence).unwrap_or(0.0)
    }

    /// The longest unbroken hold, if it was timed and belongs to this holder.
    pub fn held_ms(&self) -> Option<&'a Fact> {
        let who = self.evidence.int(FactKey::SqliteLockHolder, &self.fact.object);
        let timed = self.evidence.find(FactKey::SqliteLockHeldMs, &self.fact.object)?;
        who.is_none_or(|pid| pid == i64::from(self.holder)).then_some(timed)
    }

    /// Times from the release to the answer, where both were seen.
    pub fn releases(&self) -> Option<&'a Fact> {
        self.evidence.find(FactKey::SqliteReleaseToResponseMs, &self.fact.object)
    }

    /// Whether the holder is the given process or belongs to its pre-fork family.
    pub fn is_held_by(&self, server: u32) -> bool {
        let holder = self.holder.to_string();
        self.holder == server
            || [FactKey::ForkSiblings, FactKey::ProcessChildren].iter().any(|key| {
                self.evidence
                    .list(*key, &object::process(server))
                    .is_some_and(|pids| pids.contains(&holder))
            })
    }
}

/// The share of looks in which a thread waited for this lock: in the busy handler's kind of wait,
/// and either at a line that was read and is no sleep, or answered when the lock was let go.
/// Without either, any sleep of a program that cannot be read would pass for a lock wait.
pub fn wait_for(view: &ThreadView<'_>, lock: &HeldLock<'_>) -> Option<Expr> {
    let wait = busy_wait_expr(view)?;
    let answered = lock.releases().is_some_and(|fact| coincidences(fact) >= 1);
    (answered || view.source_text().is_some()).then_some(wait)
}

/// The share of looks in which a thread stood in the kind of wait that SQLite's busy handler
/// makes: a timed sleep or a file lock, at a source line that is not itself a sleep.
fn busy_wait_expr(view: &ThreadView<'_>) -> Option<Expr> {
    let looks = view.looks(Wait::Sleep) + view.looks(Wait::FileLock);
    let own_sleep = view.source_text().is_some_and(|(text, _)| text.contains("sleep"));
    if own_sleep || looks * 5 < view.looks_total() {
        return None;
    }
    Some(view.share_expr(Wait::Sleep).plus(view.share_expr(Wait::FileLock)))
}

/// Coincidences of release and answer that count as a natural experiment (P8).
pub const COINCIDENCE_MS_MAX: f64 = 150.0;

/// How many samples of a release fact lie within [`COINCIDENCE_MS_MAX`].
pub fn coincidences(releases: &Fact) -> usize {
    match &releases.value {
        Value::Samples(samples) => {
            samples.iter().filter(|ms| (0.0..=COINCIDENCE_MS_MAX).contains(*ms)).count()
        }
        _ => 0,
    }
}
