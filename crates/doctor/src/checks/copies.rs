//! F79: several copies of the backend run.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// Another process of the same program in the same directory, outside the pre-fork family.
pub(super) const CAUSE: Cause = Cause {
    id: "F79",
    slug: "several-copies",
    title: Code::CopiesTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::CopyPids]],
    supporting: &[FactKey::ProcessListens, FactKey::SqliteOpenBy, FactKey::ForkSiblings],
    refutes: &[],
    look_alikes: &["F02"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.evidence.any(FactKey::CopyPids) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Value::List(copies) = &fact.value else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if copies.is_empty() {
        return Judgement::RuledOut(
            family(case)
                .unwrap_or_else(|| Sentence::new(Code::NoCopies).name("pid", &fact.object, fact)),
        );
    }
    let Some(count) = case.count(Expr::len(fact)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let says = Sentence::new(Code::Copies)
        .figure("count", &count)
        .name("pid", &fact.object, fact)
        .name("pids", copies.join(", "), fact);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: copies.join(", "),
        says,
        chain: copies.iter().flat_map(|copy| holds(case, copy)).collect(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

/// Parent and workers of one server, which look like copies.
fn family(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.evidence.any(FactKey::ForkSiblings)?;
    match &fact.value {
        Value::List(pids) if !pids.is_empty() => {
            Some(Sentence::new(Code::OneFamily).name("pids", pids.join(", "), fact))
        }
        _ => None,
    }
}

/// What a copy listens on and which databases it has open.
fn holds(case: &Case<'_>, copy: &str) -> Vec<Sentence> {
    let listens = case.evidence.find(FactKey::ProcessListens, copy).and_then(|fact| {
        let addresses = names(fact)?.join(", ");
        Some(Sentence::new(Code::CopyListens).name("pid", copy, fact).name(
            "addresses",
            addresses,
            fact,
        ))
    });
    let opens = case
        .evidence
        .all(FactKey::SqliteOpenBy)
        .filter(|fact| names(fact).is_some_and(|pids| pids.iter().any(|pid| pid == copy)))
        .map(|fact| {
            Sentence::new(Code::CopyHoldsDatabase).name("pid", copy, fact).name(
                "database",
                &fact.object,
                fact,
            )
        });
    listens.into_iter().chain(opens).collect()
}

fn names(fact: &Fact) -> Option<&[String]> {
    match &fact.value {
        Value::List(names) if !names.is_empty() => Some(names),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_second_copy_on_another_port_is_named() {
        let bed = Bed::new()
            .list(FactKey::CopyPids, "4100", &["4200"])
            .list(FactKey::ProcessListens, "4200", &["127.0.0.1:8001"])
            .list(FactKey::SqliteOpenBy, "/a.db", &["4100", "4200"]);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "4200");
        assert_eq!(finding.chain.len(), 2);
    }

    #[test]
    fn workers_of_a_pre_fork_server_are_no_copies() {
        let bed = Bed::new().list(FactKey::CopyPids, "4100", &[]).list(
            FactKey::ForkSiblings,
            "4100",
            &["4099", "4101"],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::OneFamily);
    }
}
