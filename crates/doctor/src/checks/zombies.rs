//! F29: zombie children, which are never a cause of latency.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// Children in state Z: dead, without memory or descriptors, waiting for their parent's wait().
pub(super) const CAUSE: Cause = Cause {
    id: "F29",
    slug: "zombie-children",
    title: Code::ZombiesTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::ProcessZombies]],
    supporting: &[FactKey::ProcessChildren],
    refutes: &[],
    look_alikes: &[],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    for fact in case.evidence.all(FactKey::ProcessZombies) {
        let Value::List(pids) = &fact.value else { continue };
        if pids.is_empty() {
            continue;
        }
        let Some(count) = case.count(Expr::len(fact)) else { continue };
        let says = Sentence::new(Code::Zombies)
            .name("pid", &fact.object, fact)
            .figure("count", &count)
            .name("pids", pids.join(", "), fact);
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object: fact.object.clone(),
            says,
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    match case.evidence.any(FactKey::ProcessZombies) {
        Some(fact) => {
            Judgement::RuledOut(Sentence::new(Code::NoZombies).name("pid", &fact.object, fact))
        }
        None => Judgement::lacking(case, CAUSE.required[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn zombies_beside_a_slow_endpoint_explain_nothing() {
        let bed = Bed::new().list(FactKey::ProcessZombies, "4100", &["4188", "4190"]);
        let bed = sample::held(bed, "/a", [0, 64, 0, 0, 0], 3000.0);
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(finding.is_hygiene());
    }

    #[test]
    fn living_children_are_no_zombies() {
        let bed = Bed::new().list(FactKey::ProcessChildren, "4100", &["4188"]).list(
            FactKey::ProcessZombies,
            "4100",
            &[],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::NoZombies);
    }
}
