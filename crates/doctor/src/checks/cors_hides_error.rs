//! F68: what browsers report as a CORS error is a failing endpoint.

use super::busy_snapshot::failing;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// An origin is let in by good answers of the server, and not by the 5xx of one endpoint.
pub(super) const CAUSE: Cause = Cause {
    id: "F68",
    slug: "cors-hides-server-error",
    title: Code::CorsHidesTitle,
    nature: Nature::Failure,
    required: &[&[FactKey::CorsAnswers], &[FactKey::HttpErrors]],
    supporting: &[FactKey::HttpStatus, FactKey::HttpBodyText],
    refutes: &[],
    look_alikes: &["F67", "F38", "F44", "F45"],
    bound: None,
    examine,
};

/// The status and the allowed origin of the labels of one endpoint's answers.
fn answers(fact: &Fact) -> Vec<(&str, &str)> {
    match &fact.value {
        Value::Counts(all) => all.keys().filter_map(|label| label.split_once(' ')).collect(),
        _ => Vec::new(),
    }
}

fn examine(case: &Case<'_>) -> Judgement {
    let all: Vec<&Fact> = case.evidence.all(FactKey::CorsAnswers).collect();
    let letting_in = all.iter().find(|fact| {
        answers(fact).iter().any(|(status, origin)| *origin != "none" && !status.starts_with('5'))
    });
    let Some(good) = letting_in else {
        return Judgement::RuledOut(Sentence::new(Code::CorsNone).cite_all(all));
    };
    let bare = failing(case).find_map(|symptom| {
        let fact = all.iter().find(|fact| fact.object == symptom.path)?;
        let five = answers(fact).into_iter().find(|(status, _)| status.starts_with('5'))?;
        (five.1 == "none").then_some((symptom, *fact, five.0))
    });
    let Some((symptom, fact, status)) = bare else {
        return Judgement::RuledOut(Sentence::new(Code::CorsHidesNothing).cite_all(all));
    };
    let Some(errors) = case.evidence.find(FactKey::HttpErrors, &symptom.object) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let origin = answers(good).into_iter().find(|(_, origin)| *origin != "none");
    let says = case.count(Expr::n(errors)).zip(symptom.figure.as_ref()).zip(origin).map(
        |((n, share), (_, origin))| {
            Sentence::new(Code::CorsHides)
                .name("path", &symptom.object, errors)
                .name("status", status, fact)
                .figure("share", share)
                .figure("n", &n)
                .name("other", &good.object, good)
                .name("origin", origin, good)
        },
    );
    let Some(says) = says else { return Judgement::lacking(case, CAUSE.required[1]) };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: symptom.object.clone(),
        says,
        chain: chain::of([chain::timing(case, &symptom.object), quoted(case, &symptom.object)]),
        explains: vec![symptom.object.clone()],
        share: None,
        grade: Grade::Proven,
    })
}

fn quoted(case: &Case<'_>, endpoint: &str) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::HttpBodyText, endpoint)?;
    let text = case.evidence.text(FactKey::HttpBodyText, endpoint)?;
    Some(Sentence::new(Code::AnswerSaid).name("text", text, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, fast, judge};

    fn bed(label: &str) -> Bed {
        let bed = beds::failing(Bed::new(), "/report", "Internal Server Error", 4.0);
        fast(bed, "/health")
            .counts(FactKey::CorsAnswers, "/health", &[("200 http://localhost:3000", 2)])
            .counts(FactKey::CorsAnswers, "/report", &[(label, 2)])
    }

    #[test]
    fn a_500_without_the_header_that_others_carry_is_found() {
        let finding = assert_found(judge(&CAUSE, bed("500 none")));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("/report", 1));
    }

    #[test]
    fn a_500_that_browsers_can_read_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed("500 http://localhost:3000")), Code::CorsHidesNothing);
    }

    #[test]
    fn a_server_without_cors_is_ruled_out() {
        let bed = beds::failing(Bed::new(), "/report", "Internal Server Error", 4.0).counts(
            FactKey::CorsAnswers,
            "/report",
            &[("500 none", 2)],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::CorsNone);
    }
}
