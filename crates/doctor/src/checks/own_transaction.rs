//! F36: the server itself holds a long write transaction.

use super::foreign_writer_lock::{free, lock_links, waiting};
use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain, commit_bound, no_wal};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::{Expr, Figure};
use crate::locks::{self, HeldLock};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// The same lock as F35, held by the server's own process for more than a second.
pub(super) const CAUSE: Cause = Cause {
    id: "F36",
    slug: "sqlite-own-long-transaction",
    title: Code::OwnTransactionTitle,
    nature: Nature::Both,
    required: &[&[FactKey::SqliteLockHeldBy]],
    supporting: &[FactKey::SqliteLockHeldMs, FactKey::PythonLines],
    refutes: &[kept_by_a_reader, commits_one_by_one],
    look_alikes: &["F35", "F13", "F37", "F46"],
    bound: None,
    examine,
};

/// From this length on an unbroken hold is worth knowing, in milliseconds.
const HELD_MS_MIN: f64 = 1_000.0;

/// The server holds the lock while it waits for a reader of a rollback database: then the reader is
/// the cause.
fn kept_by_a_reader(case: &Case<'_>) -> Option<Sentence> {
    let kept = no_wal::kept_back(case)?;
    let pid = kept.reader.holder.to_string();
    Some(Sentence::new(Code::NoWalReader).name("pid", pid, kept.reader.fact).cite(kept.mode))
}

/// Many short transactions in place of a long one: then their number is the cause.
fn commits_one_by_one(case: &Case<'_>) -> Option<Sentence> {
    let commits = commit_bound::many_commits(case)?;
    let (path, database) = crate::evidence::object::parse_toward(&commits.object)?;
    Some(
        Sentence::new(Code::CommitsInstead)
            .name("path", path, commits)
            .name("database", database, commits)
            .figure("commits", &case.count(Expr::value(commits))?),
    )
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((server, _)) = case.server() else {
        return Judgement::lacking(case, &[FactKey::TargetPid]);
    };
    let held = locks::held(case.evidence);
    let Some(lock) = held.iter().find(|lock| lock.is_held_by(server)) else {
        return match held.first() {
            Some(other) => Judgement::RuledOut(Sentence::new(Code::LockHeldByOther).name(
                "pid",
                other.holder.to_string(),
                other.fact,
            )),
            None => {
                free(case).unwrap_or_else(|| Judgement::lacking(case, &[FactKey::SqliteLockHeldBy]))
            }
        };
    };
    latency(case, lock).or_else(|| hygiene(case, lock)).unwrap_or_else(|| short(case, lock))
}

/// A slow endpoint that waits for the lock, or whose own thread holds it.
fn latency(case: &Case<'_>, lock: &HeldLock<'_>) -> Option<Judgement> {
    let waiter = waiting(case, lock).into_iter().next();
    let is_waiting = waiter.is_some();
    let (symptom, view, share) = match waiter {
        Some(one) => (one.symptom, one.view, one.share),
        None => holder_at_work(case, lock)?,
    };
    let grade = Grade::of(share.value, lock.releases().map_or(0, locks::coincidences))?;
    let says = Sentence::new(Code::OwnTransaction)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("pid", lock.holder.to_string(), lock.fact)
        .name("database", &lock.database, lock.fact)
        .figure("share", &case.share(lock.share_expr())?);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(lock_links(case, lock));
    links.extend(chain::of([chain::thread_wait(case, &view)]));
    links.extend(chain::source_line(case, &view));
    let holder = if is_waiting { other_waiter(case, symptom, &view) } else { Some(view) };
    let line = holder.as_ref().and_then(|holder| holder.line()).map(|(line, _)| line.to_owned());
    if let Some(holder) = holder.filter(|_| is_waiting) {
        links.extend(at_line(&holder));
        links.extend(
            holder
                .source_text()
                .map(|(text, fact)| Sentence::new(Code::SourceText).name("text", text, fact)),
        );
    }
    links.extend(chain::control(case, symptom));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: line.unwrap_or_else(|| lock.database.clone()),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

/// The one other thread that stands at a line of the application while this one waits: in a
/// process that holds the lock itself, it is where the transaction is spent.
fn other_waiter<'a>(
    case: &Case<'a>,
    symptom: &Symptom,
    waiter: &ThreadView<'a>,
) -> Option<ThreadView<'a>> {
    let waits_at = waiter.line().map(|(line, _)| line);
    let mut others = case.threads(symptom).into_iter().filter(|view| {
        let stands = view.sync_looks() * 10 >= view.looks_total() * 6;
        let line = view.fact(FactKey::PythonLines).and_then(|_| view.line()).map(|(line, _)| line);
        view.tid != waiter.tid && !view.is_loop() && stands && line.is_some() && line != waits_at
    });
    let only = others.next()?;
    others.next().is_none().then_some(only)
}

