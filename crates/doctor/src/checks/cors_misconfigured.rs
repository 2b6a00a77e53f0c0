//! F67: CORS lets the wrong origins in, or keeps the right one out.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::sentence::Sentence;
use crate::words::Code;

/// What an origin that should be let in, and one that does not exist, are answered.
pub(super) const CAUSE: Cause = Cause {
    id: "F67",
    slug: "cors-misconfigured",
    title: Code::CorsTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::CorsAllowed, FactKey::CorsForeign]],
    supporting: &[
        FactKey::CorsExpected,
        FactKey::CorsAsked,
        FactKey::CorsAnswers,
        FactKey::CorsCredentials,
        FactKey::CorsVary,
    ],
    refutes: &[],
    look_alikes: &["F68", "F70"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(allowed) = case.evidence.any(FactKey::CorsAllowed) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let found = open_to_all(case)
        .or_else(|| expected_refused(case, allowed))
        .or_else(|| cached_for_another(case, allowed));
    if let Some((object, says)) = found {
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object,
            says,
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    let says = match origins(allowed) {
        [] => Sentence::new(Code::CorsNone).cite(allowed),
        [first, ..] => Sentence::new(Code::CorsFine).name("origin", first, allowed),
    };
    Judgement::RuledOut(says)
}

fn origins(fact: &Fact) -> &[String] {
    match &fact.value {
        Value::List(all) => all,
        _ => &[],
    }
}

/// An origin that does not exist is let in with credentials: any site reads with the visitor's
/// cookies, or, with `*`, every browser refuses (Fetch, section 3.3.3).
fn open_to_all(case: &Case<'_>) -> Option<(String, Sentence)> {
    case.evidence.all(FactKey::CorsForeign).find_map(|fact| {
        let given = case.evidence.text(FactKey::CorsForeign, &fact.object)?;
        let credentials = case.evidence.find(FactKey::CorsCredentials, &fact.object)?;
        if credentials.value != Value::Bool(true) || given == "none" {
            return None;
        }
        let code = if given == "*" { Code::CorsStar } else { Code::CorsReflects };
        let says = Sentence::new(code).name("path", &fact.object, fact).cite(credentials);
        let echoes = given == "*" || given == crate::probes::FOREIGN_ORIGIN;
        echoes.then(|| (fact.object.clone(), says))
    })
}

/// The origin that was given is not let in.
fn expected_refused(case: &Case<'_>, allowed: &Fact) -> Option<(String, Sentence)> {
    let fact = case.evidence.find(FactKey::CorsExpected, object::TARGET)?;
    let expected = case.evidence.text(FactKey::CorsExpected, object::TARGET)?;
    let says = Sentence::new(Code::CorsRefused).name("origin", expected, fact).cite(allowed);
    origins(allowed).is_empty().then(|| (expected.to_owned(), says))
}

/// Several origins are let in, each by its own answer, and the answer does not say that it varies.
fn cached_for_another(case: &Case<'_>, allowed: &Fact) -> Option<(String, Sentence)> {
    if origins(allowed).len() < 2 {
        return None;
    }
    case.evidence.all(FactKey::CorsVary).find_map(|fact| {
        let answers = case.evidence.find(FactKey::CorsAnswers, &fact.object)?;
        let Value::Counts(counts) = &answers.value else { return None };
        let own = counts.keys().any(|label| label.starts_with("200 http"));
        let says = Sentence::new(Code::CorsNoVary)
            .name("path", &fact.object, fact)
            .cite(answers)
            .cite(allowed);
        (fact.value == Value::Bool(false) && own).then(|| (fact.object.clone(), says))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    #[test]
    fn an_origin_that_should_be_let_in_and_is_not_is_found() {
        let bed = Bed::new().with(|bed| beds::cors(bed, &[], ("none", false))).fact(
            FactKey::CorsExpected,
            "target",
            "https://app.example.org",
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "https://app.example.org");
    }

    #[test]
    fn any_origin_let_in_with_credentials_is_found() {
        let foreign = crate::probes::FOREIGN_ORIGIN;
        for (given, code) in [("*", Code::CorsStar), (foreign, Code::CorsReflects)] {
            let bed =
                Bed::new().with(|bed| beds::cors(bed, &["http://localhost:3000"], (given, true)));
            assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, code);
        }
    }

    #[test]
    fn a_public_interface_without_credentials_is_ruled_out() {
        let bed = Bed::new().with(|bed| beds::cors(bed, &["http://localhost:3000"], ("*", false)));
        assert_ruled_out(judge(&CAUSE, bed), Code::CorsFine);
    }

    #[test]
    fn a_server_that_lets_nobody_in_and_was_not_asked_to_is_ruled_out() {
        let bed = Bed::new().with(|bed| beds::cors(bed, &[], ("none", false)));
        assert_ruled_out(judge(&CAUSE, bed), Code::CorsNone);
    }

    #[test]
    fn an_answer_that_varies_by_no_origin_is_found_when_several_are_let_in() {
        let both = ["http://localhost:3000", "http://localhost:5173"];
        let bed = Bed::new().with(|bed| beds::cors(bed, &both, ("none", false))).fact(
            FactKey::CorsVary,
            "/api/me",
            false,
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::CorsNoVary);
    }
}
