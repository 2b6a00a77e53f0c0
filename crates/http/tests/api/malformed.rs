//! Two hundred requests no honest client sends: each is answered 4xx with a problem, and nothing breaks.

use galen_core::RequestOutcome;
use galen_core::model::Role;

use crate::support::{EMAIL, TestApp, raw, read_reply};

const JSON: &str = "content-type: application/json\r\n";

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn bodies() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        "{",
        "}",
        "[",
        "]",
        "[]",
        "null",
        "true",
        "0",
        "\"\"",
        "{}",
        "{{}}",
        "{\"",
        "{\"email\"",
        "{\"email\":",
        "{\"email\":\"",
        "{\"email\":\"a\"",
        "{\"email\":\"a\",",
        "{\"email\":\"a\",}",
        "{email:\"a\"}",
        "{'email':'a'}",
        "{\"email\":\"a\"}{}",
        "{\"email\":\"a\"} x",
        "NaN",
        "{\"email\":NaN}",
        "{\"email\":1e999}",
        "{\"email\":01}",
        "{\"email\":\"\\x\"}",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":\"\\u00\"}",
        "{\"email\":\"a\u{1}\"}",
        "\u{feff}{}",
        "{\"email\":\"a\",\"email\":\"b\",\"password\":\"c\"}",
        "{\"password\":\"a\",\"email\":\"b\",\"password\":\"c\"}",
        "{\"email\":null,\"password\":null}",
        "{\"email\":1,\"password\":2}",
        "{\"email\":[\"a@b\",\"c@d\"],\"password\":\"x\"}",
        "{\"email\":{\"$ne\":null},\"password\":\"x\"}",
        "{\"email\":true,\"password\":\"x\"}",
        "{\"email\":\"a\",\"password\":\"x\",\"role\":\"admin\"}",
        "{\"email\":\"a\",\"password\":\"x\",\"__proto__\":{}}",
        "{\"Email\":\"a\",\"password\":\"x\"}",
        "{\"email\":\"a\"}",
        "{\"password\":\"a\"}",
        "{\"\":\"\"}",
        "<xml/>",
        "email=a&password=b",
        "--x\r\nContent-Disposition: form-data\r\n\r\n--x--",
        "/* c */ {}",
        "{}//",
        "{\"email\":\"a\";}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push(b"{\"email\":\"\xff\",\"password\":\"x\"}".to_vec());
    all.push(b"{\"email\":\"\xc0\xaf\",\"password\":\"x\"}".to_vec());
    all.push(b"{\"email\":\"\xed\xa0\x80\",\"password\":\"x\"}".to_vec());
    all.push(b"\x00\x01\x02\x03".to_vec());
    all.push(b"{\"em\0ail\":1}".to_vec());
    all.push("{\"a\":".repeat(10_000).into_bytes());
    all.push("[".repeat(60_000).into_bytes());
    all.push(vec![b' '; 60_000]);
    all
}

fn heads() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\r\n host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n folded\r\n\r\n",
        "G\u{0}T / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: \u{0}\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1 x\r\nhost: a\r\n\r\n",
        "GET /\u{7f} HTTP/1.1\r\nhost: a\r\n\r\n",
        "get / http/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\n\r\nX\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}",
        "SSH-2.0-OpenSSH_9\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx(y): z\r\n\r\n",
        "{\"not\":\"http\"}\r\n\r\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    for framing in [
        "content-length: x\r\n",
        "content-length: -1\r\n",
        "content-length: 1, 2\r\n",
        "content-length: 1\r\ncontent-length: 2\r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: +3\r\n",
        "content-length: 0x3\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
    ] {
        let head = format!("POST /api/auth/login HTTP/1.1\r\nhost: x\r\n{JSON}{framing}\r\nabc");
        all.push(head.into_bytes());
    }
    for chunk in [
        "x\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n",
        "5\r\nab\r\n",
        "1\r\nabc\r\n0\r\n\r\n",
        "1;\n",
    ] {
        let head = format!(
            "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{JSON}transfer-encoding: chunked\r\n\r\n{chunk}"
        );
        all.push(head.into_bytes());
    }
    all
}

