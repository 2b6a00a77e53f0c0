//! F35: another process holds SQLite's write lock while the server waits for it.

use super::loop_blocked_by_wait::{is_loop, timed_fact};
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{FactKey, object};
use crate::figure::{Expr, Figure};
use crate::locks::{self, HeldLock};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{self, ThreadView};
use crate::words::Code;

/// Byte 120 of the `-shm` (or RESERVED/PENDING of a rollback database) held by a foreign PID, and
/// a thread of the server in the sleep of SQLite's busy handler.
pub(super) const CAUSE: Cause = Cause {
    id: "F35",
    slug: "sqlite-writer-lock-held-by-another-process",
    title: Code::WriterLockTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::SqliteLockHeldBy],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
    ],
    supporting: &[
        FactKey::SqliteLockHeldMs,
        FactKey::SqliteReleaseToResponseMs,
        FactKey::ProcessCmdline,
    ],
    refutes: &[],
    look_alikes: &["F13", "F36", "F32"],
    bound: None,
    examine,
};

/// A slow endpoint whose thread waits for a lock.
pub(super) struct Waiting<'c, 'a> {
    pub symptom: &'c Symptom,
    pub view: ThreadView<'a>,
    pub lock: HeldLock<'a>,
    pub share: Figure,
    pub grade: Grade,
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((server, _)) = case.server() else {
        return Judgement::lacking(case, &[FactKey::TargetPid]);
    };
    let held = locks::held(case.evidence);
    let Some(lock) = held.iter().find(|lock| !lock.is_held_by(server)) else {
        return not_foreign(case, held.first());
    };
    let waiting = waiting(case, lock);
    let Some(first) = waiting.first() else {
        let looks = case.workers().into_iter().map(|(_, view)| view.waits).take(4);
        return Judgement::RuledOut(
            Sentence::new(Code::LockNobodyWaits).cite(lock.fact).cite_all(looks),
        );
    };
    let Some(says) = verdict(case, first) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: lock.holder.to_string(),
        says,
        chain: links(case, first),
        explains: waiting.iter().map(|one| one.symptom.object.clone()).collect(),
        share: Some(first.share.clone()),
        grade: first.grade,
    })
}

/// Slow endpoints whose working thread stands in the busy handler for at least 60 % of the time.
pub(super) fn waiting<'c, 'a>(case: &'c Case<'a>, lock: &HeldLock<'a>) -> Vec<Waiting<'c, 'a>> {
    case.slow()
        .filter_map(|symptom| {
            let views = case.threads(symptom);
            // Under load every pool thread waits alike, before and during the request.
            let waits = |view: &&ThreadView<'_>| locks::wait_for(view, lock).is_some();
            let working = threads::working(&views).filter(waits);
            let view = working.or_else(|| views.iter().find(waits))?.clone();
            Some((symptom, view))
        })
        .filter_map(|(symptom, view)| {
            let wait = locks::wait_for(&view, lock)?;
            let together = wait.at_most(lock.share_expr()).times(case.inside_share(symptom));
            let share = case.share(together)?;
            let releases = lock.releases().map_or(0, locks::coincidences);
            let grade = Grade::of(share.value, releases)?;
            Some(Waiting { symptom, view, lock: lock.clone(), share, grade })
        })
        .collect()
}

fn not_foreign(case: &Case<'_>, held: Option<&HeldLock<'_>>) -> Judgement {
    if let Some(lock) = held {
        let pid = lock.holder.to_string();
        return Judgement::RuledOut(
            Sentence::new(Code::LockHeldByServer).name("pid", pid, lock.fact),
        );
    }
    free(case).unwrap_or_else(|| Judgement::lacking(case, &[FactKey::SqliteLockHeldBy]))
}

/// Nobody held a write lock in any look.
pub(super) fn free(case: &Case<'_>) -> Option<Judgement> {
    let fact = case
        .evidence
        .all(FactKey::SqliteLockHeldBy)
        .filter(|fact| fact.object.ends_with(object::Lock::Write.name()))
        .max_by_key(|fact| fact.n)
        .or_else(|| case.evidence.any(FactKey::SqliteLockHeldBy))?;
    let n = case.count(Expr::n(fact))?;
    Some(Judgement::RuledOut(Sentence::new(Code::LockFree).figure("n", &n)))
}

fn verdict(case: &Case<'_>, one: &Waiting<'_, '_>) -> Option<Sentence> {
    let share = case.share(one.lock.share_expr())?;
    let says = Sentence::new(Code::WriterLock)
        .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
        .figure("time", &case.time(one.symptom)?)
        .name("pid", one.lock.holder.to_string(), one.lock.fact)
        .name("database", &one.lock.database, one.lock.fact)
        .figure("share", &share)
        .cite(one.view.waits);
    Some(case.command(says, one.lock.holder))
}

