//! A FastAPI backend whose event loop waits: named with file and line, the database ruled out.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::doctor::{Examination, bytes_of, examine};
use super::patients::Patient;
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
    let database = patient.database.clone();
    let size = std::fs::metadata(&database)?.len();
    patient.stop()?;
    let mut outcome = Outcome::default();
    verdict(&examination, &mut outcome);
    let megabytes = size as f64 / 1e6;
    outcome.add(Figure::new("the database that is ruled out", megabytes, "MB", Goal::AtMost(1.0)));
    untouched(ask, &dir, &database, &mut outcome)?;
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
    let text = examination.text.as_str();
    let said = |words: &[&str]| {
        words.iter().all(|word| text.to_lowercase().contains(&word.to_lowercase()))
    };
    let cause = examination.report["verdict"].to_string();
    outcome.add(Figure::holds("exit code is 1", examination.output.code == 1));
    outcome.add(Figure::holds(
        "the verdict names the event loop",
        cause.to_lowercase().contains("event loop"),
    ));
    outcome.add(Figure::holds("with file and line", names_line(&examination.report)));
    outcome.add(Figure::holds(
        "with the thread's wait",
        said(&["clock_nanosleep"]) || said(&["nanosleep"]),
    ));
    outcome.add(Figure::holds(
        "the database is ruled out by its bound",
        said(&["ruled_out"]) && said(&["scan"]),
    ));
    outcome.add(Figure::holds("VACUUM is refused with the reason", said(&["VACUUM"])));
    let seconds = examination.took.as_secs_f64();
    outcome.add(Figure::new("time to the verdict", seconds, "s", Goal::AtMost(60.0)));
}

/// Whether the report names the very line of the patient that waits.
fn names_line(report: &Value) -> bool {
    let file = crate::place::root().join("tests/patients/fastapi/app.py");
    let source = std::fs::read_to_string(file).unwrap_or_default();
    let waits = source.lines().position(|line| line.contains("time.sleep(3.9)"));
    waits.is_some_and(|line| report.to_string().contains(&format!("app.py:{}", line + 1)))
}

/// A stopped backend's file, `-wal` and `-shm` are the same bytes after an examination.
fn untouched(ask: &Ask, dir: &Path, database: &Path, outcome: &mut Outcome) -> Result<()> {
    let before = bytes_of(database)?;
    let path = database.to_string_lossy().into_owned();
    let nobody = format!("http://127.0.0.1:{}", ground::free_port()?);
    let stopped = dir.join("stopped");
    std::fs::create_dir_all(&stopped)?;
    let examination = examine(ask, &stopped, &[nobody, "--db".to_owned(), path])?;
    let after = bytes_of(database)?;
    outcome.add(Figure::holds(
        "the stopped backend is examined",
        (1..=2).contains(&examination.output.code),
    ));
    outcome.add(Figure::holds("its file, -wal and -shm are byte-identical", before == after));
    Ok(())
}
