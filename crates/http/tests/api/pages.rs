//! Pages and health: what is there for everybody, and for whom the database is not needed.

use galen_core::Code;
use serde_json::json;

use crate::support::{TestApp, ok};

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_what_the_canary_found_and_asking_touches_no_database() {
    let app = TestApp::start().await;
    let mut client = app.client();
    ok(client.get("/livez").await, 200);
    assert_eq!(ok(client.get("/readyz").await, 503).code(), "server.not_ready");
    app.canary().await;
    let before = app.observer.statements().len();
    assert_eq!(ok(client.get("/readyz").await, 200).json(), json!({"ready": true}));
    for (found, told) in [
        (Code::DatabaseBusy, "server.database_busy"),
        (Code::DiskFull, "server.disk_full"),
        // What broke is the operator's affair.
        (Code::Internal, "server.not_ready"),
    ] {
        app.note(Some(found));
        let reply = ok(client.get("/readyz").await, 503);
        assert_eq!(reply.code(), told);
        assert_eq!(reply.header("retry-after"), Some("1"));
        ok(client.get("/livez").await, 200);
    }
    app.note(None);
    ok(client.get("/readyz").await, 200);
    assert_eq!(app.observer.statements().len(), before, "asking touches no database");
    app.clock.pass_monotonic_ms(2_001);
    assert_eq!(ok(client.get("/readyz").await, 503).code(), "server.not_ready");
    assert!(!app.app.health().ready, "an old word says nothing about now");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_no_inline_script_and_a_policy_that_forbids_it() {
    let app = TestApp::start().await;
    let mut client = app.client();
    for path in
        ["/", "/login", "/setup", "/verify", "/settings/sessions", "/admin", "/admin/users/1"]
    {
        let reply = ok(client.get(path).await, 200);
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("trusted-types 'none'"), "{policy}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        let html = reply.text();
        for inline in ["<style", "style=", "onclick", "onload", "javascript:", "<script>", "data:"]
        {
            assert!(!html.contains(inline), "{inline} in {path}");
        }
        assert!(html.contains("<html lang=\"en\" dir=\"ltr\" data-theme=\"system\""), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_in_its_visitors_language_and_theme_before_anything_is_drawn() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let mut root = async |headers: &[(&str, &str)]| {
        let reply = ok(client.send("GET", "/login", headers, None).await, 200);
        let vary = reply.header("vary").expect("vary").to_owned();
        assert!(vary.contains("Cookie") && vary.contains("Accept-Language"), "{vary}");
        reply
            .text()
            .split_once("<html ")
            .expect("a root")
            .1
            .split_once('>')
            .expect("its end")
            .0
            .to_owned()
    };
    let asked = root(&[("accept-language", "fa-IR,fa;q=0.9,en;q=0.8")]).await;
    assert!(asked.starts_with("lang=\"fa\" dir=\"rtl\" data-theme=\"system\""), "{asked}");
    let cookie = "galen_theme=dark; galen_lang=en; galen_session=x";
    let chosen = root(&[("accept-language", "fa"), ("cookie", cookie)]).await;
    let said = "lang=\"en\" dir=\"ltr\" data-theme=\"dark\" data-session=\"yes\" data-secure=\"no\" \
                data-registration=\"open\" data-password-min=\"15\"";
    assert_eq!(chosen, said);
    let planted = root(&[("cookie", "galen_theme=\"><script>; galen_lang=xx")]).await;
    assert!(planted.starts_with("lang=\"en\" dir=\"ltr\" data-theme=\"system\""), "{planted}");
}

/// The path of a file that a page asks for.
fn file_of(html: &str) -> String {
    let (_, after) = html.split_once("src=\"/assets/").expect("a script");
    format!("/assets/{}", after.split_once('"').expect("its end").0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_in_the_form_that_is_taken_and_kept_for_good() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let script = file_of(&ok(client.get("/").await, 200).text());
    let plain = ok(client.get(&script).await, 200);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for (takes, coding) in [("gzip, br", "br"), ("gzip, deflate", "gzip")] {
        let packed = client.send("GET", &script, &[("accept-encoding", takes)], None).await;
        assert_eq!(packed.header("content-encoding"), Some(coding));
        assert!(packed.body.len() < plain.body.len());
        assert!(packed.header("vary").expect("vary").contains("Accept-Encoding"));
    }
    let tag = plain.header("etag").expect("a tag");
    let known = client.send("GET", &script, &[("if-none-match", tag)], None).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    ok(client.get("/assets/no-such.js").await, 404);
    ok(client.get("/assets/../login").await, 404);
    let icon = ok(client.get("/icon.svg").await, 200);
    assert_eq!(icon.header("cache-control"), Some("public, no-cache"));
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_what_browsers_must_know() {
    let app = TestApp::start().await;
    let mut client = app.client();
    for path in [
        "/",
        "/setup",
        "/livez",
        "/api/me",
        "/openapi.json",
        "/no/such",
        "/problems/auth.not_admin",
    ] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(reply.header("cache-control").is_some(), "{path}");
        assert!(reply.header("x-request-id").is_some(), "{path}");
        assert_eq!(reply.header("server"), None);
        assert_eq!(reply.header("strict-transport-security"), None, "plain HTTP");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_from_the_prepared_head_say_what_all_others_say() {
    let https = |url: &str| Some(galen_http::Origin::parse(url).expect("an origin"));
    for public_url in [None, https("https://accounts.example.org")] {
        let app = TestApp::with(|settings, _| settings.public_url = public_url).await;
        let mut client = app.client();
        let mut heads = Vec::new();
        for path in ["/api/auth/csrf", "/version"] {
            let reply = ok(client.get(path).await, 200);
            let length = reply.header("content-length").map(str::to_owned);
            assert_eq!(length, Some(reply.body.len().to_string()), "{path}");
            assert_eq!(reply.header("x-request-id").map(str::len), Some(36), "{path}");
            let own = ["content-length", "x-request-id", "date"];
            let mut head = reply.headers;
            head.retain(|(name, _)| !own.contains(&name.as_str()));
            head.sort();
            heads.push(head);
        }
        assert_eq!(heads[0], heads[1]);
        assert!(heads[0].len() >= 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body_and_other_methods_are_named() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let get = client.get("/version").await;
    let head = ok(client.send("HEAD", "/version", &[], None).await, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert!(head.body.is_empty());
    let wrong = ok(client.send("DELETE", "/version", &[], None).await, 405);
    assert_eq!(wrong.header("allow"), Some("GET,HEAD"));
    assert_eq!(wrong.code(), "request.method");
    let refused = client.send("HEAD", "/api/me", &[], None).await;
    assert_eq!(refused.status, 401);
    for method in ["TRACE", "CONNECT", "PROPFIND"] {
        let reply = client.send(method, "/api/me", &[], None).await;
        assert!((400..500).contains(&reply.status), "{method}: {}", reply.status);
    }
}