fn links(case: &Case<'_>, one: &Waiting<'_, '_>) -> Vec<Sentence> {
    let mut links = chain::of([chain::timing(case, &one.symptom.object)]);
    links.extend(chain::rooms(case, one.symptom));
    links.extend(chain::of([waiter(case, &one.view)]));
    links.extend(lock_links(case, &one.lock));
    links.extend(chain::source_line(case, &one.view));
    if one.view.is_loop() {
        links.extend(is_loop(&one.view));
    }
    links.extend(chain::of([chain::control(case, one.symptom), chain::others(case, one.symptom)]));
    links
}

/// The thread that stands in the busy handler.
fn waiter(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let (call, _, _) = view.sync_wait()?;
    let sentence = Sentence::new(Code::LockWaiter)
        .name("thread", chain::thread_name(view), view.waits)
        .name("call", call, view.waits);
    chain::looks(case, sentence, Expr::count(view.waits, call), view.waits)
}

/// Who held the lock, for how long, and how soon after its release the answer came.
pub(super) fn lock_links(case: &Case<'_>, lock: &HeldLock<'_>) -> Vec<Sentence> {
    let pid = lock.holder.to_string();
    let looked = Sentence::new(Code::LockLooks).name("pid", &pid, lock.fact);
    let looked = chain::looks(case, looked, Expr::count(lock.fact, &pid), lock.fact);
    let held = lock.held_ms().and_then(|fact| {
        Some(Sentence::new(Code::LockHeldFor).figure("held", &case.ms(Expr::value(fact))?))
    });
    let released = lock.releases().and_then(|fact| {
        let ms = case.ms(Expr::median(fact))?;
        let n = case.count(Expr::n(fact))?;
        Some(Sentence::new(Code::LockRelease).figure("ms", &ms).figure("n", &n))
    });
    chain::of([looked, held, released])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_foreign_holder_is_named_by_its_pid() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::foreign_lock)));
        assert_eq!(finding.object, "31860");
        assert_eq!(finding.grade, Grade::Observed);
    }

    #[test]
    fn two_releases_just_before_the_answer_prove_it() {
        let bed = Bed::new().with(sample::foreign_lock).samples(
            FactKey::SqliteReleaseToResponseMs,
            "/srv/app/a.db lock WRITE",
            &[64.0, 71.0],
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).grade, Grade::Proven);
    }

    #[test]
    fn it_is_found_when_the_loop_itself_waits() {
        let judged = judge(&CAUSE, Bed::new().with(sample::foreign_lock_on_the_loop));
        assert_eq!(assert_found(judged).object, "31860");
    }

    #[test]
    fn it_is_found_when_a_whole_pool_waits_under_load() {
        let lock = "/srv/app/a.db lock WRITE";
        let bed = Bed::new()
            .with(|bed| sample::pool(bed, 40, 0))
            .fact(FactKey::PythonSourceText, "/srv/app/app.py:12", "db.execute(SQL)")
            .counts_of(FactKey::SqliteLockHeldBy, lock, &[("31860", 63)], 64);
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "31860");
    }

    #[test]
    fn a_sleep_that_cannot_be_read_beside_a_held_lock_is_not_taken_for_a_lock_wait() {
        let lock = "/srv/app/a.db lock WRITE";
        let bed = sample::held(Bed::new().with(sample::server), "/x", [0, 0, 0, 64, 0], 3000.0);
        let bed = sample::thread(bed, 4107, "/x", "futex", &[("clock_nanosleep", 64)]).counts_of(
            FactKey::SqliteLockHeldBy,
            lock,
            &[("31860", 63)],
            64,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::LockNobodyWaits);
    }

    #[test]
    fn the_servers_own_lock_is_not_foreign() {
        let judged = judge(&CAUSE, Bed::new().with(sample::own_transaction));
        assert_ruled_out(judged, Code::LockHeldByServer);
    }

    #[test]
    fn a_sleep_beside_a_free_lock_is_no_lock_wait() {
        let bed = Bed::new().with(sample::blocked_loop).with(sample::small_database);
        assert_ruled_out(judge(&CAUSE, bed), Code::LockFree);
    }

    #[test]
    fn a_held_lock_that_nobody_waits_for_is_not_the_cause() {
        let bed = Bed::new().with(sample::blocked_loop).counts_of(
            FactKey::SqliteLockHeldBy,
            "/srv/app/a.db lock WRITE",
            &[("31860", 60)],
            64,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::LockNobodyWaits);
    }
}
