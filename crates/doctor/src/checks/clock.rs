//! F12: the server's clock is wrong.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// The Date header differs from this machine's clock by more than the header's own second.
pub(super) const CAUSE: Cause = Cause {
    id: "F12",
    slug: "clock-skew",
    title: Code::ClockTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::HttpDateSkewMs]],
    supporting: &[],
    refutes: &[],
    look_alikes: &["F08", "F48", "F70"],
    bound: None,
    examine,
};

/// Smaller differences are the header's resolution of a second and a cached header.
const SKEW_MS_MIN: f64 = 30_000.0;

fn examine(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.evidence.find(FactKey::HttpDateSkewMs, object::TARGET) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let median = fact.value.number().unwrap_or(0.0);
    let ahead = Expr::median(fact);
    let behind = Expr::Constant(0.0).less(Expr::median(fact));
    let (code, skew) =
        if median < 0.0 { (Code::ClockBehind, behind) } else { (Code::ClockAhead, ahead) };
    let code = if median.abs() < SKEW_MS_MIN { Code::ClockAgrees } else { code };
    let (Some(skew), Some(n)) = (case.ms(skew), case.count(Expr::n(fact))) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let says = Sentence::new(code).figure("skew", &skew).figure("n", &n);
    if code == Code::ClockAgrees {
        return Judgement::RuledOut(says);
    }
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: object::TARGET.to_owned(),
        says,
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn skew(ms: f64) -> Bed {
        Bed::new().samples(FactKey::HttpDateSkewMs, "target", &[ms, ms - 400.0, ms + 300.0])
    }

    #[test]
    fn a_clock_days_behind_is_found_and_explains_no_latency() {
        let finding = assert_found(judge(&CAUSE, skew(-172_800_000.0)));
        assert!(finding.is_hygiene() && finding.says.code == Code::ClockBehind);
    }

    #[test]
    fn a_clock_within_the_headers_resolution_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, skew(-700.0)), Code::ClockAgrees);
    }
}
