//! F15: the thread pool is saturated.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain, hashing, streams_eat_workers};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure, Unit};
use crate::locks;
use crate::pools::{self, FullPool, Place};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// Many pool threads stand in the same wait, none is parked, and the loop is free.
pub(super) const CAUSE: Cause = Cause {
    id: "F15",
    slug: "thread-pool-saturated",
    title: Code::PoolTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::ThreadSyscalls, FactKey::ThreadWchans]],
    supporting: &[FactKey::HttpThroughput, FactKey::PythonLines, FactKey::ProcessThreads],
    refutes: &[hashes_instead, waits_for_a_lock, streams_instead],
    look_alikes: &["F13", "F35", "F16", "F73"],
    bound: None,
    examine,
};

/// The first slow endpoint behind a full pool.
fn first_full<'c, 'a>(case: &'c Case<'a>) -> Option<(&'c Symptom, FullPool<'a>)> {
    case.slow().find_map(|symptom| {
        let views = case.threads(symptom);
        pools::full(&views).map(|pool| (symptom, pool))
    })
}

/// The pool is full of password hashes: then hashing is the cause.
fn hashes_instead(case: &Case<'_>) -> Option<Sentence> {
    let (_, pool) = first_full(case)?;
    let (line, fact) = pool.views.iter().find_map(hashing::hash_line)?;
    Some(Sentence::new(Code::PoolHashes).name("line", line, fact))
}

/// The pool's threads stand in SQLite's busy handler under a lock: then the lock is the cause.
fn waits_for_a_lock(case: &Case<'_>) -> Option<Sentence> {
    let (_, pool) = first_full(case)?;
    let lock = locks::held(case.evidence).into_iter().find(|lock| lock.share() >= 0.6)?;
    let view = pool.views.iter().find(|view| locks::wait_for(view, &lock).is_some())?;
    Some(
        Sentence::new(Code::PoolWaitsForLock)
            .name("pid", lock.holder.to_string(), lock.fact)
            .figure("share", &case.share(lock.share_expr())?)
            .cite(view.waits),
    )
}

/// The pool is full of live streams: then the streams are the cause.
fn streams_instead(case: &Case<'_>) -> Option<Sentence> {
    let (_, pool, streams) = streams_eat_workers::held_by_streams(case)?;
    let count = case.count(Expr::median(streams))?;
    let waits = pool.views.iter().take(4).map(|view| view.waits);
    Some(Sentence::new(Code::StreamsFew).figure("streams", &count).cite_all(waits))
}

fn examine(case: &Case<'_>) -> Judgement {
    if case.any_watched().is_none() {
        return Judgement::lacking(case, CAUSE.required[1]);
    }
    match first_full(case) {
        Some((symptom, pool)) => name(case, symptom, &pool)
            .unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0])),
        None => not_full(case),
    }
}

fn name(case: &Case<'_>, symptom: &Symptom, pool: &FullPool<'_>) -> Option<Judgement> {
    let first = pool.views.first()?;
    let facts: Vec<&Fact> = pool.views.iter().map(|view| view.waits).collect();
    // Each thread counts once: n over n of its own looks.
    let threads = Expr::sum(facts.iter().map(|fact| Expr::n(fact).over(Expr::n(fact))));
    let threads = Figure::of(threads, Unit::Count, case.evidence)?;
    let code = match pool.place {
        Place::Call(_) => Code::PoolFull,
        Place::Line(_) => Code::PoolFullLine,
    };
    let says = Sentence::new(code)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("threads", &threads)
        .name("pid", first.pid.to_string(), first.waits);
    let says = match pool.place {
        Place::Call(call) => says.name("call", call, first.waits),
        Place::Line(line) => says.name("line", line, first.app_line()?.1).cite(first.waits),
    };
    let line =
        first.line().map(|(line, fact)| Sentence::new(Code::PoolLine).name("line", line, fact));
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([chain::thread_wait(case, first), line]));
    links.extend(
        first
            .source_text()
            .map(|(text, fact)| Sentence::new(Code::SourceText).name("text", text, fact)),
    );
    links.extend(chain::of([chain::others(case, symptom)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: first.line().map_or_else(|| first.pid.to_string(), |(line, _)| line.to_owned()),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: case.share(case.inside_share(symptom)),
        grade: Grade::Observed,
    }))
}

fn not_full(case: &Case<'_>) -> Judgement {
    let Some(symptom) = case.slow().next() else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let views = case.threads(symptom);
    let waiting: Vec<&Fact> = views
        .iter()
        .filter(|view| {
            !view.is_loop() && !pools::waits_for_work(view) && view.sync_wait().is_some()
        })
        .map(|view| view.waits)
        .collect();
    let threads = Expr::sum(waiting.iter().map(|fact| Expr::n(fact).over(Expr::n(fact))));
    match Figure::of(threads, Unit::Count, case.evidence).filter(|_| !views.is_empty()) {
        Some(figure) => Judgement::RuledOut(
            Sentence::new(Code::PoolNotFull)
                .figure("threads", &figure)
                .cite_all(views.iter().take(8).map(|view| view.waits)),
        ),
        None => Judgement::lacking(case, CAUSE.required[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn forty_threads_in_the_same_sleep_are_a_full_pool() {
        let bed = Bed::new().with(|bed| sample::pool(bed, 40, 0));
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(finding.says.params.iter().any(|(name, _)| *name == "threads"));
    }

    #[test]
    fn a_pool_full_of_hashes_belongs_to_hashing() {
        let bed = Bed::new().with(sample::hashing_pool);
        assert_ruled_out(judge(&CAUSE, bed), Code::PoolHashes);
    }

    #[test]
    fn a_pool_that_waits_for_a_lock_belongs_to_the_lock() {
        let lock = "/srv/app/a.db lock WRITE";
        let bed = Bed::new()
            .with(|bed| sample::pool(bed, 40, 0))
            .fact(FactKey::PythonSourceText, "/srv/app/app.py:12", "db.execute(SQL)")
            .counts_of(FactKey::SqliteLockHeldBy, lock, &[("31860", 63)], 64);
        assert_ruled_out(judge(&CAUSE, bed), Code::PoolWaitsForLock);
    }

    #[test]
    fn a_pool_full_of_streams_belongs_to_the_streams() {
        let bed = Bed::new().with(|bed| sample::pool(bed, 40, 0)).samples(
            FactKey::ClientStreams,
            "target",
            &[40.0; 20],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::StreamsFew);
    }

    #[test]
    fn one_parked_thread_means_that_the_pool_is_not_full() {
        let bed = Bed::new().with(|bed| sample::pool(bed, 39, 1));
        assert_ruled_out(judge(&CAUSE, bed), Code::PoolNotFull);
    }

    #[test]
    fn one_waiting_thread_is_no_full_pool() {
        let judged = judge(&CAUSE, Bed::new().with(sample::foreign_lock));
        assert_ruled_out(judged, Code::PoolNotFull);
    }
}
