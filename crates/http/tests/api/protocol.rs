//! HTTP/1.1 as clients really speak it: pipelines, continuations, old versions, proxies.

use galen_core::RequestOutcome;
use galen_core::model::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{EMAIL, PASSWORD, TestApp, eventually, ok, raw, read_reply};

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_are_answered_in_order_and_rubbish_after_them_too() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let one = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let two = "GET /api/me HTTP/1.1\r\nhost: x\r\n\r\n";
    let row = format!("{one}{two}{one}rubbish\r\n\r\n");
    stream.write_all(row.as_bytes()).await.expect("requests");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.expect("answers");
    let text = String::from_utf8(all).expect("text");
    let statuses: Vec<&str> = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..at + 12])
        .filter(|status| status.parse::<u16>().is_ok())
        .collect();
    assert_eq!(statuses, ["200", "401", "200", "400"], "{text}");
    assert!(text.contains("request.malformed"), "{text}");
    eventually("all are recorded", || app.observer.requests().len() == 4).await;
    for record in app.observer.requests() {
        assert_eq!(record.outcome, RequestOutcome::Answered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_many_and_takes_few_gets_all_its_answers() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let document = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    // Requests that wait for a hash stand between answers that fill the sockets.
    let row = format!("{document}{login}").repeat(10);
    let stream = TcpStream::connect(app.addr).await.expect("a connection");
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        writer.write_all(row.as_bytes()).await.expect("requests");
        writer
    });
    for round in 0..10 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        for place in 0..20 {
            let reply = read_exactly(&mut reader).await;
            assert!(reply.starts_with("HTTP/1.1 200"), "{round} {place}: {reply}");
        }
        let reply = read_exactly(&mut reader).await;
        assert!(reply.contains("set-cookie"), "{round}: {reply}");
    }
    drop(sending.await.expect("a writer"));
    eventually("all are recorded", || app.observer.requests().len() == 210).await;
    for record in app.observer.requests() {
        assert_eq!((record.status, record.outcome), (200, RequestOutcome::Answered));
    }
}

/// Reads one answer and no byte of the next; gives its head.
async fn read_exactly(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text");
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length = length.split("\r\n").next().expect("a line");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).await.expect("a body");
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_first_is_told_to_go_on_or_not() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let head = |length: usize| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    stream.write_all(head(body.len()).as_bytes()).await.expect("a head");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an interim answer");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.expect("a body");
    assert_eq!(read_reply(&mut stream, false).await.status, 200);
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    stream.write_all(head(10_000_000).as_bytes()).await.expect("a head");
    assert_eq!(read_reply(&mut stream, false).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_is_served_and_let_go() {
    let app = TestApp::start().await;
    let answer = raw(app.addr, b"GET /livez HTTP/1.0\r\n\r\n").await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_address_is_believed_of_trusted_proxies_alone() {
    for (trusted, expected) in [(true, "198.51.100.7"), (false, "127.0.0.1")] {
        let app = TestApp::with(|settings, _| {
            if trusted {
                settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a range")];
            }
        })
        .await;
        app.account(EMAIL, Role::User).await;
        let mut client = app.client();
        let form = json!({"email": EMAIL, "password": PASSWORD});
        let sent = [("x-forwarded-for", "10.1.1.1, 198.51.100.7")];
        let reply = client.send("POST", "/api/auth/login", &sent, Some(form)).await;
        let session = ok(reply, 200).json()["session"].clone();
        assert_eq!(session["address"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_session_cookies_sign_nobody_in() {
    let app = TestApp::start().await;
    let client = app.user(EMAIL).await;
    let good = &client.cookies["galen_session"];
    let mut other = app.client();
    for (cookie, status) in [
        (format!("galen_session={good}"), 200),
        (format!("galen_session={good}; galen_session={good}"), 200),
        (format!("galen_session={good}; galen_session=planted"), 401),
        (format!("galen_session=planted; galen_session={good}"), 401),
    ] {
        let reply = other.send("GET", "/api/me", &[("cookie", &cookie)], None).await;
        ok(reply, status);
    }
}
