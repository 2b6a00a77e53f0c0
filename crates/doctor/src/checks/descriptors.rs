//! F06: the server has no file descriptor left to accept a connection with.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// As many descriptors open as the soft limit allows, while requests are left unanswered.
pub(super) const CAUSE: Cause = Cause {
    id: "F06",
    slug: "out-of-file-descriptors",
    title: Code::DescriptorsTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ProcessFds], &[FactKey::ProcessFdLimit]],
    supporting: &[FactKey::ProcessFdKinds, FactKey::RoomAcceptQueue, FactKey::ListenerQueued],
    refutes: &[],
    look_alikes: &["F04", "F07", "F13"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some((open, limit)) = whole::descriptors(case) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    match name(case, open, limit) {
        Some(judged) => judged,
        None => Judgement::lacking(case, CAUSE.required[1]),
    }
}

fn name(case: &Case<'_>, open: &Fact, limit: &Fact) -> Option<Judgement> {
    let (pid, _) = case.server()?;
    let fill = |code| {
        Some(
            Sentence::new(code)
                .name("pid", pid.to_string(), open)
                .figure("open", &case.count(Expr::value(open))?)
                .figure("limit", &case.count(Expr::value(limit))?),
        )
    };
    let refuse = whole::exhausted((open, limit));
    if !refuse {
        return Some(Judgement::RuledOut(fill(Code::DescriptorsFree)?));
    }
    let explains = whole::explains_all(case);
    let says = match explains.is_empty() {
        true => fill(Code::DescriptorsNear)?,
        false => case.command(fill(Code::Descriptors)?, pid),
    };
    let mut links = chain::of([kinds(case, pid)]);
    links.extend(case.slow().next().map(|symptom| chain::rooms(case, symptom)).unwrap_or_default());
    links.extend(chain::of([waiting(case)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says,
        chain: links,
        explains,
        share: None,
        grade: Grade::Proven,
    }))
}

/// Evidence against a loop that computes: it turns over accept(2), which fails at once.
pub(super) fn accepts_in_vain(case: &Case<'_>) -> Option<Sentence> {
    let (open, limit) = whole::descriptors(case).filter(|both| whole::exhausted(*both))?;
    Some(
        Sentence::new(Code::LoopNoDescriptor)
            .name("pid", &open.object, open)
            .figure("open", &case.count(Expr::value(open))?)
            .figure("limit", &case.count(Expr::value(limit))?),
    )
}

/// The kind most of them are of: that is what is not closed.
fn kinds(case: &Case<'_>, pid: u32) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::ProcessFdKinds, &object::process(pid))?;
    let kind = crate::threads::most_frequent(fact)?;
    let count = case.count(Expr::count(fact, kind))?;
    Some(Sentence::new(Code::DescriptorsKinds).figure("count", &count).name("kind", kind, fact))
}

/// What waits to be accepted meanwhile.
fn waiting(case: &Case<'_>) -> Option<Sentence> {
    let (queued, backlog) = whole::queue(case)?;
    Some(
        Sentence::new(Code::QueueRoom)
            .figure("queued", &case.count(Expr::value(queued))?)
            .figure("backlog", &case.count(Expr::value(backlog))?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn open(bed: Bed, open: i64, limit: i64) -> Bed {
        bed.fact(FactKey::ProcessFds, "4100", open)
            .fact(FactKey::ProcessFdLimit, "4100", limit)
            .counts(FactKey::ProcessFdKinds, "4100", &[("socket", 11), ("file", 3)])
    }

    #[test]
    fn a_server_at_its_limit_that_accepts_nobody_is_named_with_the_kind_that_is_open() {
        let bed = sample::held(Bed::new().with(sample::server), "/a", [0, 64, 0, 0, 0], 4000.0);
        let finding = assert_found(judge(&CAUSE, open(bed, 14, 14)));
        assert_eq!(finding.object, "4100");
        assert!(finding.chain.iter().any(|link| link.code == Code::DescriptorsKinds));
    }

    #[test]
    fn a_limit_reached_by_a_server_that_answers_is_no_cause() {
        let bed = sample::fast(Bed::new().with(sample::server), "/a");
        assert!(assert_found(judge(&CAUSE, open(bed, 14, 14))).is_hygiene());
    }

    #[test]
    fn a_blocked_loop_with_descriptors_to_spare_is_ruled_out() {
        let bed = open(Bed::new().with(sample::blocked_loop), 14, 1024);
        assert_ruled_out(judge(&CAUSE, bed), Code::DescriptorsFree);
    }
}
