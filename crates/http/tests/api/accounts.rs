//! Signing in and out, and what a user does with its own account.

use galen_account::RegistrationPolicy;
use galen_core::TraceShare;
use galen_core::model::Role;
use serde_json::json;

use crate::support::{EMAIL, PASSWORD, TestApp, ok};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_original_report_are_answered() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let token = ok(client.get("/api/auth/csrf").await, 200);
    assert!(token.json()["csrf_token"].is_string());
    assert_eq!(token.header("set-cookie"), None);
    let form = json!({"email": "nobody@example.org", "password": "whatever it may be"});
    let unknown = ok(client.post("/api/auth/login", form).await, 401);
    assert_eq!(unknown.code(), "auth.wrong_credentials");
    let anonymous = ok(client.get("/api/notifications").await, 401);
    assert_eq!(anonymous.code(), "auth.not_signed_in");
    assert!(anonymous.header("www-authenticate").is_some());
    ok(client.get("/test-cors").await, 200);
    app.account(EMAIL, Role::User).await;
    let reply = ok(client.sign_in(EMAIL, PASSWORD).await, 200);
    assert_eq!(reply.json()["user"]["email"], EMAIL);
    ok(client.get("/api/notifications").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_cookie_is_bound_and_nothing_about_it_is_cached() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.client();
    let reply = client.sign_in(EMAIL, PASSWORD).await;
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("galen_session="), "{cookie}");
    for flag in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == flag), "{flag} in {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(reply.header("cache-control"), Some("no-store, private"));
    assert_eq!(reply.header("vary"), Some("Origin, Cookie"));
    let body = reply.text();
    assert!(!body.contains("argon2") && !body.contains("hash"), "{body}");
    let token = client.cookies["galen_session"].clone();
    assert!(!body.contains(&token), "the token is in the cookie alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookie_has_the_host_prefix() {
    let app = TestApp::with(|settings, _| {
        settings.public_url =
            Some(galen_http::Origin::parse("https://app.example").expect("an origin"));
    })
    .await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.client();
    let reply = client.sign_in(EMAIL, PASSWORD).await;
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-galen_session="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    assert!(reply.header("strict-transport-security").is_some());
    ok(client.get("/api/me").await, 200);
    let token = client.cookies["__Host-galen_session"].clone();
    client.cookies = [("galen_session".to_owned(), token)].into();
    ok(client.get("/api/me").await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn me_says_who_is_signed_in_in_times_of_rfc_3339() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    let me = ok(client.get("/api/me").await, 200).json();
    assert_eq!(me["user"]["email"], EMAIL);
    assert_eq!(me["user"]["role"], "user");
    assert_eq!(me["session"]["current"], true);
    assert_eq!(me["session"]["created_at"], "2026-11-23T00:00:00.000Z");
    assert_eq!(me["fresh"], true);
    assert_eq!(me["unread"], 0);
    let changed = ok(client.patch("/api/me", json!({"name": "Anna"})).await, 200).json();
    assert_eq!(changed["name"], "Anna");
    assert_eq!(client.get("/api/me").await.json()["user"]["name"], "Anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_session_at_once_and_for_good() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    let mut copy = client.clone();
    let reply = ok(client.send("POST", "/api/auth/logout", &[], None).await, 204);
    assert_eq!(reply.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert!(client.cookies.is_empty(), "the cookie is removed");
    let refused = ok(copy.get("/api/me").await, 401);
    assert_eq!(refused.code(), "auth.session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_cookie_never_becomes_a_session() {
    let app = TestApp::start().await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.client();
    let planted = "A".repeat(43);
    client.cookies.insert("galen_session".to_owned(), planted.clone());
    ok(client.sign_in(EMAIL, PASSWORD).await, 200);
    assert_ne!(client.cookies["galen_session"], planted);
    let mut attacker = app.client();
    attacker.cookies.insert("galen_session".to_owned(), planted);
    ok(attacker.get("/api/me").await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_login_replaces_the_session_of_the_same_browser() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    let mut before = client.clone();
    ok(client.sign_in(EMAIL, PASSWORD).await, 200);
    assert_ne!(client.cookies, before.cookies);
    ok(before.get("/api/me").await, 401);
    ok(client.get("/api/me").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reauthentication_renews_the_token_of_the_same_session() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    let before = client.clone();
    let id = client.get("/api/me").await.json()["session"]["id"].clone();
    let wrong =
        client.post("/api/auth/reauthenticate", json!({"password": "not this one at all"})).await;
    assert_eq!(ok(wrong, 403).code(), "auth.wrong_password");
    let reply =
        ok(client.post("/api/auth/reauthenticate", json!({"password": PASSWORD})).await, 200);
    assert_eq!(reply.json()["session"]["id"], id);
    ok(before.clone().get("/api/me").await, 401);
    ok(client.get("/api/me").await, 200);
    // The token against forged requests hangs on the session, which is the same.
    ok(client.patch("/api/me", json!({"name": "x"})).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn risky_acts_want_a_fresh_authentication() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    app.clock.pass_ms(16 * 60_000);
    let change = json!({"current": PASSWORD, "new": "nine loud herons on a quay"});
    for reply in
        [client.post("/api/me/password", change.clone()).await, client.delete("/api/me").await]
    {
        assert_eq!(ok(reply, 403).code(), "auth.fresh_needed");
    }
    let reply =
        ok(client.post("/api/auth/reauthenticate", json!({"password": PASSWORD})).await, 200);
    assert_eq!(reply.json()["fresh"], true);
    let reply = ok(client.post("/api/me/password", change).await, 200);
    client.keep_token(&reply);
    ok(client.delete("/api/me").await, 204);
    ok(app.client().sign_in(EMAIL, PASSWORD).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_password_ends_every_other_session() {
    let app = TestApp::start().await;
    let mut client = app.user(EMAIL).await;
    let mut other = app.signed_in(EMAIL).await;
    let mut before = client.clone();
    let change = json!({"current": PASSWORD, "new": "nine loud herons on a quay"});
    let reply = ok(client.post("/api/me/password", change).await, 200);
    client.keep_token(&reply);
    ok(other.get("/api/me").await, 401);
    ok(before.get("/api/me").await, 401);
    ok(client.get("/api/me").await, 200);
    ok(app.client().sign_in(EMAIL, PASSWORD).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_is_open_unless_it_is_closed() {
    let form = json!({"email": "new@example.org", "name": "New", "password": PASSWORD});
    let closed = TestApp::with(|_, policy| policy.registration = RegistrationPolicy::Closed).await;
    let reply = closed.client().post("/api/auth/register", form.clone()).await;
    assert_eq!(ok(reply, 403).code(), "auth.registration_closed");
    let open = TestApp::start().await;
    let mut client = open.client();
    let first = ok(client.post("/api/auth/register", form.clone()).await, 202);
    let second = ok(client.post("/api/auth/register", form).await, 202);
    assert_eq!(first.json(), json!({"next": "check_your_mail"}));
    assert_eq!(first.body, second.body, "the same words for an address that has an account");
    let weak = json!({"email": "x", "password": "short"});
    let reply = ok(client.post("/api/auth/register", weak).await, 422);
    let pointers: Vec<String> = reply.errors().into_iter().map(|e| e.0).collect();
    assert!(pointers.contains(&"/email".to_owned()), "{pointers:?}");
    let admin = json!({"email": "a@example.org", "password": PASSWORD, "role": "admin"});
    let reply = ok(client.post("/api/auth/register", admin).await, 422);
    assert_eq!(reply.errors(), [("/role".to_owned(), "field.unknown".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setup_link_makes_the_first_admin_once() {
    let app = TestApp::start().await;
    let offered = app.accounts.offer_setup(&app.cx()).await.expect("an offer");
    let token = offered.expect("a token").reveal().clone();
    let mut client = app.client();
    let form =
        |token: &str| json!({"token": token, "email": EMAIL, "name": "", "password": PASSWORD});
    let wrong = client.post("/api/setup", form(&"x".repeat(43))).await;
    assert_eq!(ok(wrong, 403).code(), "auth.setup_not_possible");
    let made = ok(client.post("/api/setup", form(&token)).await, 201);
    assert_eq!(made.json()["role"], "admin");
    assert_eq!(
        ok(client.post("/api/setup", form(&token)).await, 403).code(),
        "auth.setup_not_possible"
    );
    ok(client.sign_in(EMAIL, PASSWORD).await, 200);
    ok(client.get("/api/admin/users").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_learns_who_is_behind_a_request() {
    let app = TestApp::start().await;
    let mut client = app.user("jürgen@example.org").await;
    let reply = ok(client.get("/api/auth/verify").await, 200);
    assert_eq!(reply.header("x-galen-email"), Some("j%C3%BCrgen@example.org"));
    assert_eq!(reply.header("x-galen-role"), Some("user"));
    let id = client.get("/api/me").await.json()["user"]["id"].clone();
    assert_eq!(reply.header("x-galen-user"), id.as_str());
    let nobody = ok(app.client().get("/api/auth/verify").await, 401);
    assert_eq!(nobody.header("x-galen-user"), None);
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_handed_the_client_s_trace_unchanged_where_nobody_exports_spans() {
    let app = TestApp::start().await;
    let mut client = app.user("bob@example.org").await;
    // A later version, with what nobody can know yet, and a state in two headers.
    let later = PARENT.replace("00-4", "01-4") + "-later";
    let sent = [("traceparent", later.as_str()), ("tracestate", "a=1,b=2"), ("tracestate", "c=3")];
    let reply = ok(client.send("GET", "/api/auth/verify", &sent, None).await, 200);
    assert_eq!(reply.header("traceparent"), Some(later.as_str()));
    assert_eq!(reply.all("tracestate"), ["a=1,b=2", "c=3"]);
    for invalid in [None, Some("00-junk")] {
        let parent = invalid.map(|value| ("traceparent", value));
        let sent: Vec<_> = parent.into_iter().chain([("tracestate", "a=1")]).collect();
        let reply = ok(client.send("GET", "/api/auth/verify", &sent, None).await, 200);
        assert_eq!(reply.header("traceparent"), None);
        assert_eq!(reply.header("tracestate"), None, "a state without a parent means nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_goes_on_below_our_own_span_where_spans_are_exported() {
    let app = TestApp::with(|settings, _| settings.traces = Some(TraceShare::of(0.0))).await;
    let mut client = app.user("bob@example.org").await;
    let sent = [("traceparent", PARENT), ("tracestate", "a=1")];
    let reply = ok(client.send("GET", "/api/auth/verify", &sent, None).await, 200);
    let request = reply.header("x-request-id").expect("a name").replace('-', "");
    let own = format!("{}{}-01", &PARENT[..36], &request[16..]);
    assert_eq!(reply.header("traceparent"), Some(own.as_str()));
    assert_eq!(reply.header("tracestate"), Some("a=1"));
    // A trace that begins here is called as the request is, and the share says it is not recorded.
    let reply = ok(client.get("/api/auth/verify").await, 200);
    let request = reply.header("x-request-id").expect("a name").replace('-', "");
    let own = format!("00-{request}-{}-00", &request[16..]);
    assert_eq!(reply.header("traceparent"), Some(own.as_str()));
    assert_eq!(ok(client.get("/api/me").await, 200).header("traceparent"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_one_account_is_stopped_and_says_for_how_long() {
    let app =
        TestApp::with(|_, policy| policy.limits = galen_account::LimitPolicy::default()).await;
    app.account(EMAIL, Role::User).await;
    let mut client = app.client();
    let wrong = json!({"email": EMAIL, "password": "not this one at all"});
    let mut last = client.post("/api/auth/login", wrong.clone()).await;
    for _ in 0..20 {
        last = client.post("/api/auth/login", wrong.clone()).await;
    }
    assert_eq!(ok(last.clone(), 429).code(), "auth.too_many_attempts");
    let wait: u64 = last.header("retry-after").expect("a time").parse().expect("seconds");
    assert!(wait > 0);
}
