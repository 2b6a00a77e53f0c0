//! The doctor on what keeps requests out (group A): real processes, really stopped, starved or cut off.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::doctoring::{admitted, named_right};
use galen_tests::scenario::access;

#[test]
fn a_stopped_server_is_named_and_its_full_queue_is_not_taken_for_the_cause() {
    let Some(ward) = admitted(access::stopped) else { return };
    let report = named_right(&ward, "F07");
    assert!(report.rules_out("F06") && report.rules_out("F04"));
    assert_eq!(report.offers("continue-process").as_deref(), Some("ask"));
}

#[test]
fn a_frozen_server_is_named_under_either_freezer() {
    for frozen in [access::frozen_v1, access::frozen_v2] {
        let Some(ward) = admitted(frozen) else { continue };
        let report = named_right(&ward, "F07");
        assert_eq!(report.offers("thaw-cgroup").as_deref(), Some("ask"));
    }
}

#[test]
fn a_server_out_of_descriptors_is_named_and_not_taken_for_a_blocked_loop() {
    let Some(ward) = admitted(access::descriptors) else { return };
    let report = named_right(&ward, "F06");
    assert!(report.rules_out("F07"));
    assert_eq!(report.offers("raise-soft-descriptor-limit").as_deref(), Some("ask"));
}

#[test]
fn a_full_accept_queue_is_named_by_its_address_and_not_taken_for_a_firewall() {
    let Some(ward) = admitted(access::deaf) else { return };
    let report = named_right(&ward, "F04");
    for other in ["F05", "F06", "F07"] {
        assert!(report.rules_out(other), "{other}");
    }
}

#[test]
fn dropped_connection_requests_are_named_and_not_taken_for_a_full_queue() {
    for lost in [access::all_lost, access::some_lost] {
        let Some(ward) = admitted(lost) else { continue };
        assert!(named_right(&ward, "F05").rules_out("F04"));
    }
}

#[test]
fn a_name_whose_first_address_swallows_connections_is_named_by_that_address() {
    let Some(ward) = admitted(access::first_address) else { return };
    named_right(&ward, "F03");
    drop(ward);
    let Some(ward) = admitted(access::literal_address) else { return };
    let report = ward.examine().expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.rules_out("F03") && report.rules_out("F05"));
}

#[test]
fn a_silent_name_server_is_named_by_its_address() {
    let Some(ward) = admitted(access::name_server) else { return };
    let report = named_right(&ward, "F10");
    assert!(report.rules_out("F11") && report.rules_out("F13"));
}

#[test]
fn an_upstream_that_takes_no_connection_is_named_and_not_taken_for_a_name_server() {
    let Some(ward) = admitted(access::dial_upstream) else { return };
    let report = named_right(&ward, "F11");
    assert!(report.rules_out("F10") && report.rules_out("F13"));
}

#[test]
fn exhausted_local_ports_are_named_by_their_peer() {
    let Some(ward) = admitted(access::local_ports) else { return };
    let report = named_right(&ward, "F09");
    assert!(report.rules_out("F06") && report.rules_out("F11"));
}

#[test]
fn a_clock_two_days_behind_is_told_and_made_no_cause() {
    let Some(ward) = admitted(access::clock) else { return };
    let report = ward.examine().expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.hygiene("F12").is_some());
}

#[test]
fn an_expired_certificate_is_named_and_verification_stays_on() {
    let Some(ward) = admitted(access::certificate) else { return };
    let report = named_right(&ward, "F08");
    assert_eq!(report.offers("renew-certificate").as_deref(), Some("tell"));
}

#[test]
fn the_same_application_unharmed_rules_the_whole_group_out() {
    let ward = access::healthy().expect("a patient");
    let report = ward.examine().expect("a report");
    assert_eq!(report.outcome(), "healthy");
    for cause in ["F03", "F04", "F05", "F06", "F07", "F08", "F09", "F10", "F11", "F12"] {
        assert!(report.rules_out(cause), "{cause}");
    }
    for cause in ["F16", "F17", "F20", "F21", "F23", "F24", "F25", "F26", "F27", "F28"] {
        assert!(report.rules_out(cause), "{cause}");
    }
    for cause in ["F30", "F32", "F34"] {
        assert!(report.rules_out(cause), "{cause}");
    }
}
