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
use crate::report::Report as Paper;
use crate::sickroom::is_impossible;
use crate::ward::Ward;

/// A neighbour takes the CPU: the truth on a machine that builds or tests something else.
pub const NEIGHBOUR: &str = "F19";

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

/// A scenario's patient; none, said aloud, where its fault cannot be injected.
///
/// # Panics
/// When it does not start for any other reason.
pub fn admitted(start: fn() -> anyhow::Result<Ward>) -> Option<Ward> {
    match start() {
        Ok(ward) => Some(ward),
        Err(why) if is_impossible(&why) => {
            eprintln!("SKIPPED: {why:#}");
            None
        }
        Err(why) => panic!("{why:#}"),
    }
}

/// Examines a ward: this cause is named with its object, and no other.
///
/// # Panics
/// When it is not.
pub fn named_right(ward: &Ward, cause: &str) -> Paper {
    let report = ward.examine().expect("a report");
    let named = report.named(cause).expect("the one cause");
    assert!(ward.objects().iter().all(|object| object.is(&named)), "{cause} {named}");
    report
}

/// Examines a ward: this cause is named with its object, among others that are true.
///
/// # Panics
/// When it is not.
pub fn named_among(ward: &Ward, cause: &str) -> Paper {
    let report = ward.examine().expect("a report");
    let named = report.among(cause).expect("the cause among those named");
    assert!(ward.objects().iter().any(|object| object.is(&named)), "{cause} {named}");
    report
}

/// Examines a target by a response target of half a second: the faults need not be longer, and the
/// tests are shorter for it.
///
/// # Panics
/// When the doctor fails.
pub async fn report_on(target: Target) -> Report {
    report_by(target, Thresholds { response_target_ms: 500.0, ..Thresholds::default() }).await
}

/// Examines a target by these thresholds.
///
/// # Panics
/// When the doctor fails.
pub async fn report_by(target: Target, thresholds: Thresholds) -> Report {
    let request = ExamineRequest {
        target,
        thresholds,
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
    // The patients that compute need more than the default on a machine that does other work too.
    target.caps.request_deadline = std::time::Duration::from_secs(15);
    target.child_exe = Some(PathBuf::from(child));
    target
}

/// The object of the named cause; anything else named is a failure.
///
/// # Panics
/// When not exactly this cause is named.
pub fn named(report: &Report, cause: &str) -> String {
    let findings = &report.verdict.findings;
    let theirs: Vec<_> = findings.iter().filter(|finding| finding.cause != NEIGHBOUR).collect();
    let causes: Vec<&str> = theirs.iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, [cause]);
    assert_eq!(report.exit_code(), 1);
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

/// Whether a cause is told and explains no symptom.
#[must_use]
pub fn is_told(report: &Report, cause: &str) -> bool {
    report.verdict.hygiene.iter().any(|finding| finding.cause == cause)
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
