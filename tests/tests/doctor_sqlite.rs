//! The doctor on SQLite as a file: each cause named with its object beside look-alikes ruled out.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_doctor::report::Report;
use galen_tests::doctoring::{is_healthy, is_ruled_out, named, report_on, target_of, told};
use galen_tests::patients::{Fault, Patient};

const CHILD: &str = env!("CARGO_BIN_EXE_doctor_child");

async fn examined(patient: &Patient) -> Report {
    report_on(target_of(patient, CHILD)).await
}

fn patient(fault: Fault) -> Patient {
    Patient::start(fault).expect("a patient")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_starves_the_checkpoint_is_named_by_its_pid_and_is_not_a_missing_checkpoint()
{
    let patient = patient(Fault::CheckpointStarved);
    let report = examined(&patient).await;
    assert!(is_healthy(&report));
    assert_eq!(told(&report, "F39"), patient.helper_pids()[0].to_string());
    for other in ["F40", "F35", "F37", "F45", "F47"] {
        assert!(is_ruled_out(&report, other), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_a_rollback_database_is_named_and_is_neither_writer_nor_own_transaction() {
    let patient = patient(Fault::RollbackReader);
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F37"), patient.helper_pids()[0].to_string());
    assert!(is_ruled_out(&report, "F35"));
    assert!(is_ruled_out(&report, "F36"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_reads_before_it_writes_is_named_and_is_not_a_held_lock() {
    let patient = patient(Fault::BusySnapshot);
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F38"), "/api/auth/csrf");
    assert!(is_ruled_out(&report, "F37"));
    assert!(is_ruled_out(&report, "F44"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_opened_for_reading_only_is_named_and_is_not_damaged() {
    let patient = patient(Fault::ReadOnly);
    let report = examined(&patient).await;
    assert!(named(&report, "F44").ends_with("dev.db"));
    assert!(is_ruled_out(&report, "F45"));
    assert!(is_ruled_out(&report, "F38"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_named_with_its_database() {
    let patient = patient(Fault::Damaged);
    let report = examined(&patient).await;
    assert!(named(&report, "F45").ends_with("dev.db"));
    assert!(is_ruled_out(&report, "F44"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_for_each_row_is_named_and_is_not_a_lock() {
    let patient = patient(Fault::CommitBound);
    let report = examined(&patient).await;
    assert!(named(&report, "F46").contains("app.py:"));
    assert!(is_ruled_out(&report, "F35"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_replaced_under_the_server_is_told() {
    let patient = patient(Fault::Replaced);
    let report = examined(&patient).await;
    assert!(told(&report, "F47").ends_with("dev.db"));
    assert!(is_ruled_out(&report, "F45"));
}
