//! The doctor on what keeps requests out (group A): real processes, really stopped, starved or cut off.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::sickroom::{Cgroup, Room, Sick, Start, skipped};

const APP: &[&str] = &["app.py", "PORT"];
const PATHS: &[&str] = &["/health", "/api/items"];

fn app() -> Sick {
    Sick::start(Start { words: APP, ..Start::default() }).expect("a patient")
}

/// The value, or a skipped test that says why.
macro_rules! or_skip {
    ($what:literal, $made:expr) => {
        match $made {
            Ok(made) => made,
            Err(why) => return skipped($what, &why),
        }
    };
}

#[test]
fn a_stopped_server_is_named_and_its_full_queue_is_not_taken_for_the_cause() {
    let sick = app();
    sick.signal("STOP").expect("a stop");
    let report = sick.examine("127.0.0.1", PATHS).expect("a report");
    assert_eq!(report.named("F07").expect("F07"), sick.pid().to_string());
    assert!(report.rules_out("F06") && report.rules_out("F04"));
    assert_eq!(report.offers("continue-process").as_deref(), Some("ask"));
}

#[test]
fn a_frozen_server_is_named_under_either_freezer() {
    for (version, file, frozen, thawed) in
        [("freezer", "freezer.state", "FROZEN", "THAWED"), ("unified", "cgroup.freeze", "1", "0")]
    {
        let group = or_skip!("the freezer", Cgroup::new(version, "freezer", &[]));
        let sick = app();
        or_skip!("the freezer", group.add(sick.pid()).and_then(|()| group.set(file, frozen)));
        let report = sick.examine("127.0.0.1", &["/health"]);
        group.set(file, thawed).expect("a thaw");
        let report = report.expect("a report");
        assert_eq!(report.named("F07").expect(version), sick.pid().to_string());
        assert_eq!(report.offers("thaw-cgroup").as_deref(), Some("ask"), "{version}");
    }
}

#[test]
fn a_server_out_of_descriptors_is_named_and_not_taken_for_a_blocked_loop() {
    let sick = app();
    sick.exhaust_descriptors().expect("a limit");
    let report = sick.examine("127.0.0.1", PATHS).expect("a report");
    assert_eq!(report.named("F06").expect("F06"), sick.pid().to_string());
    assert!(report.rules_out("F07"));
    assert_eq!(report.offers("raise-soft-descriptor-limit").as_deref(), Some("ask"));
}

#[test]
fn a_full_accept_queue_is_named_by_its_address_and_not_taken_for_a_firewall() {
    let sick =
        Sick::start(Start { words: &["deaf.py", "PORT"], ..Start::default() }).expect("a patient");
    let report = sick.examine("127.0.0.1", &["/health"]).expect("a report");
    assert_eq!(report.named("F04").expect("F04"), format!("127.0.0.1:{}", sick.port()));
    for other in ["F05", "F06", "F07"] {
        assert!(report.rules_out(other), "{other}");
    }
}

#[test]
fn dropped_connection_requests_are_named_and_not_taken_for_a_full_queue() {
    for (rule, what) in [
        ("-j DROP", "all of them"),
        // Two of three get lost: every connection takes three seconds.
        ("-m statistic --mode nth --every 3 --packet 0 -j ACCEPT", "the others"),
    ] {
        let port = galen_tests::galen::free_port().expect("a port");
        let syn = format!("iptables -A INPUT -i lo -p tcp --syn --dport {port}");
        let script = match what {
            "the others" => format!("{syn} {rule}; {syn} -j DROP"),
            _ => format!("{syn} {rule}"),
        };
        let room = or_skip!("iptables in a namespace", Room::new(&script));
        let start = Start { words: APP, room: Some(&room), port: Some(port), ..Start::default() };
        let sick = Sick::start(start).expect("a patient");
        let report = sick.examine("127.0.0.1", &["/health"]).expect("a report");
        report.named("F05").expect(what);
        assert!(report.rules_out("F04"), "{what}");
    }
}

