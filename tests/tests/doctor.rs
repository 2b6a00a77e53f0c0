//! The doctor on patients with a known cause, and on look-alikes where the cause must be ruled out.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says aloud what it does again"
)]

use std::path::{Path, PathBuf};

use galen_doctor::report::Report;
use galen_doctor::{Target, Thresholds};
use galen_tests::doctoring::{self, NEIGHBOUR, is_healthy, is_ruled_out, is_told, named};
use galen_tests::patients::{Fault, Patient};

async fn report_on(target: Target) -> Report {
    doctoring::report_by(target, Thresholds::default()).await
}

fn target_of(patient: &Patient) -> Target {
    doctoring::target_of(patient, env!("CARGO_BIN_EXE_doctor_child"))
}

async fn examined(patient: &Patient) -> Report {
    report_on(target_of(patient)).await
}

fn patient(fault: Fault) -> Patient {
    Patient::start(fault).expect("a patient")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_blocked_by_a_sleep_is_named_with_file_and_line_and_the_database_ruled_out() {
    let patient = patient(Fault::LoopBlockedSync);
    let report = examined(&patient).await;
    let object = named(&report, "F13");
    assert!(object.contains("app.py:"), "{object}");
    assert!(object.contains("gather_entropy"), "{object}");
    for database in ["F35", "F36", "F41", "F43"] {
        assert!(is_ruled_out(&report, database), "{database}");
    }
    assert_eq!(report.exit_code(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_blocked_by_arithmetic_is_named_and_is_not_taken_for_a_wait() {
    let patient = patient(Fault::LoopBlockedCpu);
    let report = examined(&patient).await;
    assert!(named(&report, "F14").contains("grind_entropy"));
    assert!(is_ruled_out(&report, "F13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_application_unharmed_is_healthy() {
    let patient = patient(Fault::None);
    let report = examined(&patient).await;
    assert!(is_healthy(&report));
    assert!(is_ruled_out(&report, "F13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_application_under_honest_load_is_healthy() {
    let mut patient = patient(Fault::None);
    let paths = ["/health", "/api/me", "/api/notifications", "/api/auth/csrf"];
    patient.load(4, 20, &paths).expect("a load");
    assert!(is_healthy(&examined(&patient).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_lock_held_by_another_process_is_named_with_its_pid() {
    let patient = patient(Fault::WriterLock);
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F35"), patient.helper_pids()[0].to_string());
    assert!(is_ruled_out(&report, "F13"));
    assert!(is_ruled_out(&report, "F36"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_transaction_of_the_application_itself_is_named() {
    let patient = patient(Fault::OwnLongTx);
    let report = examined(&patient).await;
    named(&report, "F36");
    assert!(is_ruled_out(&report, "F35"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_index_is_named_with_its_table() {
    let patient = patient(Fault::MissingIndex);
    let report = examined(&patient).await;
    assert!(named(&report, "F41").contains("notifications"));
    assert!(is_ruled_out(&report, "F42") || is_ruled_out(&report, "F13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_statistics_are_named_and_not_taken_for_a_missing_index() {
    let patient = patient(Fault::StaleStats);
    let report = examined(&patient).await;
    assert!(named(&report, "F42").contains("notifications"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hashing_that_takes_every_cpu_is_named() {
    let patient = patient(Fault::Hashing);
    let mut report = examined(&patient).await;
    // Where others take the CPU, the hashing threads get too little of it to be seen computing, and
    // nothing is proven. A wrong name is a failure at once; no name is asked again, twice at most.
    for again in 1..=2 {
        if !report.verdict.findings.iter().all(|finding| finding.cause == NEIGHBOUR) {
            break;
        }
        eprintln!("no cause was proven on this busy machine: examined again ({again} of 2)");
        report = examined(&patient).await;
    }
    named(&report, "F18");
}

#[tokio::test(flavor = "multi_thread")]
async fn bloat_expired_sessions_and_zombies_are_told_and_never_made_a_cause() {
    for (fault, cause) in
        [(Fault::Bloat, "F43"), (Fault::ExpiredSessions, "F48"), (Fault::Zombies, "F29")]
    {
        let patient = patient(fault);
        let report = examined(&patient).await;
        assert!(is_healthy(&report), "{fault:?}");
        assert!(is_told(&report, cause), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_and_a_stale_pid_file_are_told() {
    for (fault, cause) in [(Fault::Copies, "F79"), (Fault::StalePidFile, "F80")] {
        let patient = patient(fault);
        let report = examined(&patient).await;
        assert!(report.verdict.findings.is_empty(), "{fault:?}");
        assert!(is_told(&report, cause), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_on_the_port_is_named_and_a_free_port_is_nothing_listening() {
    let patient = patient(Fault::PortTaken);
    let mut target = target_of(&patient);
    target.intended = Some(galen_doctor::Intended {
        pid: Some(patient.pid()),
        exe: None,
        origin: "the test, which started it".to_owned(),
    });
    let report = report_on(target).await;
    named(&report, "F02");
    let nowhere = galen_tests::galen::free_port().expect("a port");
    let report = report_on(Target::stranger(format!("http://127.0.0.1:{nowhere}"))).await;
    named(&report, "F01");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_stopped_or_crashed_application_changes_no_byte_of_its_database() {
    for crash in [false, true] {
        let mut patient = patient(Fault::OwnLongTx);
        std::thread::sleep(std::time::Duration::from_millis(300));
        if crash {
            patient.crash().expect("a crash");
        } else {
            patient.stop();
        }
        let before = bytes_of(&patient.database());
        let mut target = target_of(&patient);
        target.url = None;
        target.database = Some(patient.database());
        let report = report_on(target).await;
        assert_eq!(before, bytes_of(&patient.database()), "after a crash: {crash}");
        let key = galen_doctor::evidence::FactKey::SqliteScanMs;
        assert!(report.facts.iter().any(|fact| fact.key == key), "it was looked at: {crash}");
    }
}

/// The three files, each absent or with its bytes.
fn bytes_of(database: &Path) -> [Option<Vec<u8>>; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        std::fs::read(PathBuf::from(name)).ok()
    })
}
