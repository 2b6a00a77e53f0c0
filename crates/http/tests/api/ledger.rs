//! The ledger: every request is accounted for, once, and the account adds up.

use galen_core::model::Role;
use galen_core::{Phase, RequestOutcome};
use serde_json::json;

use crate::support::{EMAIL, PASSWORD, TestApp, eventually, ok};

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_see_where_the_time_went_and_it_adds_up() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    for path in ["/api/me", "/api/notifications"] {
        assert_eq!(bob.get(path).await.header("server-timing"), None);
        assert_eq!(app.client().get(path).await.header("server-timing"), None);
        let reply = ok(admin.get(path).await, 200);
        let header = reply.header("server-timing").expect("a header").to_owned();
        let mut total = None;
        let mut sum = 0.0;
        for entry in header.split(", ") {
            let (name, ms) = entry.split_once(";dur=").expect("an entry");
            let ms: f64 = ms.parse().expect("a number");
            if name == "total" {
                total = Some(ms);
            } else {
                let known = Phase::ALL.iter().any(|phase| phase.name() == name);
                assert!(known || name == "unexplained", "{name}");
                sum += ms;
            }
        }
        let total = total.expect("a total");
        // Phases are measured by two clocks, which may differ by microseconds.
        assert!((sum - total).abs() < 0.2, "{sum} is not {total} in {header}");
        assert!(header.contains("session;dur="), "{header}");
        assert!(header.contains("handler;dur="), "{header}");
    }
    let refused = ok(admin.get("/api/admin/users/0").await, 404);
    assert!(refused.header("server-timing").is_some(), "refusals have it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_recorded_once_with_its_route_and_never_its_path() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    ok(client.get("/api/me").await, 200);
    ok(client.get("/no/such/path").await, 404);
    ok(client.delete("/api/me/sessions/secret-looking-thing").await, 404);
    ok(client.send("PUT", "/api/me", &[], None).await, 405);
    eventually("all are recorded", || app.observer.requests().len() == 5).await;
    let records = app.observer.requests();
    let seen: Vec<_> = records.iter().map(|r| (r.method, r.route, r.status, r.code)).collect();
    for expected in [
        ("POST", "/api/auth/login", 200, None),
        ("GET", "/api/me", 200, None),
        ("GET", "", 404, Some("request.not_found")),
        ("DELETE", "/api/me/sessions/{id}", 404, Some("request.not_found")),
        ("OTHER", "/api/me", 405, Some("request.method")),
    ] {
        assert_eq!(
            seen.iter().filter(|row| **row == expected).count(),
            1,
            "{expected:?} in {seen:?}"
        );
    }
    for record in &records {
        assert_eq!(record.outcome, RequestOutcome::Answered);
        let sum: u64 = Phase::ALL.iter().map(|p| record.ledger.get(*p)).sum();
        assert!(sum > 0 && record.ledger.wall_ns > 0);
        assert!(sum <= record.ledger.wall_ns + 200_000, "{record:?}");
    }
    let login = app.records("/api/auth/login").remove(0);
    assert!(login.ledger.get(Phase::Hash) > 0, "{login:?}");
    assert!(login.ledger.get(Phase::BodyRead) > 0, "{login:?}");
    assert!(login.ledger.get(Phase::CommitWait) > 0, "{login:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_and_the_next_request_is_served() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.signed_in(EMAIL).await;
    // The request is named, and then the clock fails whoever looks next: the account room.
    app.clock.break_down_after(1);
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let broken = app.client().post("/api/auth/login", login).await;
    assert_eq!(ok(broken.clone(), 500).code(), "server.internal");
    assert!(!broken.text().contains("broke the clock"), "{}", broken.text());
    ok(client.get("/api/me").await, 200);
    let panicked = |r: &galen_core::RequestRecord| r.outcome == RequestOutcome::Panicked;
    eventually("it is recorded", || app.observer.requests().iter().any(panicked)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_names_are_ours_and_unique() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let mut names = std::collections::HashSet::new();
    for _ in 0..50 {
        let sent = [("x-request-id", "chosen-by-the-client\u{1b}[31m")];
        let reply = client.send("GET", "/livez", &sent, None).await;
        if reply.status == 400 {
            continue;
        }
        let name = reply.header("x-request-id").expect("a name").to_owned();
        assert_eq!(name.len(), 36);
        assert!(names.insert(name));
    }
}
