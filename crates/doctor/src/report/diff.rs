//! What changed since a previous report: new, gone and the same findings.

use galen_core::post::Language;
use serde::Serialize;

use crate::checks;
use crate::verdict::Verdict;

/// The findings of a previous report, read back from its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previous {
    findings: Vec<Known>,
    outcome: String,
}

/// A finding as two reports share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The cause's number.
    pub cause: String,
    /// Its object.
    pub object: String,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The outcome before.
    pub outcome_before: String,
    /// Findings that were not there before.
    pub new: Vec<Known>,
    /// Findings that are gone.
    pub gone: Vec<Known>,
    /// Findings that are still there.
    pub same: Vec<Known>,
}

/// A previous report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PreviousError {
    /// It is not JSON.
    #[error("the previous report is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is of another layout.
    #[error(
        "the previous report has schema version {found}; this doctor reads {}",
        super::SCHEMA_VERSION
    )]
    Schema {
        /// The version found, or 0 for none.
        found: u64,
    },
}

impl Previous {
    /// Reads a report's JSON.
    ///
    /// # Errors
    /// When it is not JSON, or of another schema version.
    pub fn read(text: &str) -> Result<Self, PreviousError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        let found = value["schema_version"].as_u64().unwrap_or(0);
        if found != u64::from(super::SCHEMA_VERSION) {
            return Err(PreviousError::Schema { found });
        }
        let known = |key: &str| -> Vec<Known> {
            let list = value[key].as_array().map_or(&[][..], Vec::as_slice);
            list.iter()
                .filter_map(|one| {
                    Some(Known {
                        cause: one["cause"].as_str()?.to_owned(),
                        object: one["object"].as_str()?.to_owned(),
                    })
                })
                .collect()
        };
        let mut findings = known("findings");
        findings.extend(known("hygiene"));
        let outcome = value["outcome"].as_str().unwrap_or_default().to_owned();
        Ok(Self { findings, outcome })
    }

    /// Compares with a new verdict.
    pub fn diff(&self, verdict: &Verdict) -> Diff {
        let now: Vec<Known> = verdict
            .findings
            .iter()
            .chain(&verdict.hygiene)
            .map(|one| Known { cause: one.cause.to_owned(), object: one.object.clone() })
            .collect();
        let (same, new) = now.into_iter().partition(|known| self.findings.contains(known));
        let same: Vec<Known> = same;
        let gone = self.findings.iter().filter(|known| !same.contains(known)).cloned().collect();
        Diff { outcome_before: self.outcome.clone(), new, gone, same }
    }
}

impl Known {
    /// Its title and object in one line.
    pub(super) fn line(&self, language: Language) -> String {
        let title = checks::by_name(&self.cause).map_or("", |cause| cause.title.text(language));
        format!("{} {title}: {}", self.cause, self.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_schema_is_refused() {
        assert!(matches!(
            Previous::read(r#"{"schema_version": 99}"#),
            Err(PreviousError::Schema { found: 99 })
        ));
        assert!(matches!(Previous::read("{"), Err(PreviousError::NotJson(_))));
    }
}
