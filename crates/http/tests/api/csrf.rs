//! Forged requests: the rows of Go's `CrossOriginProtection` tests on a real socket, and our own.

use galen_core::model::Role;
use galen_http::Origin;
use serde_json::json;

use crate::support::{EMAIL, PASSWORD, Reply, TestApp, ok};

/// A request that passes meets the log-in of nobody: 401. One that is refused never gets there: 403.
const PASSED: u16 = 401;
const REFUSED: u16 = 403;

async fn app() -> TestApp {
    TestApp::with(|settings, _| {
        settings.public_url = Some(Origin::parse("https://example.com").expect("an origin"));
        settings.allowed_origins =
            vec![Origin::parse("https://trusted.example").expect("an origin")];
    })
    .await
}

async fn login(app: &TestApp, site: &str, origin: &str) -> Reply {
    let headers = [("sec-fetch-site", site), ("origin", origin)];
    let sent: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let form = json!({"email": "nobody@example.org", "password": "whatever it may be"});
    app.client().send("POST", "/api/auth/login", &sent, Some(form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_gos_tests_come_out_as_there() {
    let app = app().await;
    let rows = [
        ("same-origin allowed", "same-origin", "", PASSED),
        ("none allowed", "none", "", PASSED),
        ("cross-site blocked", "cross-site", "", REFUSED),
        ("same-site blocked", "same-site", "", REFUSED),
        ("no header with no origin", "", "", PASSED),
        ("no header with matching origin", "", "https://example.com", PASSED),
        ("no header with mismatched origin", "", "https://attacker.example", REFUSED),
        ("no header with null origin", "", "null", REFUSED),
        ("trusted origin without sec-fetch-site", "", "https://trusted.example", PASSED),
        ("trusted origin with cross-site", "cross-site", "https://trusted.example", PASSED),
        ("untrusted origin without sec-fetch-site", "", "https://attacker.example", REFUSED),
        ("untrusted origin with cross-site", "cross-site", "https://attacker.example", REFUSED),
    ];
    for (name, site, origin, status) in rows {
        let reply = login(&app, site, origin).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        let sent = [("sec-fetch-site", "cross-site")];
        let reply = app.client().send(method, "/api/auth/csrf", &sent, None).await;
        assert_ne!(reply.status, REFUSED, "{method} allowed");
    }
    for method in ["PUT", "PATCH", "DELETE", "BREW"] {
        let sent = [("sec-fetch-site", "cross-site")];
        let reply = app.client().send(method, "/api/me", &sent, None).await;
        assert_eq!(reply.status, REFUSED, "{method} blocked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_are_stricter_than_go_where_we_can_be() {
    let app = app().await;
    let rows = [
        ("another scheme", "", "http://example.com", "csrf.cross_origin"),
        ("another port", "", "https://example.com:8443", "csrf.cross_origin"),
        ("a longer name", "", "https://example.com.attacker.example", "csrf.cross_origin"),
        ("a sub-domain of a trusted one", "", "https://a.trusted.example", "csrf.cross_origin"),
        ("a trusted one with a slash", "", "https://trusted.example/", "csrf.cross_origin"),
        ("upper case", "", "https://TRUSTED.example", "csrf.cross_origin"),
        ("an unknown word", "same-planet", "", "csrf.cross_origin"),
        ("the same site with our own origin", "same-site", "https://example.com", "csrf.same_site"),
        ("the same site", "same-site", "", "csrf.same_site"),
    ];
    for (name, site, origin, code) in rows {
        assert_eq!(ok(login(&app, site, origin).await, REFUSED).code(), code, "{name}");
    }
    let form = json!({"email": "nobody@example.org", "password": "whatever it may be"});
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")];
    let reply = app.client().send("POST", "/api/auth/login", &twice, Some(form.clone())).await;
    assert_eq!(reply.status, REFUSED, "two words that disagree");
    let twice = [("origin", "https://trusted.example"), ("origin", "https://attacker.example")];
    let reply = app.client().send("POST", "/api/auth/login", &twice, Some(form)).await;
    assert_eq!(reply.status, REFUSED, "two origins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_line_that_fixes_it() {
    let app = app().await;
    let reply = login(&app, "cross-site", "https://mine.example").await;
    let detail = reply.json()["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.contains("http.allowed_origins = [\"https://mine.example\"]"), "{detail}");
    let odd = login(&app, "cross-site", "https://x\"]<script>").await;
    assert!(!odd.text().contains("script"), "{}", odd.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_loopback_the_origin_is_the_name_the_browser_used_if_it_is_this_machine() {
    let app = TestApp::start().await;
    let port = app.addr.port();
    for (host, passes) in [
        (format!("127.0.0.1:{port}"), true),
        (format!("localhost:{port}"), true),
        (format!("rebound.example:{port}"), false),
    ] {
        let body = r#"{"email":"nobody@example.org","password":"whatever it may be"}"#;
        let request = format!(
            "POST /api/auth/login HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n\
             content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = crate::support::raw(app.addr, request.as_bytes()).await;
        let expected = if passes { "HTTP/1.1 401" } else { "HTTP/1.1 403" };
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(expected), "{host}: {answer}");
    }
    let other_port = login(&app, "", &format!("http://127.0.0.1:{}", port ^ 1)).await;
    assert_eq!(other_port.status, REFUSED);
    let https = login(&app, "", &format!("https://127.0.0.1:{port}")).await;
    assert_eq!(https.status, REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_session_also_shows_the_sessions_token() {
    let app = TestApp::start().await;
    let mut ann = app.user(EMAIL).await;
    let bob = app.user("bob@example.org").await;
    let form = || Some(json!({"name": "x"}));
    let mut without = ann.clone();
    without.csrf = None;
    assert_eq!(
        ok(without.send("PATCH", "/api/me", &[], form()).await, 403).code(),
        "csrf.token_missing"
    );
    let foreign = bob.csrf.clone().expect("a token");
    let anonymous = app.client().get("/api/auth/csrf").await.json();
    let anonymous = anonymous["csrf_token"].as_str().expect("a token");
    for wrong in ["", "x", &foreign, anonymous] {
        let sent = [("x-csrf-token", wrong)];
        let reply = ok(ann.send("PATCH", "/api/me", &sent, form()).await, 403);
        assert_eq!(reply.code(), "csrf.token_invalid", "{wrong}");
    }
    let asked = ann.get("/api/auth/csrf").await.json();
    ann.csrf = asked["csrf_token"].as_str().map(str::to_owned);
    ok(ann.send("PATCH", "/api/me", &[], form()).await, 200);
    // Signing in over a session is an act of that session.
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let reply = without.post("/api/auth/login", login).await;
    assert_eq!(ok(reply, 403).code(), "csrf.token_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unsafe_operation_refuses_every_foreign_page() {
    let app = app().await;
    app.account(EMAIL, Role::Admin).await;
    let mut admin = app.signed_in(EMAIL).await;
    let document = admin.get("/openapi.json").await.json();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["post", "put", "patch", "delete"].into_iter().filter(|m| item[m].is_object())
        {
            let path = path.replace("{id}", "0190163d-8694-739b-8d4a-5b3f4b1c2d3e");
            for (site, origin) in [
                ("cross-site", "https://attacker.example"),
                ("cross-site", "null"),
                ("cross-site", ""),
                ("same-site", "https://other.example.com"),
                ("same-site", ""),
                ("", "https://attacker.example"),
                ("", "http://example.com"),
                ("", "null"),
            ] {
                let sent: Vec<_> = [("sec-fetch-site", site), ("origin", origin)]
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect();
                let reply = admin.send(&method.to_uppercase(), &path, &sent, None).await;
                let code = ok(reply, 403).code();
                assert!(code.starts_with("csrf."), "{method} {path}: {code}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 8 * 15, "only {seen} requests were made");
    ok(admin.get("/api/me").await, 200);
}
