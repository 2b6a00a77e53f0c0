//! F73: live streams hold every worker of the server.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure, Unit};
use crate::pools::{self, FullPool};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// A full pool beside at least as many connections on which answers are still being sent.
pub(super) const CAUSE: Cause = Cause {
    id: "F73",
    slug: "streams-hold-the-workers",
    title: Code::StreamsTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ClientStreams],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
    ],
    supporting: &[FactKey::ClientsOpen, FactKey::PythonLines],
    refutes: &[],
    look_alikes: &["F15", "F13", "F72"],
    bound: None,
    examine,
};

/// A slow endpoint behind a pool whose threads are all held, and the streams that hold them.
pub(super) fn held_by_streams<'c, 'a>(
    case: &'c Case<'a>,
) -> Option<(&'c Symptom, FullPool<'a>, &'a Fact)> {
    let streams = case.evidence.all(FactKey::ClientStreams).next_back()?;
    let (symptom, pool) = case.slow().find_map(|symptom| {
        let views = case.threads(symptom);
        pools::full(&views).map(|pool| (symptom, pool))
    })?;
    let open = streams.value.number()?;
    // A thread of the pool can be the one that works on the held request or on the next event.
    (open >= 4.0 && open >= pool.views.len() as f64 * 0.8).then_some((symptom, pool, streams))
}

fn examine(case: &Case<'_>) -> Judgement {
    match held_by_streams(case) {
        Some((symptom, pool, streams)) => named(case, symptom, &pool, streams),
        None => few(case),
    }
    .unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn named(
    case: &Case<'_>,
    symptom: &Symptom,
    pool: &FullPool<'_>,
    streams: &Fact,
) -> Option<Judgement> {
    let first = pool.views.first()?;
    let facts: Vec<&Fact> = pool.views.iter().map(|view| view.waits).collect();
    let threads = Expr::sum(facts.iter().map(|fact| Expr::n(fact).over(Expr::n(fact))));
    let says = Sentence::new(Code::StreamsHold)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("threads", &Figure::of(threads, Unit::Count, case.evidence)?)
        .name("pid", first.pid.to_string(), first.waits)
        .figure("streams", &case.count(Expr::median(streams))?);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([chain::thread_wait(case, first)]));
    links.extend(chain::source_line(case, first));
    links.extend(chain::of([chain::control(case, symptom)]));
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

fn few(case: &Case<'_>) -> Option<Judgement> {
    let streams = case.evidence.all(FactKey::ClientStreams).next_back()?;
    let count = case.count(Expr::median(streams))?;
    Some(Judgement::RuledOut(Sentence::new(Code::StreamsFew).figure("streams", &count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn bed(streams: f64) -> Bed {
        Bed::new().with(|bed| sample::pool(bed, 40, 0)).samples(
            FactKey::ClientStreams,
            "target",
            &[streams; 20],
        )
    }

    #[test]
    fn forty_streams_on_forty_threads_are_found() {
        let finding = assert_found(judge(&CAUSE, bed(40.0)));
        assert!(crate::words::render(&finding.says).contains("40 connections"));
    }

    #[test]
    fn a_full_pool_without_streams_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(0.0)), Code::StreamsFew);
    }
}
