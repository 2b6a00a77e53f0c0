//! `galen logs`, the checks and the signs of life, from the outside: what one server did is found
//! while it serves and after it is gone.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use serde_json::Value;

use crate::house::House;

/// A canary that must appear nowhere.
const CANARY: &str = "k7Xq-canary";

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn a_request_is_found_again_while_it_is_served_and_after() {
    let house = House::new();
    let nothing = house.run(&["logs"]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
    assert!(nothing.stderr.contains("nothing was kept yet"), "{nothing:?}");
    house.write("galen.toml", "[log]\nrequests = \"all\"\nlevel = \"error\"\n");
    let mut server = house.serve();
    let reply = server.get(&format!("/nowhere?token={CANARY}"));
    assert_eq!(reply.status, 404);
    let head = reply.head.to_lowercase();
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("a name");
    let ran = house.run(&["logs", "--request", id, "--json"]);
    let [line] = lines(&ran.stdout).try_into().expect("one line");
    assert_eq!((line["status"].as_u64(), line["level"].as_str()), (Some(404), Some("info")));
    assert_eq!(line["code"], "request.not_found", "{line}");
    assert!(line["fields"]["wall_ms"].is_u64(), "{line}");
    assert!(!server.log().contains("nowhere"), "the terminal was to be quiet");
    let ran = house.run(&["logs", "--errors", "--code", "request.not_found", "--json"]);
    assert_eq!(ran.json()[0]["count"], 1, "{ran:?}");

    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait(), 0);
    let ran = house.run(&["logs", "--request", id]);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(ran.stdout.contains("404") && !ran.stdout.contains('\u{1b}'), "{ran:?}");
    let ran = house.run(&["logs", "--grep", "stopped", "--limit", "1"]);
    assert!(ran.stdout.contains("galen: stopped"), "{ran:?}");
    let ran = house.run(&["logs", "--since", "1h", "--level", "error"]);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("widen --since"), "{ran:?}");
    let follow = house.run(&["logs", "--follow"]);
    assert_eq!(follow.code, 1, "{follow:?}");
    let all = house.run(&["logs", "--limit", "10000"]).stdout;
    assert!(!all.contains(CANARY) && !server.log().contains(CANARY));
}

#[test]
fn checks_run_and_signs_of_life_are_sent_and_neither_tells_the_secret_of_its_url() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 2048];
            let read = stream.read(&mut head).unwrap_or(0);
            let _ = tell.send(String::from_utf8_lossy(&head[..read]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    house.write(
        "galen.toml",
        &format!(
            "[checks]\nevery = \"1s\"\ntimeout = \"1s\"\nforeign = [\"http://{closed}/x?key={CANARY}\"]\n\
             [monitor]\ntick = \"1s\"\nheartbeat_every = \"1s\"\n\
             heartbeat_url = \"http://{address}/{CANARY}\"\n"
        ),
    );
    let mut server = house.serve();
    let sign = server.wait_for("a sign of life", |_| told.try_recv().ok());
    assert!(sign.starts_with(&format!("GET /{CANARY} HTTP/1.1\r\n")), "{sign}");
    server.wait_for("a check that fails", |_| {
        house.run(&["logs", "--grep", "a check fails"]).stdout.contains("refused").then_some(())
    });
    let all = house.run(&["logs", "--limit", "10000", "--json"]).stdout;
    assert!(!all.contains(CANARY) && !server.log().contains(CANARY), "{all}");
    let own = lines(&all)
        .iter()
        .any(|line| line["fields"]["check"].as_str().is_some_and(|check| check.starts_with('/')));
    assert!(!own, "our own paths are well: {all}");
}
