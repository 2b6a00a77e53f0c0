//! F66: a rate limiter refuses clients that ask seldom, because others share their bucket.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// 429 to single requests a second apart.
pub(super) const CAUSE: Cause = Cause {
    id: "F66",
    slug: "rate-limiter-shared",
    title: Code::RateTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::HttpStatus, FactKey::LimitSparse]],
    supporting: &[FactKey::LimitForwarded, FactKey::HttpRetryAfter],
    refutes: &[],
    look_alikes: &["F16"],
    bound: None,
    examine,
};

/// The status of a refusal (RFC 6585, section 4).
const TOO_MANY: &str = "429";

fn refused(fact: &Fact) -> (u64, u64) {
    match &fact.value {
        Value::Counts(all) => (all.get(TOO_MANY).copied().unwrap_or(0), all.values().sum()),
        _ => (0, 0),
    }
}

fn examine(case: &Case<'_>) -> Judgement {
    let sparse = case.evidence.any(FactKey::LimitSparse);
    let starved = sparse.filter(|fact| {
        let (refused, all) = refused(fact);
        refused * 2 >= all && refused >= 2
    });
    let says = match (starved, sparse) {
        (Some(fact), _) => return found(case, fact),
        (None, Some(fact)) => counted(case, Code::RateOwnBurst, fact),
        (None, None) => case
            .evidence
            .any(FactKey::HttpStatus)
            .filter(|_| case.evidence.all(FactKey::HttpStatus).all(|fact| refused(fact).0 == 0))
            .map(|fact| Sentence::new(Code::RateNone).cite(fact)),
    };
    says.map_or_else(|| Judgement::lacking(case, &[FactKey::LimitSparse]), Judgement::RuledOut)
}

fn counted(case: &Case<'_>, code: Code, fact: &Fact) -> Option<Sentence> {
    Some(
        Sentence::new(code)
            .name("path", &fact.object, fact)
            .figure("refused", &case.count(Expr::count(fact, TOO_MANY))?)
            .figure("n", &case.count(Expr::n(fact))?),
    )
}

fn found(case: &Case<'_>, sparse: &Fact) -> Judgement {
    let Some(says) = counted(case, Code::RateSeldom, sparse) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let by = case.evidence.find(FactKey::LimitForwarded, &sparse.object).map(|fact| {
        let code = match refused(fact).0 {
            0 => Code::RateByForwarded,
            _ => Code::RateByAddress,
        };
        Sentence::new(code).name("path", &fact.object, fact)
    });
    let burst = case.evidence.find(FactKey::HttpStatus, &sparse.object);
    let burst = burst.and_then(|fact| counted(case, Code::RateBurst, fact));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: sparse.object.clone(),
        says,
        chain: chain::of([burst, by]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn bed(sparse: &[(&str, u64)]) -> Bed {
        Bed::new()
            .counts(FactKey::HttpStatus, "/api/me", &[("200", 5), ("429", 25)])
            .counts(FactKey::LimitSparse, "/api/me", sparse)
            .counts(FactKey::LimitForwarded, "/api/me", &[("429", 3)])
    }

    #[test]
    fn a_refusal_of_one_request_a_second_is_found() {
        let finding = assert_found(judge(&CAUSE, bed(&[("429", 4)])));
        assert_eq!(finding.object, "/api/me");
        assert!(finding.chain.iter().any(|link| link.code == Code::RateByAddress));
    }

    #[test]
    fn a_limiter_that_only_stops_our_own_burst_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(&[("200", 4)])), Code::RateOwnBurst);
    }

    #[test]
    fn a_server_that_never_refuses_is_ruled_out() {
        let bed = Bed::new().counts(FactKey::HttpStatus, "/api/me", &[("200", 30), ("503", 2)]);
        assert_ruled_out(judge(&CAUSE, bed), Code::RateNone);
    }
}
