//! `/metrics`: behind a token on the public listener, without one on a listener of its own.

use std::sync::Arc;

use galen_core::Secret;
use galen_http::serve_metrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{Client, TestApp, ok};

const TOKEN: &str = "a-token-of-forty-letters-and-more-of-them";
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configured_token_there_are_no_metrics() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    assert_eq!(ok(admin.get("/metrics").await, 404).code(), "request.not_found");
    let sent = [("authorization", "Bearer ")];
    assert_eq!(
        ok(admin.send("GET", "/metrics", &sent, None).await, 404).code(),
        "request.not_found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_the_metrics_and_nothing_else_does() {
    let app = TestApp::with(|settings, _| {
        settings.metrics_token = Some(Secret::new(TOKEN.to_owned()));
    })
    .await;
    let mut admin = app.admin().await;
    let right = format!("Bearer {TOKEN}");
    for wrong in
        ["", "Bearer", "Bearer wrong", &format!("Basic {TOKEN}"), &right[..right.len() - 1]]
    {
        let sent = [("authorization", wrong)];
        let reply = ok(admin.send("GET", "/metrics", &sent, None).await, 401);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"galen-metrics\""));
        assert!(!reply.text().contains(TOKEN));
    }
    let twice = [("authorization", right.as_str()), ("authorization", right.as_str())];
    ok(admin.send("GET", "/metrics", &twice, None).await, 401);
    ok(admin.get("/metrics").await, 401);
    let sent = [("authorization", right.as_str())];
    let reply = ok(app.client().send("GET", "/metrics", &sent, None).await, 200);
    assert_eq!(reply.header("content-type"), Some(TYPE));
    assert_eq!(reply.header("cache-control"), Some("no-store, private"));
    let me = ok(admin.send("GET", "/api/me", &[], None).await, 200);
    assert_eq!(me.header("www-authenticate"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_of_their_own_serves_metrics_and_nothing_else() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut scraper = Client::new(listener.local_addr().expect("an address"));
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve_metrics(listener, Arc::clone(&app.monitor), stop.clone()));
    let reply = ok(scraper.get("/metrics").await, 200);
    assert_eq!(reply.header("content-type"), Some(TYPE));
    ok(scraper.get("/livez").await, 200);
    for path in ["/", "/api/me", "/readyz", "/metrics/", "/api/admin/monitor/health"] {
        ok(scraper.get(path).await, 404);
    }
    let rebound = [("host", "metrics.example.org:9090")];
    ok(scraper.send("GET", "/metrics", &rebound, None).await, 421);
    ok(scraper.send("GET", "/metrics", &[("host", "localhost:9090")], None).await, 200);
    ok(scraper.send("GET", "/metrics", &[("host", "[::1]:9090")], None).await, 200);
    let wrong = ok(scraper.send("POST", "/metrics", &[], None).await, 405);
    assert_eq!(wrong.header("allow"), Some("GET,HEAD"));
    stop.cancel();
    served.await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapers_beyond_the_cap_wait_and_silent_ones_do_not_keep_the_server_from_stopping() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve_metrics(listener, Arc::clone(&app.monitor), stop.clone()));
    let mut silent = Vec::new();
    for _ in 0..32 {
        silent.push(tokio::net::TcpStream::connect(addr).await.expect("a connection"));
    }
    let waits = tokio::spawn(async move { Client::new(addr).get("/livez").await });
    silent.pop();
    ok(waits.await.expect("an answer"), 200);
    stop.cancel();
    served.await.expect("it ends in order");
    drop(silent);
}
