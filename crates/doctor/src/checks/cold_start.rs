//! F75: only the first request was slow, which is no fault.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::words::Code;

/// The first request of all missed the target, and every later one met it by far.
pub(super) const CAUSE: Cause = Cause {
    id: "F75",
    slug: "cold-start",
    title: Code::ColdTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::HttpFirstMs], &[FactKey::HttpTotalMs]],
    supporting: &[FactKey::ProcessMajorFaults, FactKey::ProcessStartedAt],
    refutes: &[],
    look_alikes: &["F13", "F35"],
    bound: None,
    examine,
};

/// Later requests that are needed.
const LATER_MIN: usize = 5;
/// And the first must have taken so many times their median.
const TIMES_MIN: f64 = 10.0;

fn examine(case: &Case<'_>) -> Judgement {
    let slow = |fact: &&Fact| {
        fact.value.number().is_some_and(|ms| ms > case.thresholds.response_target_ms)
    };
    let firsts: Vec<&Fact> = case.evidence.all(FactKey::HttpFirstMs).collect();
    let cold = firsts.iter().copied().filter(slow).find_map(|first| cold(case, first));
    if let Some(judged) = cold {
        return judged;
    }
    let slowest = firsts.iter().copied().max_by(|a, b| {
        let ms = |fact: &Fact| fact.value.number().unwrap_or(0.0);
        ms(a).total_cmp(&ms(b))
    });
    let says = slowest.and_then(|fact| {
        let first = case.ms(Expr::value(fact))?;
        Some(Sentence::new(Code::ColdNot).name("path", &fact.object, fact).figure("first", &first))
    });
    says.map_or_else(|| Judgement::lacking(case, CAUSE.required[0]), Judgement::RuledOut)
}

fn cold(case: &Case<'_>, first: &Fact) -> Option<Judgement> {
    let later = case.evidence.find(FactKey::HttpTotalMs, &first.object)?;
    let Value::Samples(samples) = &later.value else { return None };
    let slow = samples.iter().filter(|ms| **ms > case.thresholds.response_target_ms).count();
    let median: Figure = case.ms(Expr::median(later))?;
    let first_ms = case.ms(Expr::value(first))?;
    // A slow first request is itself among the samples.
    if slow > 1 || samples.len() < LATER_MIN + 1 || first_ms.value < median.value * TIMES_MIN {
        return None;
    }
    let says = Sentence::new(Code::Cold)
        .name("path", &first.object, first)
        .figure("first", &first_ms)
        .figure("median", &median)
        .figure("n", &case.count(Expr::n(later))?);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: first.object.clone(),
        says,
        chain: chain::of([chain::timing(case, &first.object)]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn bed(first: f64, later: f64) -> Bed {
        let mut samples = vec![later; 12];
        samples[0] = first;
        Bed::new().fact(FactKey::HttpFirstMs, "/report", first).samples(
            FactKey::HttpTotalMs,
            "/report",
            &samples,
        )
    }

    #[test]
    fn a_slow_first_request_before_fast_ones_is_found_and_called_no_fault() {
        let finding = assert_found(judge(&CAUSE, bed(3100.0, 6.0)));
        assert!(finding.is_hygiene());
        assert!(crate::words::render(&finding.says).contains("no fault"));
    }

    #[test]
    fn an_endpoint_that_stays_slow_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(3100.0, 3000.0)), Code::ColdNot);
    }
}
