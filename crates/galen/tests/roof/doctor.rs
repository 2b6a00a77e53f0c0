//! `galen doctor` from the command line: exit codes, report files, repairs of this installation.

use std::net::TcpListener;

use crate::house::House;

#[test]
fn a_healthy_installation_ends_with_0_and_a_report_that_is_never_overwritten() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let _server = house.serve();
    let ran = house.run(&[
        "doctor",
        "--path",
        "/livez",
        "--path",
        "/api/auth/csrf",
        "--report",
        "r.json",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("HEALTHY"), "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'), "colours on a pipe");
    let report = std::fs::read_to_string(house.file("r.json")).expect("the report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let facts = report["evidence"].as_array().or(report["facts"].as_array()).expect("the facts");
    let is_witness = |fact: &&serde_json::Value| fact.to_string().contains("control socket");
    assert!(facts.iter().any(|fact| is_witness(&fact)), "the witness was not heard");
    let is_history = |fact: &serde_json::Value| fact.to_string().contains("\"history\"");
    assert!(facts.iter().any(is_history), "the history was not heard");

    let again = house.run(&["doctor", "--report", "r.json"]);
    assert_eq!(again.code, 64, "{again:?}");
    assert!(again.stderr.contains("--force"), "{again:?}");
}

#[test]
fn a_server_that_is_not_there_is_a_finding() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    house.write("galen.toml", &format!("[server]\nlisten = \"{free}\"\n"));
    let ran = house.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("F01"), "{ran:?}");
}

#[test]
fn a_stranger_on_our_port_is_named() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = stranger.local_addr().expect("an address");
    house.write("galen.toml", &format!("[server]\nlisten = \"{address}\"\n"));
    let ran = house.run(&["doctor", "--path", "/livez"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("F02"), "{ran:?}");
    assert!(ran.stdout.contains(&std::process::id().to_string()), "{ran:?}");
}

#[test]
fn our_own_stale_lock_is_emptied_by_apply() {
    let house = House::new();
    let mut server = house.serve();
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    drop(server);
    let ran = house.run(&["doctor", "--apply"]);
    assert!(ran.stdout.contains("F80"), "{ran:?}");
    assert_eq!(
        std::fs::read_to_string(house.file("dev.db.lock")).expect("it stays"),
        "",
        "{ran:?}"
    );
}

#[test]
fn wrong_usage_ends_with_64_before_anything_is_asked() {
    let house = House::new();
    for words in [
        &["doctor", "http://127.0.0.1:1", "--apply"][..],
        &["doctor", "ftp://example.org"],
        &["doctor", "--report", "r.pdf"],
        &["doctor", "--path", "livez"],
        &["doctor", "--previous", "missing.json"],
    ] {
        let ran = house.run(words);
        assert_eq!(ran.code, 64, "{words:?}: {ran:?}");
    }
}
