//! `--watch`: the same target again and again; whole once, and then what changed.

use std::time::Duration;

use galen_doctor::{Previous, Report};

use super::{ReportFile, Round, exit_of};
use crate::config::quantity::Lapse;
use crate::config::value::{Given, Setting};
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::wire::clock::rfc3339;
use crate::wire::patient::Patient;

/// The shortest pause: an examination is load, and the target is to have a rest from it.
const PAUSE_MIN: Lapse = Lapse::s(5);

/// Reads the pause between two examinations.
///
/// # Errors
/// When it is none, or too short.
pub fn pause(text: &str) -> Result<Duration, Failure> {
    match Lapse::read(&Given::Text(text)) {
        Ok(pause) if pause >= PAUSE_MIN => Ok(pause.as_duration()),
        _ => Err(Failure::new(format!("`{}` is no pause for --watch", terminal::plain(text)))
            .fix("say 5s or more, such as --watch 30s")
            .exit(Exit::Usage)),
    }
}

/// Examines until it is interrupted. The report's file, if there is one, holds the last examination.
///
/// # Errors
/// When an examination fails, or it is interrupted.
pub fn run(
    round: &Round,
    patient: &(String, Patient),
    mut previous: Option<Previous>,
    (pause, mut file): (Duration, Option<ReportFile>),
) -> Result<Exit, Failure> {
    let mut last: Option<Report> = None;
    loop {
        let report = match round.examine(patient, previous.take()) {
            Ok(report) => report,
            // Whoever ends a watch ends it as it stood.
            Err(failure) => match &last {
                Some(report) => return Ok(exit_of(report.exit_code())),
                None => return Err(failure),
            },
        };
        let is_news = last.as_ref().is_none_or(|last| has_changed(last, &report));
        if is_news {
            terminal::answer(&round.printed(&report));
        } else {
            terminal::line(format_args!("{}  as before", rfc3339(report.run.ended_at)));
        }
        if let Some(file) = &mut file {
            file.write(&report)?;
            file.overwrite();
        }
        previous = Previous::read(&report.to_json().to_string()).ok();
        let exit = exit_of(report.exit_code());
        last = Some(report);
        if round.unless_interrupted(tokio::time::sleep(pause)).is_none() {
            return Ok(exit);
        }
    }
}

/// Whether the verdict or a finding is another one.
fn has_changed(last: &Report, now: &Report) -> bool {
    let moved = now.diff.as_ref().is_some_and(|diff| !diff.new.is_empty() || !diff.gone.is_empty());
    moved || last.verdict.outcome != now.verdict.outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_leaves_the_target_a_rest() {
        assert_eq!(pause("30s"), Ok(Duration::from_secs(30)));
        for wrong in ["1s", "30", "soon", ""] {
            assert_eq!(pause(wrong).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
