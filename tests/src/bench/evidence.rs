//! A report as the bench reads it: its JSON, and nothing the doctor does not publish.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A report.
#[derive(Clone, Debug, Default)]
pub struct Paper(pub Value);

/// A cause that was named or told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its number.
    pub cause: String,
    /// Its object.
    pub object: String,
}

impl Paper {
    /// The causes named for symptoms, in the order of the report.
    #[must_use]
    pub fn findings(&self) -> Vec<Named> {
        self.named("findings")
    }

    /// What is told and explains no symptom.
    #[must_use]
    pub fn hygiene(&self) -> Vec<Named> {
        self.named("hygiene")
    }

    fn named(&self, list: &str) -> Vec<Named> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let all = self.0[list].as_array().into_iter().flatten();
        all.map(|one| Named { cause: text(one, "cause"), object: text(one, "object") }).collect()
    }

    /// `healthy`, `finding`, `inconclusive`; empty without a report.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    /// Whether the report says what it lacked: gaps, open causes, or what remains.
    #[must_use]
    pub fn says_what_is_missing(&self) -> bool {
        ["missing", "open", "remains"]
            .iter()
            .any(|list| self.0[*list].as_array().is_some_and(|list| !list.is_empty()))
    }

    /// The facts of one kind.
    pub fn facts<'p>(&'p self, key: &'p str) -> impl Iterator<Item = &'p Value> {
        let all = self.0["evidence"].as_array().into_iter().flatten();
        all.filter(move |fact| fact["key"] == key)
    }

    /// A fact's value as one number: an integer, a float, or the mean of samples.
    #[must_use]
    pub fn number(fact: &Value) -> Option<f64> {
        let value = &fact["value"]["value"];
        if let Some(samples) = value.as_array() {
            let all: Vec<f64> = samples.iter().filter_map(Value::as_f64).collect();
            return (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
        }
        value.as_f64()
    }

    /// The sum over the facts of one kind.
    #[must_use]
    pub fn sum(&self, key: &str) -> f64 {
        self.facts(key).filter_map(Self::number).sum()
    }

    /// The greatest value among the facts of one kind, with its object.
    #[must_use]
    pub fn greatest(&self, key: &str) -> Option<(String, f64)> {
        let of = |fact: &Value| Some((fact["object"].as_str()?.to_owned(), Self::number(fact)?));
        self.facts(key).filter_map(of).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// How many requests to the target the report accounts for.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.facts("http_total_ms").filter_map(|fact| fact["n"].as_u64()).sum()
    }

    /// The unexplained share of the slowest budget, in percent.
    #[must_use]
    pub fn unexplained_percent(&self) -> Option<f64> {
        let budgets = self.0["budgets"].as_array()?;
        let total = |budget: &&Value| budget["total"]["value"].as_f64().unwrap_or(0.0);
        let worst = budgets.iter().max_by(|a, b| total(a).total_cmp(&total(b)))?;
        let rows = worst["rows"].as_array()?;
        let unexplained = rows.iter().filter(|row| row["component"] == "unexplained");
        Some(unexplained.filter_map(|row| row["share"]["value"].as_f64()).sum())
    }

    /// Whether the chain of a finding is complete: every link cites facts that exist, each with its
    /// source and its value, and the cited facts lead from the symptom to the object.
    #[must_use]
    pub fn is_grounded(&self, cause: &str) -> bool {
        let lists = ["findings", "hygiene"].iter().flat_map(|list| self.0[*list].as_array());
        let Some(finding) = lists.flatten().find(|one| one["cause"] == cause) else {
            return false;
        };
        let known: BTreeMap<&str, &Value> = self.0["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fact| Some((fact["id"].as_str()?, fact)))
            .collect();
        let links: Vec<&Value> = std::iter::once(&finding["says"])
            .chain(finding["chain"].as_array().into_iter().flatten())
            .collect();
        let mut cited = BTreeSet::new();
        for link in &links {
            let ids: Vec<&str> = link["evidence"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let holds = !ids.is_empty()
                && ids.iter().all(|id| known.get(id).is_some_and(|f| has_source(f)));
            if !holds {
                return false;
            }
            cited.extend(ids);
        }
        let cited: Vec<&Value> = cited.iter().filter_map(|id| known.get(id).copied()).collect();
        links_symptom(finding, &cited) && links_object(finding, &cited)
    }
}

fn has_source(fact: &Value) -> bool {
    let from = fact["source"]["from"].as_str().unwrap_or_default();
    !from.is_empty() && !fact["value"]["value"].is_null()
}

/// A fact about one of the endpoints it explains is cited; hygiene explains none.
fn links_symptom(finding: &Value, cited: &[&Value]) -> bool {
    let explains: Vec<&str> =
        finding["explains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    explains.is_empty()
        || explains.iter().any(|endpoint| {
            let path = endpoint.split(" ×").next().unwrap_or(endpoint);
            cited.iter().any(|fact| fact["object"].as_str().is_some_and(|o| o.contains(path)))
        })
}

/// Each part of the object is in a cited fact: its own object, its value, or its source.
fn links_object(finding: &Value, cited: &[&Value]) -> bool {
    let object = finding["object"].as_str().unwrap_or_default();
    let words = object.split([' ', ',', '#']).filter(|word| !word.is_empty());
    words.into_iter().all(|word| {
        let word = word.trim_matches(['(', ')', ':']);
        word == "target" || cited.iter().any(|fact| fact.to_string().contains(word))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paper(object: &str, evidence: &Value) -> Paper {
        Paper(json!({
            "findings": [{
                "cause": "F35", "object": object, "explains": ["/slow"],
                "says": { "evidence": ["E1"] }, "chain": [{ "evidence": ["E2"] }],
            }],
            "evidence": evidence,
        }))
    }

    fn facts(source: &str) -> Value {
        json!([
            { "id": "E1", "key": "held_request_ms", "object": "/slow",
              "value": { "kind": "float", "value": 5.0 }, "source": { "from": "the held request" } },
            { "id": "E2", "key": "sqlite_lock_held_by", "object": "/a.db lock WRITE",
              "value": { "kind": "counts", "value": { "31860": 60 } }, "source": { "from": source } },
        ])
    }

    #[test]
    fn a_chain_is_complete_only_with_facts_sources_and_the_object_in_them() {
        assert!(paper("31860", &facts("/proc/locks")).is_grounded("F35"));
        assert!(!paper("31860", &facts("")).is_grounded("F35"));
        assert!(!paper("4711", &facts("/proc/locks")).is_grounded("F35"));
        assert!(!paper("31860", &json!([])).is_grounded("F35"));
        assert!(!paper("31860", &facts("/proc/locks")).is_grounded("F13"));
    }
}
