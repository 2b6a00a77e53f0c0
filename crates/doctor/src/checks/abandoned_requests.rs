//! F65: the server works for clients that have given up, and the same requests come again.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// A slow endpoint beside many connections whose clients have closed while the server holds them.
pub(super) const CAUSE: Cause = Cause {
    id: "F65",
    slug: "abandoned-requests",
    title: Code::AbandonedTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::ClientsAbandoned], &[FactKey::ClientsOpen]],
    supporting: &[FactKey::HttpTotalMs, FactKey::HeldRequestMs],
    refutes: &[],
    look_alikes: &["F73", "F15"],
    bound: None,
    examine,
};

/// Fewer abandoned connections are chance.
const ABANDONED_MIN: f64 = 5.0;
/// They must be such a share of all connections.
const SHARE_MIN: f64 = 0.5;

fn latest<'a>(case: &Case<'a>, key: FactKey) -> Option<&'a Fact> {
    case.evidence.find(key, object::TARGET)
}

fn examine(case: &Case<'_>) -> Judgement {
    let both = latest(case, FactKey::ClientsAbandoned).zip(latest(case, FactKey::ClientsOpen));
    let Some((abandoned, open)) = both else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    judged(case, abandoned, open).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn judged(case: &Case<'_>, abandoned: &Fact, open: &Fact) -> Option<Judgement> {
    let count = case.count(Expr::median(abandoned))?;
    let all = case.count(Expr::median(abandoned).plus(Expr::median(open)))?;
    let storm = count.value >= ABANDONED_MIN && count.value >= all.value * SHARE_MIN;
    let Some(symptom) = case.slow().next().filter(|_| storm) else {
        let says = Sentence::new(Code::AbandonedFew).figure("abandoned", &count);
        return Some(Judgement::RuledOut(says.figure("all", &all)));
    };
    let timed = case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    let says = Sentence::new(Code::Abandoned).figure("abandoned", &count).figure("all", &all).name(
        "path",
        &symptom.path,
        timed,
    );
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: object::TARGET.to_owned(),
        says,
        chain: chain::of([chain::timing(case, &symptom.object)]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn bed(abandoned: f64, open: f64) -> Bed {
        Bed::new()
            .with(|bed| sample::pool(bed, 40, 0))
            .samples(FactKey::ClientsAbandoned, "target", &[abandoned; 20])
            .samples(FactKey::ClientsOpen, "target", &[open; 20])
    }

    #[test]
    fn a_server_that_works_for_clients_that_are_gone_is_found() {
        assert!(assert_found(judge(&CAUSE, bed(30.0, 10.0))).is_hygiene());
    }

    #[test]
    fn plain_overload_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(0.0, 60.0)), Code::AbandonedFew);
    }
}
