//! The doctor on what goes wrong inside a process (group B): real processes with real limits.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::doctoring::{admitted, named_among, named_right};
use galen_tests::scenario::process;

#[test]
fn a_limiter_is_named_in_python_and_in_node_and_waiting_together_is_not() {
    for limiter in [process::limiter_python, process::limiter_node] {
        let Some(ward) = admitted(limiter) else { continue };
        let report = named_right(&ward, "F16");
        assert!(report.rules_out("F15") && report.rules_out("F13"));
    }
    let ward = process::waiting_together().expect("a patient");
    assert_eq!(ward.examine().expect("a report").outcome(), "healthy");
}

#[test]
fn a_full_thread_pool_is_named_by_the_line_that_fills_it() {
    let Some(ward) = admitted(process::thread_pool) else { return };
    assert!(named_right(&ward, "F15").rules_out("F13"));
}

#[test]
fn a_worker_that_serves_one_at_a_time_is_named_by_its_pid() {
    let Some(ward) = admitted(process::sync_worker) else { return };
    let report = named_among(&ward, "F17");
    assert!(report.rules_out("F13") && report.rules_out("F11"));
    assert_eq!(report.offers("separate-slow-work").as_deref(), Some("tell"));
}

#[test]
fn a_sync_worker_of_gunicorn_is_named_and_its_master_is_not() {
    let Some(ward) = admitted(process::gunicorn_worker) else { return };
    let report = named_among(&ward, "F17");
    assert!(report.rules_out("F28") && report.rules_out("F25"));
}

#[test]
fn a_cpu_quota_is_named_by_its_cgroup_and_no_neighbour_is() {
    let Some(ward) = admitted(process::cpu_quota) else { return };
    assert!(named_among(&ward, "F20").among("F19").is_none());
}

#[test]
fn mutexes_taken_crosswise_are_named_by_their_threads() {
    let Some(ward) = admitted(process::mutexes) else { return };
    let report = named_right(&ward, "F27");
    assert!(report.rules_out("F07") && report.rules_out("F13"));
    assert_eq!(report.offers("order-locks").as_deref(), Some("ask"));
}

#[test]
fn a_worker_the_kernel_kills_for_memory_is_named_and_not_taken_for_a_crash() {
    let Some(ward) = admitted(process::out_of_memory) else { return };
    assert!(named_among(&ward, "F25").rules_out("F28"));
}

#[test]
fn a_worker_that_falls_over_again_and_again_is_named() {
    let Some(ward) = admitted(process::crash_loop) else { return };
    assert!(named_right(&ward, "F28").rules_out("F25"));
}

#[test]
fn a_slow_disk_is_named_by_the_file_that_waits_for_it() {
    let Some(ward) = admitted(process::slow_disk) else { return };
    let report = named_right(&ward, "F32");
    assert!(report.rules_out("F07") && report.rules_out("F33"));
}

#[test]
fn a_full_disk_is_named_by_the_directory_that_is_written_to() {
    let Some(ward) = admitted(process::full_disk) else { return };
    let report = named_right(&ward, "F33");
    assert!(report.rules_out("F32"));
    assert_eq!(report.offers("rotate-own-logs").as_deref(), Some("ask"));
}

#[test]
fn a_leak_is_told_with_its_endpoint_and_made_no_cause() {
    let Some(ward) = admitted(process::leak) else { return };
    let report = ward.examine().expect("a report");
    assert!(ward.objects()[0].is(&report.hygiene("F26").expect("F26")));
    assert_eq!(report.outcome(), "healthy");
}

#[test]
fn a_full_cgroup_of_tasks_is_named_and_not_taken_for_descriptors() {
    let Some(ward) = admitted(process::task_limit) else { return };
    assert!(named_right(&ward, "F30").rules_out("F06"));
}

#[test]
fn collections_on_the_loop_are_named_with_their_line() {
    let Some(ward) = admitted(process::collections) else { return };
    let report = named_right(&ward, "F23");
    assert!(report.rules_out("F14") && report.rules_out("F24"));
}

#[test]
fn a_working_set_larger_than_its_memory_is_named_and_not_taken_for_a_slow_disk() {
    let Some(ward) = admitted(process::thrashing) else { return };
    let report = named_right(&ward, "F24");
    assert!(report.rules_out("F32") && report.rules_out("F25"));
}

#[test]
fn a_watcher_that_reloads_is_told_and_made_no_cause() {
    let Some(ward) = admitted(process::reload) else { return };
    let report = ward.examine().expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.hygiene("F34").is_some());
}
