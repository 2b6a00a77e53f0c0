//! The seal: what would tell the doctor the label, and whether any of it is in what the doctor saw.
//!
//! A check judges evidence and nothing else, and all evidence is in the report. So a label that is not in
//! the evidence cannot have been read.

use std::fs;
use std::path::Path;

use crate::patients::Fault;
use crate::python::source;
use crate::scenario::Scenario;

/// Files whose names say nothing of a fault, because healthy patients have them too.
const INNOCENT: &[&str] = &["app.py", "app.js", "database.py", "wsgi.py", "README.md", "seed.sql"];
/// What stands in a patient's environment and sources where faults are chosen.
const MARKS: &[&str] = &["PATIENT_", "in FAULTS", "FAULT ==", "slow_fsync", "SLOW_FSYNC"];

/// The words that must not occur in the evidence on a scenario.
#[must_use]
pub fn labels(scenario: &Scenario) -> Vec<String> {
    let mut labels: Vec<String> = MARKS.iter().map(|mark| (*mark).to_owned()).collect();
    for folder in ["fastapi", "sickroom", "postgres", "express"] {
        labels.extend(scripts(&source(&format!("patients/{folder}"))));
    }
    // A name of two words is no part of ordinary text.
    let named = Fault::ALL.iter().map(|fault| fault.in_the_app());
    labels.extend(named.filter(|name| name.contains('_')).map(str::to_owned));
    labels.extend(scenario.injected.iter().map(|injected| format!("\"{}\"", injected.cause)));
    labels.sort();
    labels.dedup();
    labels
}

fn scripts(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.ends_with(".py") || name.ends_with(".js") || name.ends_with(".c"))
        .filter(|name| !INNOCENT.contains(&name.as_str()))
        .collect()
}

/// The labels that occur in the evidence of a report.
#[must_use]
pub fn broken(scenario: &Scenario, evidence: &str) -> Vec<String> {
    labels(scenario).into_iter().filter(|label| occurs(evidence, label)).collect()
}

/// Whether a word stands in a text as a word: `read.py` is not in `thread.py`.
fn occurs(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !(before.is_some_and(is_part) && word.chars().next().is_some_and(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_in_the_evidence_breaks_the_seal_and_a_word_that_contains_it_does_not() {
        let all = crate::scenario::all();
        let lock = all.iter().find(|one| one.name == "writer-lock").unwrap();
        assert!(labels(lock).contains(&"hold.py".to_owned()));
        assert!(!labels(lock).contains(&"app.py".to_owned()));
        assert_eq!(broken(lock, "PID 7 (`python hold.py dev.db`)"), ["hold.py"]);
        assert!(broken(lock, "PID 7 (`python job1.py`) of threshold.py, thread.py").is_empty());
    }
}
