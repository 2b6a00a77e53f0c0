//! A FastAPI backend whose event loop waits: named with file and line, the database ruled out.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::doctor::{Examination, bytes_of, examine};
use super::patients::Patient;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};

const FAULT: &str = "loop_blocked_sync";

/// Examines the patient with and without its database named, then compares the database's bytes.
///
/// # Errors
/// When the patient or the doctor cannot be started.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("doctor-blocked-loop")?;
    let patient = Patient::start(&dir, FAULT)?;
    let examination = examine(ask, &dir, &arguments(&patient))?;
    let size = std::fs::metadata(&patient.database)?.len();
    patient.stop()?;
    let mut outcome = Outcome::default();
    verdict(&examination, &mut outcome);
    let megabytes = size as f64 / 1e6;
    outcome.add(Figure::new("the database that is ruled out", megabytes, "MB", Goal::AtMost(1.0)));
    untouched(ask, &dir, &mut outcome)?;
    outcome.note(format!("the report is {}", dir.join("report.json").display()));
    Ok(outcome)
}

fn arguments(patient: &Patient) -> Vec<String> {
    let words = [
        &patient.url(),
        "--db",
        &patient.database.to_string_lossy(),
        "--pid",
        &patient.pid().to_string(),
    ];
    let paths = ["--path", "/api/auth/csrf", "--path", "/api/notifications", "--path", "/health"];
    words.into_iter().map(str::to_owned).chain(paths.map(str::to_owned)).collect()
}

fn verdict(examination: &Examination, outcome: &mut Outcome) {
    let report = &examination.report;
    let headline = texts(&report["headline"]);
    let says = |what: &[&str]| what.iter().all(|word| headline.contains(word));
    let chain = texts(&report["findings"][0]["chain"]);
    let ruled_out = texts(&report["ruled_out"]);
    let refused = texts(&report["refused"]);
    let database = ["F35", "F36", "F41", "F43"].map(|cause| rules_out(report, cause));
    outcome.add(Figure::holds("exit code is 1", examination.output.code == 1));
    outcome.add(Figure::holds("the first finding is F13", report["findings"][0]["cause"] == "F13"));
    outcome.add(Figure::holds(
        "the verdict names the event loop",
        says(&["event loop", "clock_nanosleep"]),
    ));
    outcome.add(Figure::holds(
        "... with file and line",
        waiting_line().is_some_and(|line| says(&[&line])),
    ));
    outcome.add(Figure::holds("... and the thread's evidence", chain.contains("clock_nanosleep")));
    let bounded = database.iter().filter(|out| **out).count() as u64;
    outcome.add(Figure::count("causes in the database ruled out", bounded, Goal::AtLeast(4.0)));
    let by_bound = format!("{ruled_out}{refused}").contains("0.33 MB");
    outcome.add(Figure::holds("... by the bound of 0.33 MB", by_bound));
    outcome.add(Figure::holds(
        "VACUUM is refused with the reason",
        refused.contains("VACUUM is refused: "),
    ));
    let seconds = examination.took.as_secs_f64();
    outcome.add(Figure::new("time to the verdict", seconds, "s", Goal::AtMost(60.0)));
    outcome.note(headline.trim());
}

/// All sentences below a part of the report, one a line.
fn texts(part: &Value) -> String {
    match part {
        Value::Array(list) => list.iter().map(texts).collect(),
        Value::Object(fields) => {
            let own = fields.get("text").and_then(Value::as_str).map(|text| format!("{text}\n"));
            let below =
                fields.iter().filter(|(name, _)| *name != "params").map(|(_, value)| texts(value));
            own.into_iter().chain(below).collect()
        }
        _ => String::new(),
    }
}

fn rules_out(report: &Value, cause: &str) -> bool {
    let list = report["ruled_out"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().any(|row| row["cause"] == cause)
}

/// The very line of the patient that waits, as the doctor names it.
fn waiting_line() -> Option<String> {
    let file = crate::place::root().join("tests/patients/fastapi/app.py");
    let source = std::fs::read_to_string(file).ok()?;
    let line = source.lines().position(|line| line.contains("time.sleep(3.9)"))?;
    Some(format!("app.py:{}", line + 1))
}

/// A stopped backend's file, `-wal` and `-shm` are the same bytes after an examination. It is
/// stopped in the rudest way, so that a write-ahead log with content and its index are left behind.
fn untouched(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let patient = Patient::start(dir, "stored_csrf")?;
    for _ in 0..5 {
        Client::new(patient.port).send(&Request::get("/api/auth/csrf"))?;
    }
    let database = patient.database.clone();
    patient.kill_nine()?;
    let before = bytes_of(&database)?;
    let left = |at: usize| {
        before.get(at).is_some_and(|(_, bytes)| bytes.as_ref().is_some_and(|b| !b.is_empty()))
    };
    outcome.add(Figure::holds("the stopped backend leaves a -wal and a -shm", left(1) && left(2)));
    let path = database.to_string_lossy().into_owned();
    let nobody = format!("http://127.0.0.1:{}", ground::free_port()?);
    let stopped = dir.join("stopped");
    std::fs::create_dir_all(&stopped)?;
    let examination = examine(ask, &stopped, &[nobody, "--db".to_owned(), path])?;
    let after = bytes_of(&database)?;
    let looked = examination.report.to_string().contains("\"sqlite_pages\"");
    outcome.add(Figure::holds(
        "it is examined, and its database read",
        (1..=2).contains(&examination.output.code) && looked,
    ));
    outcome.add(Figure::holds("its file, -wal and -shm are byte-identical", before == after));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentences_of_a_part_are_collected_and_their_parameters_are_not() {
        let part = serde_json::json!([{ "code": "A", "text": "One.", "params": { "x": { "text": "no" } } },
            { "by": { "text": "Two." } }]);
        assert_eq!(texts(&part), "One.\nTwo.\n");
    }

    #[test]
    fn the_patient_still_has_the_line_that_waits() {
        assert!(waiting_line().is_some());
    }
}
