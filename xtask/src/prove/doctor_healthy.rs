//! The same backend unharmed: healthy ten times of ten, at rest and under honest load.

use std::path::Path;

use anyhow::Result;

use super::doctor::examine;
use super::patients::Patient;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;

/// Examines the unharmed patient, half of the times while it is used.
///
/// # Errors
/// When the patient or the doctor cannot be started.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("doctor-healthy")?;
    let rounds = ask.rounds_of(10, 2);
    let mut seconds = Vec::new();
    let mut outcome = Outcome::default();
    for (name, loaded) in [("at rest", false), ("under honest load", true)] {
        let healthy = series(ask, &dir, (loaded, rounds), &mut seconds)?;
        let goal = Goal::AtLeast(f64::from(rounds));
        let figure = Figure::count(format!("healthy, {name}"), healthy, goal);
        outcome.add(figure.beside(format!("{rounds} examinations")));
    }
    let median = super::statistics::median(&seconds);
    outcome
        .add(Figure::new("time to the verdict, median", median, "s", Goal::Shown).spread(&seconds));
    Ok(outcome)
}

fn series(
    ask: &Ask,
    dir: &Path,
    (loaded, rounds): (bool, u32),
    seconds: &mut Vec<f64>,
) -> Result<u64> {
    let patient = Patient::start(dir, "none")?;
    let _load = loaded.then(|| patient.honest_load(dir, 4, 40)).transpose()?;
    let database = patient.database.to_string_lossy().into_owned();
    let words =
        [patient.url(), "--db".to_owned(), database, "--pid".to_owned(), patient.pid().to_string()];
    let paths = ["--path", "/api/auth/csrf", "--path", "/api/notifications", "--path", "/health"];
    let arguments: Vec<String> = words.into_iter().chain(paths.map(str::to_owned)).collect();
    let mut healthy = 0;
    for round in 1..=rounds {
        let examination = examine(ask, dir, &arguments)?;
        seconds.push(examination.took.as_secs_f64());
        if examination.output.code == 0 {
            healthy += 1;
        } else {
            let kept = dir.join(format!("not-healthy-{loaded}-{round}.json"));
            std::fs::write(&kept, &examination.text)?;
            say::line(format_args!("exit {}: {}", examination.output.code, kept.display()));
            say::line(examination.output.stderr.trim());
        }
    }
    patient.stop()?;
    Ok(healthy)
}
