//! F69: what one worker remembers of a client, the other workers do not know.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::threads::most_frequent;
use crate::words::Code;

/// The worker that set a cookie recognises it, and every other one answers as if it had none.
pub(super) const CAUSE: Cause = Cause {
    id: "F69",
    slug: "session-in-one-worker",
    title: Code::OneWorkerTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::SessionOtherWorkers]],
    supporting: &[
        FactKey::SessionSameWorker,
        FactKey::SessionWithout,
        FactKey::SessionIssuer,
        FactKey::FrameworkWorkers,
    ],
    refutes: &[],
    look_alikes: &["F12", "F70"],
    bound: None,
    examine,
};

/// Fewer answers of either side prove nothing.
const ANSWERS_MIN: u64 = 3;

/// The answers of both sides to one path.
struct Sides<'a> {
    same: &'a Fact,
    others: &'a Fact,
    recognised: &'a str,
    unknown: &'a str,
}

fn total(fact: &Fact) -> u64 {
    match &fact.value {
        Value::Counts(all) => all.values().sum(),
        _ => 0,
    }
}

/// The one answer that one side always gave.
fn always(fact: &Fact) -> Option<&str> {
    let label = most_frequent(fact)?;
    let Value::Counts(all) = &fact.value else { return None };
    (total(fact) >= ANSWERS_MIN && all.get(label) == Some(&total(fact))).then_some(label)
}

fn sides<'a>(case: &Case<'a>) -> Option<Sides<'a>> {
    case.evidence.all(FactKey::SessionOtherWorkers).find_map(|others| {
        let same = case.evidence.find(FactKey::SessionSameWorker, &others.object)?;
        let without = case.evidence.find(FactKey::SessionWithout, &others.object)?;
        let (recognised, unknown) = (always(same)?, always(others)?);
        // The others must treat the client exactly as one without a cookie: a page that differs by
        // worker for another reason does not.
        let as_without = most_frequent(without) == Some(unknown);
        (recognised != unknown && as_without).then_some(Sides { same, others, recognised, unknown })
    })
}

fn examine(case: &Case<'_>) -> Judgement {
    match sides(case) {
        Some(sides) => {
            named(case, &sides).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
        }
        None => shared(case),
    }
}

fn named(case: &Case<'_>, sides: &Sides<'_>) -> Option<Judgement> {
    let path = &sides.others.object;
    let issuer = case.evidence.find(FactKey::SessionIssuer, path)?;
    let count =
        |fact: &Fact, label: &str| -> Option<Figure> { case.count(Expr::count(fact, label)) };
    let says = Sentence::new(Code::OneWorker)
        .name("path", path, sides.others)
        .figure("pid", &case.pid(issuer)?)
        .figure("same", &count(sides.same, sides.recognised)?)
        .figure("others", &count(sides.others, sides.unknown)?);
    let labels = Sentence::new(Code::OneWorkerAnswers)
        .name("recognised", sides.recognised, sides.same)
        .name("unknown", sides.unknown, sides.others);
    let without = case.evidence.find(FactKey::SessionWithout, path)?;
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: path.clone(),
        says,
        chain: chain::of([Some(labels), Some(Sentence::new(Code::OneWorkerWithout).cite(without))]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

/// One process serves, no cookie is set, or the workers answer alike.
fn shared(case: &Case<'_>) -> Judgement {
    let facts: Vec<&Fact> = case.evidence.all(FactKey::SessionOtherWorkers).collect();
    let asked = facts.iter().find(|fact| total(fact) >= ANSWERS_MIN);
    let says = match asked {
        Some(fact) => {
            let same = case.evidence.find(FactKey::SessionSameWorker, &fact.object);
            Sentence::new(Code::OneWorkerShared).name("path", &fact.object, fact).cite_all(same)
        }
        None => Sentence::new(Code::OneWorkerNone).cite_all(facts),
    };
    Judgement::RuledOut(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    const KEPT: &str = "200, no new cookie";
    const ANEW: &str = "200, a new cookie";

    #[test]
    fn a_cookie_that_only_its_issuer_knows_is_found() {
        let bed = Bed::new().with(|bed| beds::sessions(bed, &[(KEPT, 6)], &[(ANEW, 14)]));
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "/api/auth/csrf");
    }

    #[test]
    fn a_cookie_that_never_comes_back_is_ruled_out_because_all_workers_answer_alike() {
        let bed = Bed::new().with(|bed| beds::sessions(bed, &[(ANEW, 6)], &[(ANEW, 14)]));
        assert_ruled_out(judge(&CAUSE, bed), Code::OneWorkerShared);
    }

    #[test]
    fn a_worker_that_fails_for_another_reason_is_ruled_out() {
        let bed =
            Bed::new().with(|bed| beds::sessions(bed, &[(KEPT, 6)], &[("500, no new cookie", 9)]));
        assert_ruled_out(judge(&CAUSE, bed), Code::OneWorkerShared);
    }

    #[test]
    fn one_process_is_ruled_out() {
        let bed = Bed::new().counts_of(FactKey::SessionOtherWorkers, "target", &[], 0);
        assert_ruled_out(judge(&CAUSE, bed), Code::OneWorkerNone);
    }
}
