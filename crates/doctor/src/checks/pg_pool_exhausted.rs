//! F51: all connections of the server's pool are in use, and the request waits for one.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::postgres::{self, Doing, Pool};
use crate::sentence::Sentence;
use crate::stats;
use crate::symptom::Symptom;
use crate::words::Code;

/// PostgreSQL does nothing for the request while a thread stands in the pool, or while every
/// session of the server is in use by others.
pub(super) const CAUSE: Cause = Cause {
    id: "F51",
    slug: "postgres-pool-exhausted",
    title: Code::PgPoolTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PgWaits], &[FactKey::PgPoolTotal]],
    supporting: &[FactKey::PgPoolBusy, FactKey::PgInbound, FactKey::PythonStack],
    refutes: &[waits_for_a_lock],
    look_alikes: &["F52", "F49", "F50", "F15"],
    bound: None,
    examine,
};

/// A slow endpoint that waits for a connection.
pub(super) struct Starved<'c, 'a> {
    pub symptom: &'c Symptom,
    pub pool: Pool<'a>,
    pub share: Figure,
}

/// Slow endpoints that wait for a connection through at least 60 % of their time.
pub(super) fn starved<'c, 'a>(case: &'c Case<'a>) -> Vec<Starved<'c, 'a>> {
    case.slow()
        .filter_map(|symptom| {
            let pool = Pool::of(case.evidence, symptom, &case.threads(symptom))?;
            let waiting = pool.waits.share_expr(Doing::Nothing);
            let share = case.share(waiting.times(case.inside_share(symptom)))?;
            (pool.is_exhausted() && share.value >= 60.0).then_some(Starved { symptom, pool, share })
        })
        .collect()
}

/// Whether the connections lay unused for longer than any request takes, with nobody to use them.
pub(super) fn is_leaked(case: &Case<'_>, one: &Starved<'_, '_>) -> bool {
    untouched(case, one).is_some_and(|(_, age)| {
        let time = case.time(one.symptom).map_or(f64::INFINITY, |time| time.value);
        age.value >= time * 1.2
    }) && clients(&one.pool) < 1.0
}

/// Connections of other clients at the median look.
pub(super) fn clients(pool: &Pool<'_>) -> f64 {
    match &pool.inbound.value {
        Value::Samples(samples) => stats::median(samples).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// How long ago any of the server's sessions was used.
pub(super) fn untouched<'a>(case: &Case<'a>, one: &Starved<'_, '_>) -> Option<(&'a Fact, Figure)> {
    let fact = postgres::held(case.evidence, one.symptom, FactKey::PgPoolUntouchedMs)?;
    Some((fact, case.ms(Expr::value(fact))?))
}

/// A pool whose sessions wait for a lock is empty because of the lock.
fn waits_for_a_lock(case: &Case<'_>) -> Option<Sentence> {
    let (_, waits) = postgres::first_watched(case)?;
    let locked = waits.share(Doing::Locked) >= 0.3;
    locked.then(|| waits.looks(case, Sentence::new(Code::PgPoolLock), Doing::Locked)).flatten()
}

/// Why nobody waits for a connection, with the looks at a slow endpoint's backend.
pub(super) fn not_starved(case: &Case<'_>) -> Judgement {
    let Some((symptom, waits)) = postgres::first_watched(case) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let worked = 1.0 - waits.share(Doing::Nothing);
    let path = case.evidence.find(FactKey::HttpTotalMs, &symptom.object);
    let says = path.and_then(|fact| {
        if worked >= 0.5 {
            let says = Sentence::new(Code::PgPoolNotWaited).name("path", &symptom.path, fact);
            let classes = [Doing::Locked, Doing::Work, Doing::Disk, Doing::Connecting];
            let looks = Expr::sum(classes.map(|class| waits.looks_expr(class)));
            return chain::looks(case, says, looks, waits.fact);
        }
        let says = Sentence::new(Code::PgPoolOpen).name("path", &symptom.path, fact);
        Some(says.cite(waits.fact))
    });
    says.map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut)
}

