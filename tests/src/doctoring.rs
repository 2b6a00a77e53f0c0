//! An examination as the end-to-end tests run it, and what they ask of its report.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test reads the clock, shows what it saw, and fails by panicking"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use galen_core::{Clock, UnixMs};
use galen_doctor::report::Report;
use galen_doctor::verdict::Outcome;
use galen_doctor::{ExamineRequest, Ports, Silent, Target, Thresholds, examine};
use galen_testkit::SeededEntropy;

use crate::patients::Patient;

/// A neighbour takes the CPU: the truth on a machine that builds or tests something else.
const NEIGHBOUR: &str = "F19";

/// The real time: expiry and start times of real processes are judged by it.
struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> UnixMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixMs(i64::try_from(since.expect("after 1970").as_millis()).expect("a date"))
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).expect("not five centuries")
    }
}

/// Examines a target by a response target of half a second: the faults need not be longer, and the
/// tests are shorter for it.
///
/// # Panics
/// When the doctor fails.
pub async fn report_on(target: Target) -> Report {
    let request = ExamineRequest {
        target,
        thresholds: Thresholds { response_target_ms: 500.0, ..Thresholds::default() },
        apply: false,
        previous: None,
        arguments: vec!["galen".to_owned(), "doctor".to_owned()],
    };
    let ports = Ports {
        clock: Arc::new(Wall(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        progress: Arc::new(Silent),
        witness: None,
        repairer: None,
    };
    let begun = Instant::now();
    let report = examine(request, ports).await.expect("a report");
    eprintln!("{}\nexamined in {:.1?}", report.to_terminal(false, 120), begun.elapsed());
    report
}

/// A patient as a target: `child` is the program whose `main` hands over to the doctor's children.
#[must_use]
pub fn target_of(patient: &Patient, child: &str) -> Target {
    let mut target = Target::stranger(patient.url());
    target.caps.request_deadline = std::time::Duration::from_secs(15);
    target.child_exe = Some(PathBuf::from(child));
    target
}

/// The object of the named cause; anything else named is a failure.
///
/// # Panics
/// When not exactly this cause is named.
#[must_use]
pub fn named(report: &Report, cause: &str) -> String {
    let findings = &report.verdict.findings;
    let theirs: Vec<_> = findings.iter().filter(|finding| finding.cause != NEIGHBOUR).collect();
    let causes: Vec<&str> = theirs.iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, [cause]);
    theirs[0].object.clone()
}

/// The object of a cause that is told and explains no symptom.
///
/// # Panics
/// When it is not told.
#[must_use]
pub fn told(report: &Report, cause: &str) -> String {
    let finding = report.verdict.hygiene.iter().find(|finding| finding.cause == cause);
    finding.unwrap_or_else(|| panic!("{cause} is not told")).object.clone()
}

/// Whether a cause is excluded by a measurement.
#[must_use]
pub fn is_ruled_out(report: &Report, cause: &str) -> bool {
    report.verdict.ruled_out.iter().any(|excluded| excluded.cause.id == cause)
}

/// Whether nothing is wrong.
#[must_use]
pub fn is_healthy(report: &Report) -> bool {
    report.verdict.outcome == Outcome::Healthy && report.exit_code() == 0
}
