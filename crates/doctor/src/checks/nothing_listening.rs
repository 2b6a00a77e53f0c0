//! F01: nothing listens at the address.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::Ailment;
use crate::words::Code;

/// A refusal (RST) and no listening socket: the server is not running, or listens elsewhere.
pub(super) const CAUSE: Cause = Cause {
    id: "F01",
    slug: "nothing-listening",
    title: Code::NothingListensTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ConnectOutcome]],
    supporting: &[FactKey::ListenerCount, FactKey::LockFilePid],
    refutes: &[somebody_listens],
    look_alikes: &["F02", "F04", "F05"],
    bound: None,
    examine,
};

fn somebody_listens(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.evidence.any(FactKey::ListenerPid)?;
    Some(Sentence::new(Code::SomethingListens).figure("pid", &case.pid(fact)?))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some(symptom) = case.ailing(Ailment::Unreachable) else {
        let fact = case
            .evidence
            .all(FactKey::ConnectOutcome)
            .find(|fact| matches!(&fact.value, Value::Text(outcome) if outcome == "accepted"));
        return match fact {
            Some(fact) => Judgement::RuledOut(outcome_sentence(fact)),
            None => Judgement::lacking(case, &[FactKey::ConnectOutcome]),
        };
    };
    let address = &symptom.object;
    let Some(outcome) = case.evidence.find(FactKey::ConnectOutcome, address) else {
        return Judgement::lacking(case, &[FactKey::ConnectOutcome]);
    };
    if outcome.value != Value::from("refused") {
        return Judgement::RuledOut(outcome_sentence(outcome));
    }
    let listeners = case.evidence.any(FactKey::ListenerCount);
    let says = listeners.and_then(|fact| {
        let count = case.count(Expr::value(fact))?;
        Some(Sentence::new(Code::NothingListens).figure("count", &count))
    });
    let (says, grade) = match says {
        Some(says) => (says, Grade::Proven),
        None => (Sentence::new(Code::NothingListensRemote), Grade::Observed),
    };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: address.clone(),
        says: says.name("address", address, outcome),
        chain: vec![outcome_sentence(outcome)],
        explains: vec![address.clone()],
        share: None,
        grade,
    })
}

fn outcome_sentence(fact: &Fact) -> Sentence {
    let outcome = match &fact.value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    Sentence::new(Code::ConnectEnded)
        .name("address", &fact.object, fact)
        .name("outcome", outcome, fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_refusal_without_any_listener_is_named() {
        let bed = Bed::new().fact(FactKey::ConnectOutcome, "127.0.0.1:8000", "refused").fact(
            FactKey::ListenerCount,
            ":8000",
            0,
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "127.0.0.1:8000");
        assert_eq!(finding.grade, Grade::Proven);
    }

    #[test]
    fn silence_is_not_a_refusal() {
        let bed = Bed::new().fact(FactKey::ConnectOutcome, "127.0.0.1:8000", "timeout").fact(
            FactKey::ListenerCount,
            ":8000",
            0,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::ConnectEnded);
    }

    #[test]
    fn a_listener_of_another_family_rules_it_out() {
        let bed = Bed::new().fact(FactKey::ConnectOutcome, "127.0.0.1:8000", "refused").fact(
            FactKey::ListenerPid,
            "[::1]:8000 inode 4",
            12,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::SomethingListens);
    }
}
