//! A sentence of a report: a code, its parameters, and the ids of the facts it rests on.

use serde::Serialize;
use serde::ser::{Error, SerializeStruct, Serializer};
use serde_json::json;

use crate::evidence::{Fact, FactId, redact};
use crate::figure::Figure;
use crate::words::Code;

/// A parameter of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A number that is computed from facts.
    Figure(Figure),
    /// The name of a thing; it must occur in a cited fact.
    Name(String),
    /// A fixed word or phrase of the language.
    Word(Code),
    /// A setting of this examination or a number of the method, not a measurement.
    Setting(String),
}

/// One sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Which sentence.
    pub code: Code,
    /// What fills its braces.
    pub params: Vec<(&'static str, Param)>,
    /// The facts it rests on, ascending.
    pub evidence: Vec<FactId>,
}

impl Sentence {
    /// A sentence without parameters yet.
    pub fn new(code: Code) -> Self {
        Self { code, params: Vec::new(), evidence: Vec::new() }
    }

    /// Adds a number and cites its facts.
    #[must_use]
    pub fn figure(mut self, name: &'static str, figure: &Figure) -> Self {
        for id in figure.expr.facts() {
            self.note(id);
        }
        self.params.push((name, Param::Figure(figure.clone())));
        self
    }

    /// Adds a name and cites the fact it is taken from.
    #[must_use]
    pub fn name(mut self, name: &'static str, text: impl Into<String>, fact: &Fact) -> Self {
        self.note(fact.id);
        self.params.push((name, Param::Name(text.into())));
        self
    }

    /// Adds a fixed word.
    #[must_use]
    pub fn word(mut self, name: &'static str, word: Code) -> Self {
        self.params.push((name, Param::Word(word)));
        self
    }

    /// Adds a setting of the examination, such as a target, an address asked for, or a limit.
    #[must_use]
    pub fn setting(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.params.push((name, Param::Setting(text.into())));
        self
    }

    /// Cites one more fact.
    #[must_use]
    pub fn cite(mut self, fact: &Fact) -> Self {
        self.note(fact.id);
        self
    }

    /// Cites several more facts.
    #[must_use]
    pub fn cite_all<'a>(mut self, facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        for fact in facts {
            self.note(fact.id);
        }
        self
    }

    fn note(&mut self, id: FactId) {
        if let Err(at) = self.evidence.binary_search(&id) {
            self.evidence.insert(at, id);
        }
    }
}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let params: std::collections::BTreeMap<_, _> =
            self.params.iter().map(|(name, param)| (*name, param)).collect();
        let mut out = serializer.serialize_struct("Sentence", 4)?;
        out.serialize_field("code", self.code.name())?;
        out.serialize_field("text", &crate::words::render(self))?;
        out.serialize_field("params", &params)?;
        out.serialize_field("evidence", &self.evidence)?;
        out.end()
    }
}

/// A parameter says in JSON what kind it is: a figure with its formula, a word with its code, a name, or a
/// setting.
impl Serialize for Param {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match self {
            Self::Name(text) => json!({ "kind": "name", "text": redact::printable(text) }),
            Self::Setting(text) => json!({ "kind": "setting", "text": redact::printable(text) }),
            Self::Word(code) => json!({ "kind": "word", "code": code, "text": code.english() }),
            Self::Figure(figure) => {
                let mut value = serde_json::to_value(figure).map_err(S::Error::custom)?;
                value["kind"] = "figure".into();
                value
            }
        };
        value.serialize(serializer)
    }
}
