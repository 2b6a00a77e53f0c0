//! What is let in and then revoked, and what is promised and then cannot be kept.

use rusqlite::Connection;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{EMAIL, TestApp, ok, read_reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_body_was_held_back_until_its_session_was_revoked_is_refused() {
    let app = TestApp::start().await;
    let mut client = app.admin().await;
    let mut elsewhere = app.signed_in(EMAIL).await;
    let body = json!({"name": "Mallory"}).to_string();
    let cookies: Vec<String> = client.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let head = format!(
        "PATCH /api/me HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nx-csrf-token: {}\r\n\
         expect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        app.addr,
        cookies.join("; "),
        client.csrf.clone().expect("a token"),
        body.len(),
    );
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("a head");
    // The body is asked for only once the caller was found and let in.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an interim answer");
    ok(client.post("/api/auth/logout", json!({})).await, 204);
    stream.write_all(body.as_bytes()).await.expect("a body");
    let reply = ok(read_reply(&mut stream, false).await, 401);
    assert_eq!(reply.code(), "auth.session_ended");
    assert_eq!(ok(elsewhere.get("/api/me").await, 200).json()["user"]["name"], "Ann");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_ends_when_rows_cannot_be_written_and_comes_back() {
    let app = TestApp::start().await;
    let mut client = app.client();
    app.canary().await;
    ok(client.get("/readyz").await, 200);
    // A database that takes transactions and no rows: an empty write would notice nothing.
    let other = Connection::open(app.database()).expect("a second connection");
    let broken = "CREATE TRIGGER broken BEFORE UPDATE ON counters BEGIN \
                  SELECT RAISE(ABORT, 'no row today'); END";
    other.execute_batch(broken).expect("broken");
    app.canary().await;
    assert_eq!(ok(client.get("/readyz").await, 503).code(), "server.not_ready");
    ok(client.get("/livez").await, 200);
    other.execute_batch("DROP TRIGGER broken").expect("mended");
    app.canary().await;
    ok(client.get("/readyz").await, 200);
    let names: Vec<&str> = app.observer.commands().iter().map(|one| one.name).collect();
    assert_eq!(names, ["upkeep.canary"; 3], "it counts as nothing else");
}
