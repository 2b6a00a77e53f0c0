//! `galen alerts` and `/metrics` from the outside: what fires, silences, and who may read figures.

use crate::house::{House, ask};

#[test]
fn a_silence_is_set_listed_and_ended() {
    let house = House::new();
    let _server = house.serve();
    let words = ["alerts", "silence", "writer_lock", "--for", "2h", "--reason", "backup", "--json"];
    let silence = house.run(&words);
    assert_eq!(silence.code, 0, "{silence:?}");
    let id = silence.json()["id"].as_str().unwrap_or_default().to_owned();
    let listed = house.run(&["alerts"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.stdout.contains("nothing fires"), "{}", listed.stdout);
    assert!(listed.stdout.contains(&id) && listed.stdout.contains("backup"), "{}", listed.stdout);
    assert_eq!(house.run(&["alerts", "unsilence", &id]).code, 0);
    let listed = house.run(&["alerts", "--json"]).json();
    assert_eq!(listed["silences"].as_array().map(Vec::len), Some(0), "{listed}");
    assert_eq!(house.run(&["alerts", "unsilence", &id]).code, 1);
}

#[test]
fn a_silence_without_a_reason_or_a_unit_is_refused() {
    let house = House::new();
    let _server = house.serve();
    let blank = house.run(&["alerts", "silence", "*", "--for", "2h", "--reason", " "]);
    assert_eq!(blank.code, 1, "{blank:?}");
    assert!(blank.stderr.contains("reason"), "{}", blank.stderr);
    let bare = house.run(&["alerts", "silence", "*", "--for", "2", "--reason", "x"]);
    assert_eq!(bare.code, 64, "{bare:?}");
}

#[test]
fn without_a_server_there_is_nobody_to_ask() {
    let ran = House::new().run(&["alerts"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("galen serve"), "{}", ran.stderr);
}

#[test]
fn metrics_are_read_on_their_own_address_and_with_the_token_only() {
    let house = House::new();
    let token = "0123456789abcdef0123456789abcdef";
    house.write("token", token);
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(house.file("token"), private).expect("its mode");
    // The test's own socket shows a port that is free just now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let listen = port.expect("a free port");
    house.write(
        "galen.toml",
        &format!("[monitor]\nmetrics_listen = \"{listen}\"\nmetrics_token_file = \"token\"\n"),
    );
    let server = house.serve();
    let here = ask(listen, "GET", "/metrics", &[], "").expect("an answer");
    assert_eq!(here.status, 200, "{here:?}");
    assert!(here.body.contains("# TYPE "), "{}", here.body);
    assert_eq!(ask(listen, "GET", "/api/me", &[], "").expect("an answer").status, 404);
    let bearer = format!("Bearer {token}");
    let public = server.ask("GET", "/metrics", &[("Authorization", &bearer)], "");
    assert_eq!(public.status, 200, "{public:?}");
    assert_ne!(server.get("/metrics").status, 200);
    assert!(!server.log().contains(token));
}
