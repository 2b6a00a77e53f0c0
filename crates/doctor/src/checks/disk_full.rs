//! F33: a filesystem the server writes to is full.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::Ailment;
use crate::words::Code;

/// No block or no inode is left for the server's own user where it has files open for writing.
pub(super) const CAUSE: Cause = Cause {
    id: "F33",
    slug: "disk-full",
    title: Code::FullTitle,
    nature: Nature::Both,
    required: &[&[FactKey::FsFreeBytes], &[FactKey::FsTotalBytes]],
    supporting: &[FactKey::FsFreeInodes, FactKey::HttpBodyText, FactKey::HttpErrors],
    refutes: &[],
    look_alikes: &["F32", "F44", "F06"],
    bound: None,
    examine,
};

/// Less than this is nothing: no page of a database and its journal fit.
const FREE_BYTES_MIN: i64 = 64 * 1024;
/// How the error is worded by SQLite, the C library and others (ENOSPC, errno 28).
const WORDS: [&str; 4] = ["disk is full", "no space left on device", "enospc", "errno 28"];

fn examine(case: &Case<'_>) -> Judgement {
    judged(case).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn judged(case: &Case<'_>) -> Option<Judgement> {
    let by_free = |fact: &&Fact| match fact.value {
        Value::Int(free) => free,
        _ => i64::MAX,
    };
    let none_left =
        case.evidence.all(FactKey::FsFreeInodes).find(|fact| fact.value == Value::Int(0));
    let fullest = case.evidence.all(FactKey::FsFreeBytes).min_by_key(by_free)?;
    if by_free(&fullest) < FREE_BYTES_MIN {
        return found(case, sized(case, Code::Full, fullest)?, fullest);
    }
    if let Some(inodes) = none_left {
        let of = case.evidence.find(FactKey::FsFreeBytes, &inodes.object)?;
        let total = case.evidence.find(FactKey::FsTotalBytes, &inodes.object)?;
        let says = Sentence::new(Code::FullInodes)
            .name("directory", &inodes.object, inodes)
            .figure("inodes", &case.count(Expr::value(inodes))?)
            .cite(of)
            .cite(total);
        return found(case, says, inodes);
    }
    Some(Judgement::RuledOut(sized(case, Code::FullRoom, fullest)?))
}

fn sized(case: &Case<'_>, code: Code, free: &Fact) -> Option<Sentence> {
    let total = case.evidence.find(FactKey::FsTotalBytes, &free.object)?;
    Some(
        Sentence::new(code)
            .name("directory", &free.object, free)
            .figure("free", &case.bytes(free)?)
            .figure("total", &case.bytes(total)?),
    )
}

fn found(case: &Case<'_>, says: Sentence, fact: &Fact) -> Option<Judgement> {
    let said = whole::says_one_of(case, &WORDS);
    // An endpoint that answers 500 without saying why fails where the server cannot write.
    let failing: Vec<&Fact> = case
        .symptoms
        .iter()
        .filter(|symptom| symptom.ailment == Ailment::Failing)
        .filter_map(|symptom| {
            let kinds = case.evidence.find(FactKey::HttpErrorKinds, &symptom.object)?;
            crate::threads::most_frequent(kinds).filter(|kind| kind.starts_with("status 5"))?;
            case.evidence.find(FactKey::HttpErrors, &symptom.object)
        })
        .collect();
    let words = said.iter().map(|(fact, text)| {
        let says = Sentence::new(Code::FullSaid).name("path", &fact.object, fact);
        Some(says.name("text", *text, fact))
    });
    let counts = failing.iter().map(|fact| {
        let says = Sentence::new(Code::FullFails).name("path", &fact.object, fact);
        let says = says.figure("errors", &case.count(Expr::value(fact))?);
        Some(says.figure("n", &case.count(Expr::n(fact))?))
    });
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says,
        chain: chain::of(words.chain(counts)),
        explains: failing.iter().map(|fact| fact.object.clone()).collect(),
        share: None,
        grade: if said.is_empty() { Grade::Observed } else { Grade::Proven },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn room(free: i64, inodes: i64) -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/save", &[3.0; 30])
            .counted(FactKey::HttpErrors, "/save", 30, 30)
            .counts(FactKey::HttpErrorKinds, "/save", &[("status 500", 30)])
            .fact(FactKey::HttpBodyText, "/save", "database or disk is full")
            .fact(FactKey::FsFreeBytes, "/srv/data", free)
            .fact(FactKey::FsTotalBytes, "/srv/data", 16_000_000)
            .fact(FactKey::FsFreeInodes, "/srv/data", inodes)
    }

    #[test]
    fn a_full_filesystem_that_writes_fail_on_is_found_by_its_directory() {
        let finding = assert_found(judge(&CAUSE, room(0, 900)));
        assert_eq!((finding.object.as_str(), finding.grade), ("/srv/data", Grade::Proven));
        assert_eq!(finding.explains, ["/save"]);
    }

    #[test]
    fn a_filesystem_without_inodes_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, room(9_000_000, 0))).says.code, Code::FullInodes);
    }

    #[test]
    fn a_filesystem_with_room_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, room(9_000_000, 900)), Code::FullRoom);
    }
}
