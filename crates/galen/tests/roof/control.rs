//! The control socket from the outside: what it answers, and what it does not swallow.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::house::House;

fn ask(house: &House, question: &[u8]) -> Value {
    let mut stream = UnixStream::connect(house.file("dev.db.sock")).expect("the socket");
    // A question that is refused early is not read to its end.
    let _ = stream.write_all(question);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    // The connection is reset after the answer when not all of the question was read.
    let _ = stream.read_to_end(&mut answer);
    serde_json::from_slice(&answer).expect("an answer in JSON")
}

#[test]
fn the_safe_repairs_are_foretold_performed_and_noted() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let server = house.serve();
    for repair in ["sweep", "optimize", "checkpoint"] {
        for dry_run in [true, false] {
            let question = json!({ "verb": "repair", "repair": repair, "dry_run": dry_run });
            let answer = ask(&house, format!("{question}\n").as_bytes());
            let statement = answer["done"]["statement"].as_str().unwrap_or_default();
            assert!(!statement.is_empty(), "{question}: {answer}");
        }
    }
    let cookie = server.login("admin@example.org").cookie().expect("a cookie");
    let audit = server.ask("GET", "/api/admin/audit", &[("Cookie", &cookie)], "");
    assert_eq!(audit.body.matches("upkeep.run").count(), 3, "{audit:?}");
}

#[test]
fn what_is_no_question_is_refused_and_the_server_goes_on() {
    let house = House::new();
    let server = house.serve();
    let endless = vec![b'x'; 200_000];
    for question in [
        &b"\n"[..],
        b"{}\n",
        b"{\"verb\":\"status\"",
        b"{\"verb\":\"drop\"}\n",
        b"{\"verb\":\"status\",\"more\":1}\n",
        b"\xff\xfe\n",
        &endless,
    ] {
        let answer = ask(&house, question);
        assert_eq!(answer["refused"]["code"], "control.malformed", "{answer}");
    }
    assert_eq!(house.run(&["status"]).code, 0);
    assert_eq!(server.get("/livez").status, 200);
}
