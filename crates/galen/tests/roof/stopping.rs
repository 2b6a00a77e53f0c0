//! Stopping: what was begun is finished, and nothing that was acknowledged is lost.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use crate::house::{House, ask};

#[test]
fn a_stop_under_load_cuts_no_answer_short() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let mut server = house.serve();
    let address = server.address();
    let stopping = AtomicBool::new(false);
    let broken = std::thread::scope(|scope| {
        let load = |_| {
            scope.spawn(|| {
                let mut answered = 0_u32;
                loop {
                    // A refused connection is the stop itself; an answer must be a whole one.
                    match ask(address, "GET", "/api/auth/csrf", &[], "") {
                        Ok(reply) if reply.status == 200 && reply.body.ends_with('}') => {
                            answered += 1
                        }
                        _ if stopping.load(Ordering::SeqCst) => return (answered, None),
                        other => return (answered, Some(format!("{other:?}"))),
                    }
                }
            })
        };
        let workers: Vec<_> = (0..4).map(load).collect();
        server.wait_for("some answers", |server| {
            (server.get("/api/auth/csrf").status == 200).then_some(())
        });
        stopping.store(true, Ordering::SeqCst);
        server.signal(Signal::TERM);
        assert_eq!(server.wait(), 0, "{}", server.log());
        workers
            .into_iter()
            .filter_map(|worker| worker.join().expect("no panic").1)
            .collect::<Vec<_>>()
    });
    assert_eq!(broken, Vec::<String>::new());
    assert!(!house.file("dev.db.sock").exists());
    assert_eq!(std::fs::read_to_string(house.file("dev.db.lock")).expect("the lock file"), "");
}

#[test]
fn a_session_outlives_a_restart() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let mut server = house.serve();
    let cookie = server.login("admin@example.org").cookie().expect("a cookie");
    server.signal(Signal::INT);
    assert_eq!(server.wait(), 0);
    drop(server);
    let server = house.serve();
    let me = server.ask("GET", "/api/me", &[("Cookie", &cookie)], "");
    assert_eq!(me.status, 200, "{me:?}");
}

#[test]
fn a_second_signal_ends_at_once() {
    let house = House::new();
    house.write("slow.toml", "[server]\ndrain = \"50s\"\n");
    let mut server = house.serve_with(&["--config", "slow.toml"]);
    // An open connection with half a request holds the drain.
    let mut held = std::net::TcpStream::connect(server.address()).expect("it listens");
    std::io::Write::write_all(&mut held, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n")
        .expect("it reads");
    // Answers on later connections show that the held one was accepted and its bytes were there.
    for _ in 0..20 {
        assert_eq!(server.get("/livez").status, 200);
    }
    server.signal(Signal::TERM);
    server.wait_for("the stop to begin", |server| server.log().contains("stopping").then_some(()));
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 1, "{}", server.log());
}