#[test]
fn a_name_whose_first_address_swallows_connections_is_named_by_that_address() {
    let port = galen_tests::galen::free_port().expect("a port");
    let script = format!(
        "printf '::1 localhost\\n127.0.0.1 localhost\\n' > /run/galen-hosts-{port}; \
         mount --bind /run/galen-hosts-{port} /etc/hosts; rm /run/galen-hosts-{port}; \
         ip6tables -A INPUT -i lo -p tcp --dport {port} -j DROP"
    );
    let room = or_skip!("ip6tables in a namespace", Room::new(&script));
    let start = Start { words: APP, room: Some(&room), port: Some(port), ..Start::default() };
    let sick = Sick::start(start).expect("a patient");
    let report = sick.examine("localhost", PATHS).expect("a report");
    assert_eq!(report.named("F03").expect("F03"), format!("[::1]:{port}"));
    // The same server by the literal address is healthy.
    let report = sick.examine("127.0.0.1", PATHS).expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.rules_out("F03") && report.rules_out("F05"));
}

#[test]
fn a_silent_name_server_is_named_by_its_address() {
    let script = "printf 'nameserver 127.0.0.57\\noptions timeout:2 attempts:2\\n' \
                  > /run/galen-resolv-$$; mount --bind /run/galen-resolv-$$ /etc/resolv.conf; \
                  rm /run/galen-resolv-$$";
    let room = or_skip!("a mount namespace", Room::new(script));
    let start = Start { words: APP, room: Some(&room), ..Start::default() };
    let mut sick = Sick::start(start).expect("a patient");
    sick.beside(&["mute_dns.py", "127.0.0.57"]).expect("a mute name server");
    let report = sick.examine("127.0.0.1", &["/health", "/api/lookup"]).expect("a report");
    assert_eq!(report.named("F10").expect("F10"), "127.0.0.57:53");
    assert!(report.rules_out("F11") && report.rules_out("F13"));
}

#[test]
fn an_upstream_that_takes_no_connection_is_named_and_not_taken_for_a_name_server() {
    let script = "iptables -A INPUT -i lo -p tcp -d 127.0.0.9 --dport 9000 -j DROP";
    let room = or_skip!("iptables in a namespace", Room::new(script));
    let environment = &[("PATIENT_UPSTREAM", "127.0.0.9"), ("PATIENT_UPSTREAM_PORT", "9000")];
    let start = Start { words: APP, environment, room: Some(&room), ..Start::default() };
    let sick = Sick::start(start).expect("a patient");
    let report = sick.examine("127.0.0.1", &["/health", "/api/call"]).expect("a report");
    assert_eq!(report.named("F11").expect("F11"), "127.0.0.9:9000");
    assert!(report.rules_out("F10") && report.rules_out("F13"));
}

#[test]
fn exhausted_local_ports_are_named_by_their_peer() {
    let port = galen_tests::galen::free_port().expect("a port");
    let script = "sysctl -q -w net.ipv4.ip_local_port_range='20000 20399'";
    let room = or_skip!("a network namespace", Room::new(script));
    let upstream = room.beside(&["thinker.py", "9000", "600"]).expect("an upstream");
    let environment = &[("PATIENT_FAULT", "ports"), ("PATIENT_UPSTREAM_PORT", "9000")];
    let start =
        Start { words: APP, environment, room: Some(&room), port: Some(port), ..Start::default() };
    let sick = Sick::start(start).expect("a patient");
    let report = sick.examine("127.0.0.1", &["/health", "/api/connect"]).expect("a report");
    assert_eq!(report.named("F09").expect("F09"), "127.0.0.1:9000");
    assert!(report.rules_out("F06") && report.rules_out("F11"));
    drop((sick, upstream));
}

#[test]
fn a_clock_two_days_behind_is_told_and_made_no_cause() {
    let wrapper = &["faketime", "-f", "-2d"];
    let environment = &[("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let start = Start { words: APP, environment, wrapper, ..Start::default() };
    let sick = or_skip!("faketime", Sick::start(start));
    let report = sick.examine("127.0.0.1", PATHS).expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.hygiene("F12").is_some());
}

#[test]
fn an_expired_certificate_is_named_and_verification_stays_on() {
    let sick = Sick::start_with_certificate(Start {
        words: &["tls_server.py", "PORT"],
        ..Start::default()
    })
    .expect("a patient");
    let url = format!("https://localhost:{}", sick.port());
    let report = galen_tests::sickroom::examine(&[], &url, &[]).expect("a report");
    assert!(report.named("F08").expect("F08").starts_with("https://localhost"));
    assert_eq!(report.offers("renew-certificate").as_deref(), Some("tell"));
}

#[test]
fn the_same_application_unharmed_rules_the_whole_group_out() {
    let report = app().examine("127.0.0.1", PATHS).expect("a report");
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
