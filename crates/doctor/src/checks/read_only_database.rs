//! F44: the database cannot be written, and a request that writes fails.

use super::busy_snapshot::{failing, told};
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::sentence::Sentence;
use crate::words::Code;

/// An endpoint that fails with SQLITE_READONLY, and a database the server has open for reading only.
pub(super) const CAUSE: Cause = Cause {
    id: "F44",
    slug: "sqlite-read-only",
    title: Code::ReadOnlyTitle,
    nature: Nature::Failure,
    required: &[
        &[FactKey::HttpErrors],
        &[FactKey::SqliteOpenMode, FactKey::SqliteReadOnlyBy],
        &[FactKey::HttpBodyText, FactKey::LogPhrases],
    ],
    supporting: &[FactKey::SqliteFilesystem],
    refutes: &[],
    look_alikes: &["F45", "F38"],
    bound: None,
    examine,
};

/// The phrase of result code 8 (rescode.html).
const READ_ONLY: &str = "readonly database";

fn examine(case: &Case<'_>) -> Judgement {
    let refused =
        failing(case).find_map(|symptom| Some((symptom, told(case, &symptom.object, READ_ONLY)?)));
    let Some((symptom, said)) = refused else {
        let read =
            case.evidence.any(FactKey::LogPhrases).or(case.evidence.any(FactKey::HttpBodyText));
        return match read {
            Some(fact) => Judgement::RuledOut(Sentence::new(Code::ReadOnlyNothing).cite(fact)),
            None => Judgement::lacking(case, CAUSE.required[2]),
        };
    };
    let Some((database, mode, by, word)) = forbidden(case) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let Some(errors) = case.evidence.find(FactKey::HttpErrors, &symptom.object) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let says = Sentence::new(Code::ReadOnly)
        .name("path", &symptom.object, errors)
        .name("database", database, mode)
        .word("why", word)
        .cite(said)
        .cite_all(by);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: database.to_owned(),
        says,
        chain: chain::of([chain::timing(case, &symptom.object)]),
        explains: vec![symptom.object.clone()],
        share: None,
        grade: Grade::Proven,
    })
}

/// The database that is open read-only or forbidden to be written, and what forbids it.
fn forbidden<'a>(case: &Case<'a>) -> Option<(&'a str, &'a Fact, Option<&'a Fact>, Code)> {
    let outside = case.evidence.all(FactKey::SqliteReadOnlyBy).find_map(|fact| {
        let word = match case.evidence.text(fact.key, &fact.object)? {
            "mount" => Code::ReadOnlyMount,
            "attribute" => Code::ReadOnlyAttribute,
            "permission" => Code::ReadOnlyPermission,
            _ => return None,
        };
        Some((fact, word))
    });
    let opened = case
        .evidence
        .all(FactKey::SqliteOpenMode)
        .find(|fact| case.evidence.text(fact.key, &fact.object) == Some("read-only"));
    match (outside, opened) {
        (Some((by, word)), mode) => Some((&by.object, mode.unwrap_or(by), Some(by), word)),
        (None, Some(mode)) => Some((&mode.object, mode, None, Code::ReadOnlyItself)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    const DB: &str = "/srv/app/a.db";

    #[test]
    fn a_refused_write_on_a_file_opened_for_reading_is_found() {
        let bed = beds::failing(Bed::new(), "/save", "attempt to write a readonly database", 4.0)
            .fact(FactKey::SqliteOpenMode, DB, "read-only")
            .fact(FactKey::SqliteReadOnlyBy, DB, "nothing");
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(crate::words::render(&finding.says).contains("the program itself"));
    }

    #[test]
    fn a_read_only_mount_is_found_as_what_forbids_it() {
        let bed = beds::failing(Bed::new(), "/save", "attempt to write a readonly database", 4.0)
            .fact(FactKey::SqliteReadOnlyBy, DB, "mount");
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(crate::words::render(&finding.says).contains("mounted"));
    }

    #[test]
    fn a_program_that_only_reads_is_ruled_out() {
        let bed = beds::failing(Bed::new(), "/save", "no such table", 4.0).fact(
            FactKey::SqliteOpenMode,
            DB,
            "read-only",
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::ReadOnlyNothing);
    }
}
