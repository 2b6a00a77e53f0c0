//! A user's own sessions, and that nobody reaches another's.

use serde_json::json;

use crate::support::{EMAIL, TestApp, ok};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_and_ends_its_sessions() {
    let app = TestApp::start().await;
    let mut here = app.user(EMAIL).await;
    let mut there = app.signed_in(EMAIL).await;
    let list = ok(here.get("/api/me/sessions").await, 200).json();
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2);
    let other = items.iter().find(|s| s["current"] == false).expect("the other");
    let path = format!("/api/me/sessions/{}", other["id"].as_str().expect("an id"));
    ok(here.delete(&path).await, 204);
    ok(there.get("/api/me").await, 401);
    assert_eq!(ok(here.delete(&path).await, 404).code(), "session.not_found");
    ok(here.get("/api/me").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_the_session_of_somebody_else() {
    let app = TestApp::start().await;
    let mut ann = app.user("ann@example.org").await;
    let mut bob = app.user("bob@example.org").await;
    let id = ann.get("/api/me").await.json()["session"]["id"].clone();
    let path = format!("/api/me/sessions/{}", id.as_str().expect("an id"));
    assert_eq!(ok(bob.delete(&path).await, 404).code(), "session.not_found");
    ok(ann.get("/api/me").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_that_are_none_name_nothing() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    for id in [
        "0",
        "null",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let reply = client.delete(&format!("/api/me/sessions/{id}")).await;
        assert_eq!(ok(reply, 404).code(), "request.not_found", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_end_together() {
    let app = TestApp::start().await;
    let mut here = app.user(EMAIL).await;
    let mut there = app.signed_in(EMAIL).await;
    let reply = ok(here.send("POST", "/api/auth/logout-all", &[], None).await, 200);
    assert_eq!(reply.json(), json!({"ended": 2}));
    assert!(here.cookies.is_empty());
    ok(there.get("/api/me").await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_not_used() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    app.clock.pass_ms(8 * 24 * 3_600_000);
    assert_eq!(ok(client.get("/api/me").await, 401).code(), "auth.session_ended");
}
