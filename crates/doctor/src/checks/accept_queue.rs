//! F04: the accept queue of the listening socket overflows.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::{Ailment, Symptom};
use crate::threads::Wait;
use crate::words::Code;

/// More connections wait than the backlog admits, connecting hangs, and the process could run.
pub(super) const CAUSE: Cause = Cause {
    id: "F04",
    slug: "accept-queue-overflow",
    title: Code::QueueTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ListenerQueued], &[FactKey::ListenerBacklog]],
    supporting: &[FactKey::ListenOverflows, FactKey::ConnectMs, FactKey::HttpConnectMs],
    refutes: &[server_halted, no_descriptor, loop_blocked],
    look_alikes: &["F05", "F06", "F07", "F13"],
    bound: None,
    examine,
};

fn full<'a>(case: &Case<'a>) -> Option<(&'a Fact, &'a Fact)> {
    whole::queue(case).filter(|queue| whole::is_full(*queue))
}

fn server_halted(case: &Case<'_>) -> Option<Sentence> {
    let (queued, _) = full(case)?;
    let (_, fact) = whole::halted(case)?;
    let Value::Text(state) = &fact.value else { return None };
    let says = Sentence::new(Code::QueueServerHalted).name("pid", &fact.object, fact);
    Some(says.name("state", state, fact).cite(queued))
}

fn no_descriptor(case: &Case<'_>) -> Option<Sentence> {
    let (queued, _) = full(case)?;
    let (open, limit) = whole::descriptors(case).filter(|both| whole::exhausted(*both))?;
    Some(
        Sentence::new(Code::QueueNoDescriptor)
            .name("pid", &open.object, open)
            .figure("open", &case.count(Expr::value(open))?)
            .figure("limit", &case.count(Expr::value(limit))?)
            .cite(queued),
    )
}

/// An event loop that was seen held up does not accept either: then that is the cause.
fn loop_blocked(case: &Case<'_>) -> Option<Sentence> {
    full(case)?;
    let (_, view) = case.loops().into_iter().find(|(_, view)| view.share(Wait::Parked) < 0.4)?;
    let name = chain::thread_name(&view);
    Some(Sentence::new(Code::QueueLoopBlocked).name("thread", name, view.waits))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((queued, backlog)) = whole::queue(case) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let judged = match kept_out(case).filter(|_| whole::is_full((queued, backlog))) {
        Some(symptom) => name(case, symptom, (queued, backlog)),
        None => room(case, queued, backlog).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

/// The symptom of somebody who did not get in: no connection, or most of the time spent on one.
fn kept_out<'c>(case: &'c Case<'_>) -> Option<&'c Symptom> {
    case.ailing(Ailment::Unreachable).or_else(|| {
        case.slow().find(|symptom| {
            let connects = case.evidence.median(FactKey::HttpConnectMs, &symptom.object);
            let total = case.evidence.median(FactKey::HttpTotalMs, &symptom.object);
            connects.zip(total).is_some_and(|(connect, total)| connect >= total * 0.6)
        })
    })
}

fn room(case: &Case<'_>, queued: &Fact, backlog: &Fact) -> Option<Sentence> {
    Some(
        Sentence::new(Code::QueueRoom)
            .figure("queued", &case.count(Expr::value(queued))?)
            .figure("backlog", &case.count(Expr::value(backlog))?),
    )
}

fn name(
    case: &Case<'_>,
    symptom: &Symptom,
    (queued, backlog): (&Fact, &Fact),
) -> Option<Judgement> {
    let (pid, server) = case.server()?;
    let address = object::listener_address(&queued.object);
    let says = Sentence::new(Code::QueueFull)
        .name("address", address, queued)
        .figure("queued", &case.count(Expr::value(queued))?)
        .figure("backlog", &case.count(Expr::value(backlog))?)
        .name("pid", pid.to_string(), server);
    let overflows = case.evidence.any(FactKey::ListenOverflows);
    let dropped = overflows.filter(|fact| fact.value.number().is_some_and(|count| count > 0.0));
    let counted = dropped.and_then(|fact| {
        let count = case.count(Expr::value(fact))?;
        Some(Sentence::new(Code::QueueOverflows).figure("count", &count))
    });
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: address.to_owned(),
        says,
        chain: chain::of([super::syn_lost::ended(case, &symptom.object), counted]),
        explains: whole::explains_all(case),
        share: None,
        grade: if dropped.is_some() { Grade::Proven } else { Grade::Observed },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn kept_out(queued: i64) -> Bed {
        let listener = "127.0.0.1:8000 inode 77";
        Bed::new()
            .with(|bed| sample::server_behind(bed, "timeout"))
            .fact(FactKey::ListenerQueued, listener, queued)
            .fact(FactKey::ListenerBacklog, listener, 2)
            .fact(FactKey::ListenOverflows, "host", 12)
    }

    #[test]
    fn a_full_queue_that_nobody_empties_is_named_by_its_address() {
        let finding = assert_found(judge(&CAUSE, kept_out(3)));
        assert_eq!((finding.object.as_str(), finding.grade), ("127.0.0.1:8000", Grade::Proven));
    }

    #[test]
    fn silence_beside_an_empty_queue_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, kept_out(0)), Code::QueueRoom);
    }

    #[test]
    fn a_queue_before_a_stopped_server_is_ruled_out() {
        let bed = kept_out(3).fact(FactKey::ProcessState, "4100", "T");
        assert_ruled_out(judge(&CAUSE, bed), Code::QueueServerHalted);
    }

    #[test]
    fn a_queue_before_a_server_without_descriptors_is_ruled_out() {
        let bed = kept_out(3).fact(FactKey::ProcessFds, "4100", 14).fact(
            FactKey::ProcessFdLimit,
            "4100",
            14,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::QueueNoDescriptor);
    }
}