fn examine(case: &Case<'_>) -> Judgement {
    let starved = starved(case);
    let Some(first) = starved.first() else { return not_starved(case) };
    if is_leaked(case, first) {
        return untouched(case, first).map_or_else(
            || Judgement::lacking(case, &[FactKey::PgPoolUntouchedMs]),
            |(_, age)| {
                let says = Sentence::new(Code::PgPoolLeak).figure("age", &age);
                Judgement::RuledOut(says.cite(first.pool.inbound))
            },
        );
    }
    let Some(says) = verdict(case, first) else {
        return Judgement::lacking(case, CAUSE.required[2]);
    };
    Judgement::found(finding(case, (CAUSE.id, says), &starved, first))
}

fn verdict(case: &Case<'_>, one: &Starved<'_, '_>) -> Option<Sentence> {
    Some(
        Sentence::new(Code::PgPool)
            .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
            .figure("time", &case.time(one.symptom)?)
            .figure("sessions", &case.count(Expr::median(one.pool.total))?)
            .figure("share", &one.share)
            .cite(one.pool.waits.fact),
    )
}

/// The finding with its chain; its object is the serving process, whose pool it is.
pub(super) fn finding(
    case: &Case<'_>,
    (cause, says): (&'static str, Sentence),
    starved: &[Starved<'_, '_>],
    first: &Starved<'_, '_>,
) -> Finding {
    let waits = &first.pool.waits;
    let mut links = postgres::backend_links(case, first.symptom, waits, Doing::Nothing);
    links.extend(pool_links(case, &first.pool));
    links.extend(chain::control(case, first.symptom));
    Finding {
        cause,
        object: case.server().map_or_else(String::new, |(pid, _)| pid.to_string()),
        says,
        chain: links,
        explains: starved.iter().map(|one| one.symptom.object.clone()).collect(),
        share: Some(first.share.clone()),
        grade: Grade::Observed,
    }
}

fn pool_links(case: &Case<'_>, pool: &Pool<'_>) -> Vec<Sentence> {
    let thread = pool.thread.as_ref().map(|(view, fact, frame)| {
        Sentence::new(Code::PgPoolThread)
            .name("thread", chain::thread_name(view), fact)
            .name("frame", frame, fact)
    });
    let busy = || {
        let says = Sentence::new(Code::PgPoolBusy);
        let says = says.figure("busy", &case.count(Expr::median(pool.busy))?);
        Some(says.figure("sessions", &case.count(Expr::median(pool.total))?))
    };
    let clients = case.count(Expr::median(pool.inbound));
    let clients = clients.map(|n| Sentence::new(Code::PgPoolClients).figure("clients", &n));
    let idle = pool.waits.looks(case, Sentence::new(Code::PgPoolWaits), Doing::Nothing);
    chain::of([idle, thread, busy(), clients])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres as sample;

    #[test]
    fn a_thread_in_the_pool_beside_busy_sessions_is_found() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::empty_pool)));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("4100", 1));
    }

    #[test]
    fn sessions_that_are_all_in_use_are_found_without_a_stack() {
        let waits = [("idle", 80)];
        let bed = Bed::new().with(sample::slow).with(|bed| sample::backend(bed, &waits, 3.0));
        assert_found(judge(&CAUSE, bed));
    }

    #[test]
    fn a_leaked_pool_is_ruled_out_as_one_in_use() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::leaked_pool)), Code::PgPoolLeak);
    }

    #[test]
    fn sessions_that_wait_for_a_lock_are_ruled_out_as_an_empty_pool() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active"));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgPoolLock);
    }

    #[test]
    fn a_backend_at_work_is_ruled_out_as_a_wait_for_a_connection() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::scanning)), Code::PgPoolNotWaited);
    }
}
