//! How requests and servers end: clients that leave, and stops that drain.

use galen_core::model::Role;
use galen_core::{ConnectionEvent, RequestOutcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{EMAIL, PASSWORD, TestApp, eventually, read_reply};

fn login() -> String {
    let body = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_counted_as_having_given_up() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{\"email\":";
    stream.write_all(head.as_bytes()).await.expect("a request");
    eventually("it is served", || !app.observer.connections().is_empty()).await;
    drop(stream);
    eventually("it is recorded", || {
        let records = app.observer.requests();
        // Whether the body or the connection is missed first, nobody got an answer.
        records.len() == 1
            && (records[0].outcome == RequestOutcome::GivenUp || records[0].status == 400)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_during_the_hash_has_given_up() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    for _ in 0..10 {
        let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
        stream.write_all(login().as_bytes()).await.expect("a request");
        stream.shutdown().await.expect("an end");
    }
    eventually("all are recorded", || app.observer.requests().len() == 10).await;
    let records = app.observer.requests();
    let given_up = records.iter().filter(|r| r.outcome == RequestOutcome::GivenUp).count();
    assert!(given_up > 0, "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_request_at_work_finish() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let mut idle = TcpStream::connect(app.addr).await.expect("a connection");
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
    assert_eq!(read_reply(&mut idle, false).await.status, 200);
    let mut silent = TcpStream::connect(app.addr).await.expect("a connection");
    let mut busy = TcpStream::connect(app.addr).await.expect("a connection");
    let request = login();
    let (most, last) = request.split_at(request.len() - 1);
    busy.write_all(most.as_bytes()).await.expect("a request");
    eventually("all are served", || app.observer.connections().len() == 3).await;
    // The head of the busy one must be read before the stop, or it is an idle connection.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let addr = app.addr;
    let stopping = tokio::spawn(app.stop());
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).await.expect("an end in order");
    silent.read_to_end(&mut nothing).await.expect("an end in order");
    assert!(nothing.is_empty());
    assert!(TcpStream::connect(addr).await.is_err(), "nobody is let in any more");
    busy.write_all(last.as_bytes()).await.expect("the rest");
    assert_eq!(read_reply(&mut busy, false).await.status, 200);
    let drained = stopping.await.expect("an end");
    assert_eq!((drained.finished, drained.cut), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_cuts_what_does_not_finish_by_its_deadline() {
    let app = TestApp::with(|settings, _| settings.limits.drain_deadline_ms = 200).await;
    let mut stuck = TcpStream::connect(app.addr).await.expect("a connection");
    let request = login();
    stuck.write_all(&request.as_bytes()[..request.len() - 1]).await.expect("a request");
    eventually("it is served", || !app.observer.connections().is_empty()).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let observer = std::sync::Arc::clone(&app.observer);
    let drained = app.stop().await;
    assert_eq!((drained.finished, drained.cut), (0, 1));
    let events = observer.connections();
    assert_eq!(events, [ConnectionEvent::Accepted, ConnectionEvent::Closed]);
    let records = observer.requests();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, RequestOutcome::GivenUp);
}