/// The slow endpoint during which the server held the lock for most of the looks.
fn holder_at_work<'c, 'a>(
    case: &'c Case<'a>,
    lock: &HeldLock<'a>,
) -> Option<(&'c Symptom, ThreadView<'a>, Figure)> {
    let (symptom, view) = case.workers().into_iter().find(|(_, view)| view.pid == lock.holder)?;
    let share = case.share(lock.share_expr().times(case.inside_share(symptom)))?;
    Some((symptom, view, share))
}

fn at_line(view: &ThreadView<'_>) -> Option<Sentence> {
    let (line, fact) = view.line()?;
    Some(
        Sentence::new(Code::OwnTransactionLine)
            .name("thread", chain::thread_name(view), fact)
            .name("line", line, fact),
    )
}

/// A long hold that makes no examined endpoint slow.
fn hygiene(case: &Case<'_>, lock: &HeldLock<'_>) -> Option<Judgement> {
    let held = case.ms(Expr::value(lock.held_ms()?)).filter(|held| held.value >= HELD_MS_MIN)?;
    let says = Sentence::new(Code::OwnTransactionHygiene)
        .name("pid", lock.holder.to_string(), lock.fact)
        .name("database", &lock.database, lock.fact)
        .figure("held", &held);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: lock.database.clone(),
        says,
        chain: lock_links(case, lock),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    }))
}

fn short(case: &Case<'_>, lock: &HeldLock<'_>) -> Judgement {
    match lock.held_ms().and_then(|fact| case.ms(Expr::value(fact))) {
        Some(held) => Judgement::RuledOut(Sentence::new(Code::LockShort).figure("held", &held)),
        None => Judgement::lacking(case, &[FactKey::SqliteLockHeldMs]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_transaction_held_through_a_sleep_is_named_with_its_line() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::own_transaction)));
        assert_eq!(finding.object, "/srv/app/app.py:70 import_rows");
        assert_eq!(finding.explains, ["/import"]);
    }

    #[test]
    fn where_another_thread_spends_the_transaction_is_named() {
        let night = "4100/4111 during /login";
        let lock = "/srv/app/a.db lock WRITE";
        let bed = Bed::new()
            .with(sample::foreign_lock)
            .with(|bed| {
                sample::thread(bed, 4111, "/login", "clock_nanosleep", &[("clock_nanosleep", 64)])
            })
            .counts(FactKey::PythonLines, night, &[("/srv/app/app.py:57 nightly", 64)])
            .counts_of(FactKey::SqliteLockHeldBy, lock, &[("4100", 63)], 64);
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "/srv/app/app.py:57 nightly");
    }

    #[test]
    fn a_foreign_holder_is_not_our_own_transaction() {
        let judged = judge(&CAUSE, Bed::new().with(sample::foreign_lock));
        assert_ruled_out(judged, Code::LockHeldByOther);
    }

    #[test]
    fn a_lock_held_only_while_waiting_for_a_reader_belongs_to_the_reader() {
        let judged = judge(&CAUSE, Bed::new().with(sample::beds::kept_back_by_a_reader));
        assert_ruled_out(judged, Code::NoWalReader);
    }

    #[test]
    fn a_lock_taken_anew_for_each_commit_belongs_to_the_commits() {
        let lock = "/srv/app/a.db lock WRITE";
        let bed = Bed::new().with(|bed| sample::beds::durable(bed, 200.0)).counts_of(
            FactKey::SqliteLockHeldBy,
            lock,
            &[("4100", 62)],
            64,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::CommitsInstead);
    }

    #[test]
    fn a_long_hold_without_a_slow_endpoint_is_hygiene() {
        let lock = "/a.db lock WRITE";
        let bed = sample::fast(Bed::new().with(sample::server), "/health")
            .counts_of(FactKey::SqliteLockHeldBy, lock, &[("4100", 40)], 64)
            .fact(FactKey::SqliteLockHeldMs, lock, 1900.0);
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }

    #[test]
    fn short_transactions_are_innocent() {
        let lock = "/a.db lock WRITE";
        let bed = sample::fast(Bed::new().with(sample::server), "/health")
            .counts_of(FactKey::SqliteLockHeldBy, lock, &[("4100", 20)], 64)
            .fact(FactKey::SqliteLockHeldMs, lock, 12.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::LockShort);
    }
}
