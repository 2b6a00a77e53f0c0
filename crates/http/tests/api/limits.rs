//! Limits of size, number and time: each answers with a problem or closes the connection.

use galen_core::ConnectionEvent;
use galen_core::model::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{EMAIL, TestApp, eventually, raw, read_reply};

fn count(app: &TestApp, event: ConnectionEvent) -> usize {
    app.observer.connections().iter().filter(|e| **e == event).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let app = TestApp::with(|settings, _| settings.limits.max_body_bytes = 1_000).await;
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let announced = format!("{head}content-length: 1001\r\n\r\n{}", " ".repeat(1001));
    let chunk = format!("{:x}\r\n{}\r\n", 400, " ".repeat(400));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(3));
    let huge = format!("{head}content-length: 9999999999999\r\n\r\n");
    let flood = format!("{head}content-length: 5000000\r\n\r\n{}", "x".repeat(5_000_000));
    for request in [announced, chunked, huge, flood] {
        let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
        let (mut reader, mut writer) = stream.split();
        let sending = async {
            let _ = writer.write_all(request.as_bytes()).await;
            std::future::pending::<()>().await;
        };
        let reply = tokio::select! {
            () = sending => unreachable!(),
            reply = read_reply(&mut reader, false) => reply,
        };
        assert_eq!((reply.status, reply.code().as_str()), (413, "request.too_large"));
        assert!(reply.json()["detail"].as_str().expect("detail").contains("1000 bytes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_with_a_problem() {
    let app = TestApp::start().await;
    let many: String = (0..150).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(40_000));
    let target = "a".repeat(70_000);
    for (request, statuses) in [
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), [431, 431]),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{long}\r\n"), [431, 431]),
        (format!("GET /{target} HTTP/1.1\r\nhost: x\r\n\r\n"), [414, 431]),
    ] {
        let answer = raw(app.addr, request.as_bytes()).await;
        let reply = read_reply(&mut &answer[..], false).await;
        assert!(statuses.contains(&reply.status), "{reply:?}");
        assert_eq!(reply.code(), "request.malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_cap_are_refused_and_counted() {
    let app = TestApp::with(|settings, _| settings.limits.max_connections_per_address = 2).await;
    let one = TcpStream::connect(app.addr).await.expect("a connection");
    let two = TcpStream::connect(app.addr).await.expect("a connection");
    eventually("two are served", || count(&app, ConnectionEvent::Accepted) == 2).await;
    let mut three = TcpStream::connect(app.addr).await.expect("a connection");
    let mut nothing = Vec::new();
    let _ = three.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty());
    assert_eq!(count(&app, ConnectionEvent::Refused), 1);
    drop((one, two));
    eventually("both have gone", || {
        count(&app, ConnectionEvent::Closed) + count(&app, ConnectionEvent::Reset) == 2
    })
    .await;
    let reply = app.client().get("/livez").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_slow_connections_are_closed() {
    let app = TestApp::with(|settings, _| settings.limits.header_timeout_ms = 200).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let before = count(&app, ConnectionEvent::TimedOut);
        let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
        stream.write_all(begun.as_bytes()).await.expect("a beginning");
        let mut nothing = Vec::new();
        let _ = stream.read_to_end(&mut nothing).await;
        assert!(nothing.is_empty(), "{:?}", String::from_utf8_lossy(&nothing));
        eventually("it is counted", || count(&app, ConnectionEvent::TimedOut) == before + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_does_not_live_longer() {
    let app = TestApp::with(|settings, _| settings.limits.header_timeout_ms = 300).await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let drip = async {
        // A byte every 20 ms would last for ever if each began the time anew.
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), drip).await.expect("an end");
    eventually("it is counted", || count(&app, ConnectionEvent::TimedOut) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_waits_for_nothing_is_closed() {
    let app = TestApp::with(|settings, _| {
        settings.limits.idle_timeout_ms = 200;
        settings.limits.header_timeout_ms = 10_000;
    })
    .await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    for _ in 0..3 {
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
        assert_eq!(read_reply(&mut stream, false).await.status, 200);
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    eventually("it is counted", || count(&app, ConnectionEvent::TimedOut) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_answered_as_such() {
    let app = TestApp::with(|settings, _| settings.limits.body_timeout_ms = 200).await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("a request");
    let reply = read_reply(&mut stream, false).await;
    assert_eq!((reply.status, reply.code().as_str()), (408, "request.timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_past_its_deadline_is_answered_as_such() {
    let app = TestApp::with(|settings, _| settings.limits.request_deadline_ms = 300).await;
    app.account(EMAIL, Role::User).await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("a request");
    let reply = read_reply(&mut stream, false).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "server.deadline"));
    assert!(reply.header("retry-after").is_some());
    let timed_out =
        |r: &galen_core::RequestRecord| r.outcome == galen_core::RequestOutcome::TimedOut;
    eventually("it is recorded", || app.observer.requests().iter().any(timed_out)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_take_its_answers_is_let_go() {
    let app = TestApp::with(|settings, _| settings.limits.write_timeout_ms = 300).await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    // Far more than the sockets on both sides hold.
    let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    stream.write_all(requests.as_bytes()).await.expect("requests");
    eventually("it is counted", || count(&app, ConnectionEvent::TimedOut) == 1).await;
    let given_up = |r: &galen_core::RequestRecord| r.outcome == galen_core::RequestOutcome::GivenUp;
    eventually("it is recorded", || app.observer.requests().iter().any(given_up)).await;
    drop(stream);
}
