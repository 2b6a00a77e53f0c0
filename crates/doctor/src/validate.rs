//! The validator: every sentence's ids exist, its numbers come out again, its names were seen.

use crate::evidence::{Fact, Value};
use crate::figure::{Figure, Lookup};
use crate::sentence::{Param, Sentence};
use crate::words;

/// What is wrong with a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It cites a fact that does not exist.
    #[error("{code}: cites {id}, which does not exist")]
    UnknownFact {
        /// The sentence.
        code: &'static str,
        /// The id.
        id: String,
    },
    /// It states measurements and cites nothing.
    #[error("{code}: cites nothing")]
    NoEvidence {
        /// The sentence.
        code: &'static str,
    },
    /// A number does not come out of the cited facts.
    #[error("{code}: {name} is printed as {printed} and computed as {computed}")]
    WrongNumber {
        /// The sentence.
        code: &'static str,
        /// The parameter.
        name: &'static str,
        /// What is printed.
        printed: String,
        /// What the facts give.
        computed: String,
    },
    /// A name occurs in no cited fact.
    #[error("{code}: {name} names {text}, which no cited fact mentions")]
    UnknownName {
        /// The sentence.
        code: &'static str,
        /// The parameter.
        name: &'static str,
        /// The name.
        text: String,
    },
    /// Its text asks for a parameter it does not have, or the reverse.
    #[error("{code}: parameter {name} does not fit its text")]
    Parameter {
        /// The sentence.
        code: &'static str,
        /// The parameter.
        name: String,
    },
    /// Its text guesses.
    #[error("{code}: says \"{word}\"")]
    Guess {
        /// The sentence.
        code: &'static str,
        /// The word.
        word: &'static str,
    },
}

/// Validates one sentence against the facts of its report.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn sentence(sentence: &Sentence, facts: &(impl Lookup + ?Sized)) -> Result<(), Flaw> {
    let code = sentence.code.name();
    if let Some(word) = words::forbidden_word(sentence.code.english()) {
        return Err(Flaw::Guess { code, word });
    }
    parameters_fit(sentence)?;
    let cited = cited(sentence, facts)?;
    let measures = sentence.params.iter().any(|(_, param)| is_measured(param));
    if measures && cited.is_empty() {
        return Err(Flaw::NoEvidence { code });
    }
    for (name, param) in &sentence.params {
        match param {
            Param::Figure(figure) => number(code, name, figure, facts)?,
            Param::Name(text) if !cited.iter().any(|fact| mentions(fact, text)) => {
                return Err(Flaw::UnknownName { code, name, text: text.clone() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Validates a sentence that must cite evidence in any case: those of verdicts and chains.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn verdict_sentence(verdict: &Sentence, facts: &(impl Lookup + ?Sized)) -> Result<(), Flaw> {
    if verdict.evidence.is_empty() {
        return Err(Flaw::NoEvidence { code: verdict.code.name() });
    }
    sentence(verdict, facts)
}

fn cited<'f>(
    sentence: &Sentence,
    facts: &'f (impl Lookup + ?Sized),
) -> Result<Vec<&'f Fact>, Flaw> {
    sentence
        .evidence
        .iter()
        .map(|id| {
            facts
                .fact(*id)
                .ok_or_else(|| Flaw::UnknownFact { code: sentence.code.name(), id: id.to_string() })
        })
        .collect()
}

fn parameters_fit(sentence: &Sentence) -> Result<(), Flaw> {
    let code = sentence.code.name();
    let wanted = words::placeholders(sentence.code.english());
    let given: Vec<&str> = sentence.params.iter().map(|(name, _)| *name).collect();
    let odd = wanted
        .iter()
        .find(|name| !given.contains(name))
        .or_else(|| given.iter().find(|name| !wanted.contains(name)));
    match odd {
        Some(name) => Err(Flaw::Parameter { code, name: (*name).to_owned() }),
        None => Ok(()),
    }
}

fn is_measured(param: &Param) -> bool {
    match param {
        Param::Figure(figure) => !figure.expr.facts().is_empty(),
        Param::Name(_) => true,
        Param::Word(_) | Param::Setting(_) => false,
    }
}

fn number(
    code: &'static str,
    name: &'static str,
    figure: &Figure,
    facts: &(impl Lookup + ?Sized),
) -> Result<(), Flaw> {
    let computed = figure.expr.evaluate(facts);
    let agrees = computed.is_some_and(|value| {
        (value - figure.value).abs() <= 1e-9 * value.abs().max(figure.value.abs()).max(1.0)
    });
    if agrees {
        return Ok(());
    }
    Err(Flaw::WrongNumber {
        code,
        name,
        printed: figure.to_string(),
        computed: computed.map_or_else(|| "nothing".to_owned(), |value| value.to_string()),
    })
}

/// Whether a fact's object or value contains the text.
fn mentions(fact: &Fact, text: &str) -> bool {
    if fact.object.contains(text) || fact.source.from.contains(text) {
        return true;
    }
    match &fact.value {
        Value::Text(value) => value.contains(text),
        Value::List(names) => {
            names.iter().any(|name| name.contains(text)) || names.join(", ") == text
        }
        Value::Counts(counts) => counts.keys().any(|label| label.contains(text)),
        Value::Int(value) => value.to_string() == text,
        Value::Float(_) | Value::Bool(_) | Value::Samples(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{FactId, FactKey};
    use crate::figure::{Expr, Unit};
    use crate::sample::Bed;
    use crate::words::Code;

    #[test]
    fn a_number_that_the_facts_do_not_give_is_refused() {
        let evidence = Bed::new().fact(FactKey::TargetPid, "target", 5).seal();
        let fact = &evidence.facts()[0];
        let forged = Figure { value: 6.0, unit: Unit::Id, expr: Expr::value(fact) };
        let flaw =
            sentence(&Sentence::new(Code::SomethingListens).figure("pid", &forged), &evidence);
        assert!(matches!(flaw, Err(Flaw::WrongNumber { .. })), "{flaw:?}");
    }

    #[test]
    fn a_citation_of_nothing_is_refused() {
        let evidence = Bed::new().seal();
        let forged = Figure {
            value: 6.0,
            unit: Unit::Id,
            expr: Expr::Of(FactId(9), crate::figure::Stat::Value),
        };
        let flaw =
            sentence(&Sentence::new(Code::SomethingListens).figure("pid", &forged), &evidence);
        assert!(matches!(flaw, Err(Flaw::UnknownFact { .. })), "{flaw:?}");
    }

    #[test]
    fn a_name_nobody_saw_is_refused() {
        let evidence = Bed::new().fact(FactKey::SqliteJournalMode, "/a.db", "wal").seal();
        let fact = &evidence.facts()[0];
        let said = Sentence::new(Code::WalResetNotWal).name("database", "/b.db", fact);
        assert!(matches!(sentence(&said, &evidence), Err(Flaw::UnknownName { .. })));
    }

    #[test]
    fn a_text_with_an_empty_brace_is_refused() {
        let evidence = Bed::new().seal();
        let said = Sentence::new(Code::WalResetNotWal);
        assert!(matches!(sentence(&said, &evidence), Err(Flaw::Parameter { .. })));
    }
}