fn targets() -> Vec<Vec<u8>> {
    [
        "/../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/../../x",
        "/.git/config",
        "/api/me/sessions/../../../x",
        "/api/problems/%00",
        "/%00",
        "/%ff",
        "/%",
        "/%zz",
        "//",
        "//evil.example/",
        "/api//me",
        "/api/me/",
        "/API/ME",
        "/api/me;x=y",
        "/api/me/..;/admin/users",
        "/api/%6de",
        "/problems/..",
        "/problems/%2e%2e%2fme",
        "/setup/../api/me",
        "/icon.svg/",
        "/static/..\\..\\x",
        "/api/admin/users/%27%20OR%201=1",
        "/api/admin/users/0",
        "/api/me?x=%00",
        "http://evil.example/api/me",
        "*",
    ]
    .iter()
    .map(|target| {
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").into_bytes()
    })
    .collect()
}

fn cookies() -> Vec<Vec<u8>> {
    let long = "x".repeat(8_000);
    let many = "a=b; ".repeat(2_000);
    let values: Vec<Vec<u8>> = [
        "",
        "=",
        ";",
        ";;;;",
        "galen_session",
        "galen_session=",
        "galen_session==",
        "galen_session=\"\"",
        "galen_session=a; galen_session=b",
        "galen_session=' OR 1=1 --",
        "galen_session=../../etc/passwd",
        "galen_session=%00%00",
        "galen_session=AAAA",
        "$Version=1; galen_session=x",
        "galen_session=a,b",
        "__Host-galen_session=x",
        "\u{e9}=\u{e9}",
        "galen_session=\u{1f600}",
        &long,
        &many,
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([b"galen_session=\xff\xfe\x80".to_vec(), vec![b';'; 20_000]])
    .collect();
    values
        .into_iter()
        .map(|value| {
            let mut request =
                b"GET /api/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: ".to_vec();
            request.extend(value);
            request.extend_from_slice(b"\r\n\r\n");
            request
        })
        .collect()
}

fn types() -> Vec<Vec<u8>> {
    let body = br#"{"email":"a@b.example","password":"whatever it may be"}"#;
    [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: multipart/form-data; boundary=x\r\n",
        "content-type: application/json; charset=utf-16\r\n",
        "content-type: \r\n",
        "content-type: application/json, text/plain\r\n",
        "content-type: json\r\n",
        "content-type: application/json\r\ncontent-type: text/plain\r\n",
        "content-type: */*\r\n",
        "content-type: application/problem+json\r\n",
        "content-type: text/json\r\n",
    ]
    .iter()
    .map(|header| post("/api/auth/login", header, body))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_malformed_requests_are_each_answered_with_a_problem() {
    let app = TestApp::with(|settings, _| {
        settings.limits.body_timeout_ms = 300;
        settings.limits.idle_timeout_ms = 300;
    })
    .await;
    app.account(EMAIL, Role::Admin).await;
    let mut corpus = Vec::new();
    for path in ["/api/auth/login", "/api/auth/register", "/api/setup"] {
        corpus.extend(bodies().iter().map(|body| post(path, JSON, body)));
    }
    corpus.extend(heads());
    corpus.extend(targets());
    corpus.extend(cookies());
    corpus.extend(types());
    assert!(corpus.len() >= 200, "only {}", corpus.len());
    for request in &corpus {
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        let answer = raw(app.addr, request).await;
        assert!(!answer.is_empty(), "no answer to {shown}");
        let reply = read_reply(&mut &answer[..], false).await;
        assert!((400..500).contains(&reply.status), "{} to {shown}", reply.status);
        assert!(!reply.code().is_empty(), "{shown}");
    }
    let panicked =
        app.observer.requests().iter().filter(|r| r.outcome == RequestOutcome::Panicked).count();
    assert_eq!(panicked, 0);
    assert_eq!(app.client().get("/livez").await.status, 200);
}
