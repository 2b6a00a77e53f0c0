//! F43: the database file is bloated with free pages, or proven not to matter.

use super::{Cause, Finding, Grade, Judgement, Nature, scan_bound};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// More than a quarter of the pages free, in a file above 64 MB. Below that it is impossible.
pub(super) const CAUSE: Cause = Cause {
    id: "F43",
    slug: "sqlite-bloat",
    title: Code::BloatTitle,
    nature: Nature::Hygiene,
    required: &[
        &[FactKey::SqliteFreelistPages],
        &[FactKey::SqlitePages],
        &[FactKey::SqliteSizeBytes],
    ],
    supporting: &[FactKey::SqliteScanMs],
    refutes: &[],
    look_alikes: &["F41", "F48"],
    bound: Some(scan_bound::bound),
    examine,
};

/// The smallest file in which free pages matter, in bytes.
pub(crate) const BYTES_MIN: f64 = 64e6;
/// The smallest share of free pages that matters, in percent.
const FREE_PERCENT_MIN: f64 = 25.0;

/// The figures of one database file.
struct File<'a> {
    free: &'a Fact,
    pages: &'a Fact,
    size: &'a Fact,
}

impl File<'_> {
    fn share(&self, case: &Case<'_>) -> Option<Figure> {
        case.percent(Expr::value(self.free), Expr::value(self.pages))
    }

    fn fill(&self, case: &Case<'_>, code: Code) -> Option<Sentence> {
        Some(
            Sentence::new(code)
                .figure("free", &case.count(Expr::value(self.free))?)
                .figure("pages", &case.count(Expr::value(self.pages))?)
                .figure("size", &case.bytes(self.size)?),
        )
    }
}

fn files<'a>(case: &Case<'a>) -> Vec<File<'a>> {
    case.evidence
        .all(FactKey::SqliteFreelistPages)
        .filter_map(|free| {
            Some(File {
                free,
                pages: case.evidence.find(FactKey::SqlitePages, &free.object)?,
                size: case.evidence.find(FactKey::SqliteSizeBytes, &free.object)?,
            })
        })
        .collect()
}

fn examine(case: &Case<'_>) -> Judgement {
    let files = files(case);
    let bloated = files.iter().find_map(|file| {
        let share = file.share(case).filter(|share| share.value > FREE_PERCENT_MIN)?;
        let big = file.size.value.number().is_some_and(|size| size >= BYTES_MIN);
        let says = file.fill(case, Code::Bloat)?;
        let says = says.name("database", &file.free.object, file.free).figure("share", &share);
        big.then_some((file, says))
    });
    if let Some((file, says)) = bloated {
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object: file.free.object.clone(),
            says,
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    files
        .first()
        .and_then(|file| innocent(case, file))
        .map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut)
}

fn innocent(case: &Case<'_>, file: &File<'_>) -> Option<Sentence> {
    if let Some(scan) = scan_bound::of(case)
        && scan.scan.object == file.free.object
        && scan.share.value < super::BOUND_PERCENT_MIN
    {
        let read = case.ms(Expr::value(scan.scan))?;
        return Some(
            file.fill(case, Code::BloatBound)?
                .figure("scan", &read)
                .figure("share", &scan.share)
                .figure("time", &scan.time),
        );
    }
    let small = file.size.value.number()? < BYTES_MIN;
    if small && file.share(case)?.value > FREE_PERCENT_MIN {
        let limit = Figure::constant(BYTES_MIN, Unit::Bytes).to_string();
        let size = case.bytes(file.size)?;
        return Some(Sentence::new(Code::BloatSmall).figure("size", &size).setting("limit", limit));
    }
    file.fill(case, Code::BloatNone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn file(bed: Bed, bytes: i64, pages: i64, free: i64) -> Bed {
        bed.fact(FactKey::SqliteSizeBytes, "/a.db", bytes)
            .fact(FactKey::SqlitePages, "/a.db", pages)
            .fact(FactKey::SqliteFreelistPages, "/a.db", free)
    }

    #[test]
    fn a_large_file_that_is_half_free_is_bloated_and_only_hygiene() {
        let finding = assert_found(judge(&CAUSE, file(Bed::new(), 200_000_000, 48_828, 24_000)));
        assert!(finding.is_hygiene());
        assert_eq!(finding.object, "/a.db");
    }

    #[test]
    fn on_a_third_of_a_megabyte_bloat_is_impossible() {
        let bed = Bed::new().with(sample::blocked_loop).with(sample::small_database);
        assert_ruled_out(judge(&CAUSE, bed), Code::BloatBound);
    }

    #[test]
    fn a_small_file_of_free_pages_gains_nothing() {
        assert_ruled_out(judge(&CAUSE, file(Bed::new(), 331_776, 81, 70)), Code::BloatSmall);
    }

    #[test]
    fn a_large_file_without_free_pages_is_not_bloated() {
        let judged = judge(&CAUSE, file(Bed::new(), 200_000_000, 48_828, 3));
        assert_ruled_out(judged, Code::BloatNone);
    }
}
