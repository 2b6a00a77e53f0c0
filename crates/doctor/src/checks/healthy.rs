//! F77: every endpoint meets its target.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// No symptom at all, on measured endpoints.
pub(super) const CAUSE: Cause = Cause {
    id: "F77",
    slug: "healthy",
    title: Code::HealthyTitle,
    nature: Nature::Health,
    required: &[&[FactKey::HttpTotalMs], &[FactKey::HttpErrors]],
    supporting: &[],
    refutes: &[],
    look_alikes: &[],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    if let Some(symptom) = case.symptoms.first() {
        return match chain::timing(case, &symptom.object)
            .or_else(|| chain::failed(case, &symptom.object))
        {
            Some(says) => Judgement::RuledOut(says),
            None => Judgement::lacking(case, CAUSE.required[0]),
        };
    }
    let endpoints: Vec<&Fact> = case
        .evidence
        .all(FactKey::HttpTotalMs)
        .filter(|fact| object::parse_endpoint(&fact.object).1 == 1)
        .collect();
    let Some(says) = sentence(case, &endpoints) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let errors = case.evidence.all(FactKey::HttpErrors).take(endpoints.len());
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: object::TARGET.to_owned(),
        says: says.cite_all(errors),
        chain: endpoints.iter().filter_map(|fact| chain::timing(case, &fact.object)).collect(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    })
}

fn sentence(case: &Case<'_>, endpoints: &[&Fact]) -> Option<Sentence> {
    let (path, fact, p95) = case.slowest()?;
    let n = case.count(Expr::n(fact))?;
    let says = |code| {
        Sentence::new(code)
            .name("path", path, fact)
            .figure("p95", &p95)
            .figure("n", &n)
            .setting("target", case.target_text())
    };
    if endpoints.len() == 1 {
        return Some(says(Code::HealthyOne));
    }
    // Each endpoint counts once: n over n of its own requests.
    let count = Expr::sum(endpoints.iter().map(|fact| Expr::n(fact).over(Expr::n(fact))));
    let count = Figure::of(count, Unit::Count, case.evidence)?;
    Some(says(Code::Healthy).figure("endpoints", &count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn fast_endpoints_are_healthy() {
        let bed = Bed::new()
            .with(sample::server)
            .with(|bed| sample::fast(bed, "/health"))
            .with(|bed| sample::fast(bed, "/api/me"));
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(crate::words::render(&finding.says).starts_with("All 2 endpoints"));
    }

    #[test]
    fn a_slow_endpoint_is_not_healthy() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::blocked_loop)), Code::Timing);
    }
}
