//! F48: expired sessions are never swept.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, scan_bound};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// Many expired rows, or old ones: hygiene, and a cause of latency only through reading them.
pub(super) const CAUSE: Cause = Cause {
    id: "F48",
    slug: "expired-sessions-never-swept",
    title: Code::SessionsTitle,
    nature: Nature::Hygiene,
    required: &[
        &[FactKey::SqliteSessionsExpired, FactKey::WitnessSessionsExpired],
        &[FactKey::SqliteSessionsTotal, FactKey::WitnessSessionsTotal],
    ],
    supporting: &[FactKey::SqliteSessionsOldestExpiredMs, FactKey::WitnessSweepLastAt],
    refutes: &[],
    look_alikes: &["F41", "F43"],
    bound: Some(scan_bound::bound),
    examine,
};

/// From how many expired rows on a sweep is worth its writes.
const EXPIRED_MIN: f64 = 500.0;
/// And from which share of all sessions, in percent.
const EXPIRED_PERCENT_MIN: f64 = 10.0;

/// One table of sessions.
pub(crate) struct Sessions<'a> {
    /// Rows past their expiry.
    pub expired: &'a Fact,
    /// All rows.
    pub total: &'a Fact,
}

/// Every table of sessions that was counted; Galen's own counters where there is no table.
pub(crate) fn counted<'a>(case: &Case<'a>) -> Vec<Sessions<'a>> {
    let pairs = [
        (FactKey::SqliteSessionsExpired, FactKey::SqliteSessionsTotal),
        (FactKey::WitnessSessionsExpired, FactKey::WitnessSessionsTotal),
    ];
    pairs
        .into_iter()
        .flat_map(|(expired, total)| {
            case.evidence.all(expired).filter_map(move |fact| {
                let total = case.evidence.find(total, &fact.object)?;
                Some(Sessions { expired: fact, total })
            })
        })
        .collect()
}

fn examine(case: &Case<'_>) -> Judgement {
    let tables = counted(case);
    let unswept = tables.iter().find(|one| {
        let expired = one.expired.value.number().unwrap_or(0.0);
        let share = case.percent(Expr::value(one.expired), Expr::value(one.total));
        expired >= EXPIRED_MIN && share.is_some_and(|share| share.value >= EXPIRED_PERCENT_MIN)
    });
    if let Some((one, says)) = unswept.and_then(|one| Some((one, unswept_sentence(case, one)?))) {
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object: one.expired.object.clone(),
            says,
            chain: chain::of([latency_bound(case)]),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    tables
        .first()
        .and_then(|one| fill(case, one, Code::SessionsSwept))
        .map_or_else(|| Judgement::lacking(case, CAUSE.required[0]), Judgement::RuledOut)
}

/// Fills `expired`, `total` and `table`.
pub(crate) fn fill(case: &Case<'_>, one: &Sessions<'_>, code: Code) -> Option<Sentence> {
    Some(
        Sentence::new(code)
            .figure("expired", &case.count(Expr::value(one.expired))?)
            .figure("total", &case.count(Expr::value(one.total))?)
            .name("table", &one.expired.object, one.expired),
    )
}

fn unswept_sentence(case: &Case<'_>, one: &Sessions<'_>) -> Option<Sentence> {
    let share = case.percent(Expr::value(one.expired), Expr::value(one.total))?;
    let age = case
        .evidence
        .find(FactKey::SqliteSessionsOldestExpiredMs, &one.expired.object)
        .and_then(|fact| {
            let days = Expr::value(fact).times(Expr::Constant(1.0 / 86_400_000.0));
            crate::figure::Figure::of(days, Unit::Days, case.evidence)
        });
    let code = if age.is_some() { Code::SessionsExpired } else { Code::SessionsExpiredNoAge };
    let says = fill(case, one, code)?.figure("share", &share);
    Some(match age {
        Some(age) => says.figure("age", &age),
        None => says,
    })
}

/// With a slow endpoint: the most that reading them explains.
fn latency_bound(case: &Case<'_>) -> Option<Sentence> {
    scan_bound::bound(case).map(|bound| bound.says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn sessions(total: i64, expired: i64) -> Bed {
        Bed::new().fact(FactKey::SqliteSessionsTotal, "/a.db#sessions", total).fact(
            FactKey::SqliteSessionsExpired,
            "/a.db#sessions",
            expired,
        )
    }

    #[test]
    fn a_million_expired_sessions_are_found_and_are_hygiene() {
        let bed = sessions(1_010_000, 1_000_000).fact(
            FactKey::SqliteSessionsOldestExpiredMs,
            "/a.db#sessions",
            40 * 86_400_000_i64,
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(finding.is_hygiene());
        assert!(crate::words::render(&finding.says).contains("1,000,000 of 1,010,000"));
    }

    #[test]
    fn a_few_expired_sessions_between_two_sweeps_are_normal() {
        assert_ruled_out(judge(&CAUSE, sessions(41, 3)), Code::SessionsSwept);
    }

    #[test]
    fn many_living_sessions_are_not_expired_ones() {
        assert_ruled_out(judge(&CAUSE, sessions(1_000_000, 600)), Code::SessionsSwept);
    }
}
