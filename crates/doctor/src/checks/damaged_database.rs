//! F45: pages or indexes of the database are damaged.

use super::busy_snapshot::{failing, told};
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// A check of a copy found something wrong.
pub(super) const CAUSE: Cause = Cause {
    id: "F45",
    slug: "sqlite-damaged",
    title: Code::DamagedTitle,
    nature: Nature::Failure,
    required: &[&[FactKey::SqliteDamage]],
    supporting: &[FactKey::HttpBodyText, FactKey::LogPhrases],
    refutes: &[],
    look_alikes: &["F44", "F47"],
    bound: None,
    examine,
};

/// The phrase of result code 11 (rescode.html).
const MALFORMED: &str = "malformed";

fn lines(fact: &Fact) -> &[String] {
    match &fact.value {
        Value::List(lines) => lines,
        _ => &[],
    }
}

/// Whether only indexes disagree with their tables, which REINDEX mends.
pub(crate) fn only_indexes(fact: &Fact) -> bool {
    let all = lines(fact);
    !all.is_empty() && all.iter().all(|line| line.contains("index ") && !line.contains("Tree "))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.evidence.all(FactKey::SqliteDamage).find(|fact| !lines(fact).is_empty())
    else {
        return match case.evidence.any(FactKey::SqliteDamage) {
            Some(fact) => Judgement::RuledOut(Sentence::new(Code::DamagedNot).name(
                "database",
                &fact.object,
                fact,
            )),
            None => Judgement::lacking(case, CAUSE.required[0]),
        };
    };
    let Some(count) = case.count(Expr::len(fact)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let code = if only_indexes(fact) { Code::DamagedIndexes } else { Code::Damaged };
    let failing: Vec<String> = failing(case)
        .filter(|symptom| told(case, &symptom.object, MALFORMED).is_some())
        .map(|symptom| symptom.object.clone())
        .collect();
    let told: Vec<Sentence> = lines(fact)
        .iter()
        .take(4)
        .map(|line| Sentence::new(Code::DamagedLine).name("line", line, fact))
        .chain(failing.first().and_then(|path| chain::timing(case, path)))
        .collect();
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says: Sentence::new(code).name("database", &fact.object, fact).figure("count", &count),
        chain: told,
        explains: failing,
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    const DB: &str = "/srv/app/a.db";

    #[test]
    fn a_damaged_tree_is_found_and_explains_the_endpoint_that_fails_of_it() {
        let text = "database disk image is malformed";
        let bed = beds::failing(Bed::new(), "/api/me", text, 4.0).list(
            FactKey::SqliteDamage,
            DB,
            &["Tree 9 page 12: btreeInitPage() returns error code 11"],
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.explains.len()), (DB, 1));
        assert_eq!(finding.says.code, Code::Damaged);
    }

    #[test]
    fn an_index_that_misses_rows_is_found_as_an_index() {
        let bed = Bed::new().list(
            FactKey::SqliteDamage,
            DB,
            &["row 3 missing from index sessions_by_token"],
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::DamagedIndexes);
    }

    #[test]
    fn a_sound_database_beside_a_failing_endpoint_is_ruled_out() {
        let bed = beds::failing(Bed::new(), "/api/me", "disk I/O error", 4.0).list(
            FactKey::SqliteDamage,
            DB,
            &[],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::DamagedNot);
    }
}
