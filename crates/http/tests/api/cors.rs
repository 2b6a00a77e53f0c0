//! CORS: the allow-list and nothing else, on every answer.

use galen_core::model::Role;
use galen_http::Origin;

use crate::support::{EMAIL, Reply, TestApp, ok};

const OURS: &str = "https://app.example";

async fn app() -> TestApp {
    TestApp::with(|settings, _| {
        settings.allowed_origins = vec![Origin::parse(OURS).expect("an origin")];
    })
    .await
}

async fn preflight(app: &TestApp, origin: &str) -> Reply {
    let sent = [("origin", origin), ("access-control-request-method", "POST")];
    app.client().send("OPTIONS", "/api/auth/login", &sent, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_the_list_may_read_answers_and_refusals_with_credentials() {
    let app = app().await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.signed_in(EMAIL).await;
    let sent = [("origin", OURS)];
    for (path, status) in [("/api/me", 200), ("/no/such/path", 404), ("/test-cors", 200)] {
        let reply = ok(client.send("GET", path, &sent, None).await, status);
        assert_eq!(reply.header("access-control-allow-origin"), Some(OURS), "{path}");
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    }
    let answer = ok(preflight(&app, OURS).await, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, POST, PUT, PATCH, DELETE")
    );
    let headers = answer.header("access-control-allow-headers").expect("headers");
    assert!(headers.contains("X-CSRF-Token") && !headers.contains('*'), "{headers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_is_ever_reflected() {
    let app = app().await;
    let mut client = app.client();
    let mut corpus: Vec<String> = [
        "null",
        "*",
        "https://app.example.attacker.example",
        "https://attackerapp.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example:443",
        "https://app.example/",
        "https://app.example.",
        "https://APP.example",
        "HTTPS://app.example",
        "https://app.example@attacker.example",
        "https://app.example%60.attacker.example",
        "https://app.example_.attacker.example",
        "https://app.example, https://app.example",
        "https://app.example https://attacker.example",
        "https://xapp.example",
        "//app.example",
        "app.example",
        "file://",
        "https://",
        "https://*.example",
        "https://app-example",
        "https://app.example\u{7f}",
        "https://localhost",
        "http://127.0.0.1:8000",
    ]
    .map(str::to_owned)
    .to_vec();
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=`{}|^".chars() {
        corpus.push(format!("https://app.example{letter}attacker.example"));
        corpus.push(format!("https://{letter}app.example"));
        corpus.push(format!("https://app{letter}example"));
        corpus.push(format!("https://app.example{letter}"));
    }
    assert!(corpus.len() > 230);
    for origin in corpus.iter().filter(|origin| *origin != OURS) {
        let reply = client.send("GET", "/test-cors", &[("origin", origin)], None).await;
        if reply.status == 400 {
            continue; // Not even a header value.
        }
        ok(reply.clone(), 200);
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(reply.header("access-control-allow-credentials"), None, "{origin}");
        assert_eq!(reply.json()["allowed"], false, "{origin}");
        assert!(reply.header("vary").expect("vary").contains("Origin"));
    }
    let twice = [("origin", OURS), ("origin", "https://attacker.example")];
    let reply = client.send("GET", "/test-cors", &twice, None).await;
    assert_eq!(reply.header("access-control-allow-origin"), None, "two origins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_preflight_says_why_and_allows_nothing() {
    let app = app().await;
    for origin in ["https://attacker.example", "null"] {
        let reply = ok(preflight(&app, origin).await, 403);
        assert_eq!(reply.code(), "cors.origin_not_allowed");
        assert!(reply.headers.iter().all(|(name, _)| !name.starts_with("access-control-")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_costs_no_look_up() {
    let app = app().await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.client();
    client.cookies.insert("galen_session".to_owned(), "A".repeat(43));
    let before = app.observer.statements().len();
    let sent = [("origin", OURS), ("access-control-request-method", "DELETE")];
    ok(client.send("OPTIONS", "/api/me", &sent, None).await, 204);
    assert_eq!(app.observer.statements().len(), before);
    ok(client.get("/api/me").await, 401);
    assert!(app.observer.statements().len() > before, "a request that is none does look");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_varies_by_origin() {
    let app = app().await;
    let mut client = app.client();
    for path in ["/", "/api/me", "/livez", "/openapi.json", "/no/such", "/icon.svg"] {
        let reply = client.get(path).await;
        assert!(reply.header("vary").expect("vary").contains("Origin"), "{path}");
    }
}
