//! What admins may, what nobody else may, and what not even they may.

use galen_core::model::Role;
use serde_json::json;

use crate::support::{EMAIL, PASSWORD, TestApp, ok};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_changes_and_removes_accounts() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let form = json!({"email": "bob@example.org", "name": "Bob", "password": PASSWORD});
    let made = ok(admin.post("/api/admin/users", form.clone()).await, 201);
    let path = made.header("location").expect("where").to_owned();
    assert_eq!(made.json()["role"], "user");
    assert_eq!(ok(admin.post("/api/admin/users", form).await, 409).code(), "user.email_taken");
    let mut bob = app.signed_in("bob@example.org").await;
    let found = ok(admin.get("/api/admin/users?email=bob").await, 200).json();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(ok(admin.get(&path).await, 200).json()["email"], "bob@example.org");
    let disabled = ok(admin.patch(&path, json!({"status": "disabled"})).await, 200).json();
    assert_eq!(disabled["status"], "disabled");
    ok(bob.get("/api/me").await, 401);
    ok(app.client().sign_in("bob@example.org", PASSWORD).await, 401);
    ok(admin.delete(&path).await, 204);
    assert_eq!(ok(admin.get(&path).await, 404).code(), "user.not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_active_admin_stays() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let id = admin.get("/api/me").await.json()["user"]["id"].clone();
    let path = format!("/api/admin/users/{}", id.as_str().expect("an id"));
    for reply in [
        admin.patch(&path, json!({"role": "user"})).await,
        admin.patch(&path, json!({"status": "disabled"})).await,
        admin.delete(&path).await,
    ] {
        assert_eq!(ok(reply, 409).code(), "user.own_account");
    }
    assert_eq!(ok(admin.delete("/api/me").await, 409).code(), "user.last_admin");
    // A second admin makes the first one free to go, and is then the last one itself.
    app.account("bob@example.org", Role::Admin).await;
    let mut bob = app.signed_in("bob@example.org").await;
    ok(bob.patch(&path, json!({"role": "user"})).await, 200);
    ok(admin.get("/api/admin/users").await, 401);
    assert_eq!(ok(bob.delete("/api/me").await, 409).code(), "user.last_admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_on_accounts_want_a_fresh_authentication_of_an_admin() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let bob = app.account("bob@example.org", Role::User).await;
    let path = format!("/api/admin/users/{}", bob.id);
    app.clock.pass_ms(16 * 60_000);
    let form = json!({"email": "x@example.org", "password": PASSWORD});
    for reply in [
        admin.patch(&path, json!({"role": "admin"})).await,
        admin.delete(&path).await,
        admin.post("/api/admin/users", form).await,
    ] {
        assert_eq!(ok(reply, 403).code(), "auth.fresh_needed");
    }
    ok(admin.get(&path).await, 200);
    ok(admin.post("/api/auth/reauthenticate", json!({"password": PASSWORD})).await, 200);
    ok(admin.patch(&path, json!({"role": "admin"})).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_admin_reaches_what_is_an_admins() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let id = admin.get("/api/me").await.json();
    let user = id["user"]["id"].as_str().expect("an id");
    let session = id["session"]["id"].as_str().expect("an id");
    let news = json!({"email": EMAIL, "category": "x", "title": "x"});
    let form = json!({"email": "x@example.org", "password": PASSWORD, "role": "admin"});
    for reply in [
        bob.get("/api/admin/users").await,
        bob.get(&format!("/api/admin/users/{user}")).await,
        bob.patch(&format!("/api/admin/users/{user}"), json!({"role": "user"})).await,
        bob.delete(&format!("/api/admin/users/{user}")).await,
        bob.post("/api/admin/users", form).await,
        bob.get("/api/admin/sessions").await,
        bob.delete(&format!("/api/admin/sessions/{session}")).await,
        bob.get("/api/admin/audit").await,
        bob.post("/api/admin/notifications", news).await,
    ] {
        assert_eq!(ok(reply, 403).code(), "auth.not_admin");
    }
    ok(admin.get("/api/me").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_and_ends_sessions_and_the_trail_says_so() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let me = bob.get("/api/me").await.json();
    let user = me["user"]["id"].as_str().expect("an id");
    let session = me["session"]["id"].as_str().expect("an id");
    let list = ok(admin.get(&format!("/api/admin/sessions?user_id={user}")).await, 200).json();
    assert_eq!(list["items"][0]["session"]["id"], session);
    assert_eq!(list["items"][0]["email"], "bob@example.org");
    let ended = ok(admin.delete(&format!("/api/admin/sessions/{session}")).await, 204);
    ok(bob.get("/api/me").await, 401);
    let trail = ok(admin.get("/api/admin/audit?code=session.ended&limit=1").await, 200).json();
    let entry = &trail["items"][0];
    assert_eq!(entry["target"], format!("session:{session}"));
    assert_eq!(entry["request_id"].as_str(), ended.header("x-request-id"));
    assert_eq!(entry["address"], "127.0.0.1");
    assert!(entry["params"].is_object());
    let unknown = admin.get("/api/admin/audit?code=no.such").await;
    assert_eq!(ok(unknown, 422).errors(), [("code".to_owned(), "field.type".to_owned())]);
}
