//! The bound of every cause that works through reading too much of a SQLite file (P9).

use super::Bound;
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::words::Code;

/// How many full reads are assumed where the server's read calls were not counted.
const PASSES_ASSUMED: f64 = 2.0;

/// The parts of the bound, for sentences that print them.
pub(crate) struct Scan<'a> {
    /// The time of reading every page once.
    pub scan: &'a Fact,
    /// The size of the file.
    pub size: &'a Fact,
    /// How many full reads the watched request made at most.
    pub passes: Figure,
    /// The most they explain, in percent of the request's time.
    pub share: Figure,
    /// The request's whole time.
    pub time: Figure,
}

/// Computes the bound for the worst slow endpoint on the examined database.
pub(crate) fn of<'a>(case: &Case<'a>) -> Option<Scan<'a>> {
    let symptom = case.slow().next()?;
    let scan = case.evidence.any(FactKey::SqliteScanMs)?;
    let size = case.evidence.find(FactKey::SqliteSizeBytes, &scan.object)?;
    let pages = case.evidence.find(FactKey::SqlitePages, &scan.object)?;
    let time = crate::budget::total_expr(case.evidence, symptom)?;
    let passes = read_calls(case, symptom)
        .map(|fact| Expr::value(fact).over(Expr::value(pages)))
        .filter(|expr| expr.evaluate(case.evidence).is_some_and(|passes| passes >= 1.0))
        .unwrap_or(Expr::Constant(PASSES_ASSUMED));
    let share = case.percent(Expr::value(scan).times(passes.clone()), time.clone())?;
    Some(Scan { scan, size, passes: case.count(passes)?, share, time: case.ms(time)? })
}

/// Read calls of the server while the watched request was outstanding.
pub(super) fn read_calls<'a>(
    case: &Case<'a>,
    symptom: &crate::symptom::Symptom,
) -> Option<&'a Fact> {
    let (pid, _) = case.server()?;
    symptom.windows().iter().find_map(|window| {
        case.evidence.find(FactKey::ProcessReadCalls, &object::process_during(pid, window))
    })
}

/// The bound as the gate takes it. It does not hold while the working thread computes for a
/// tenth of the time or more: joins without an index compute over pages that are read once.
pub(super) fn bound(case: &Case<'_>) -> Option<Bound> {
    let symptom = case.slow().next()?;
    let computes = case
        .workers()
        .iter()
        .filter(|(of, _)| of.object == symptom.object)
        .any(|(_, view)| view.on_cpu().is_some_and(|share| share >= 0.1));
    if computes {
        return None;
    }
    let scan = of(case)?;
    let says = Sentence::new(Code::IndexBound)
        .figure("size", &case.bytes(scan.size)?)
        .figure("scan", &case.ms(Expr::value(scan.scan))?)
        .figure("passes", &scan.passes)
        .figure("share", &scan.share)
        .figure("time", &scan.time);
    Some(Bound { share: scan.share, says })
}
