//! The request's line in the log: which requests have one, and what is in it.

use galen_http::RequestsLog;
use serde_json::Value;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{TestApp, eventually, log, ok, read_reply};

const SPAN: &str = "00f067aa0ba902b7";

/// A header of a trace of its own, and the trace.
fn trace(number: u8) -> (String, String) {
    let id = format!("4bf92f3577b34da6a3ce929d0e0e47{number:02x}");
    (format!("00-{id}-{SPAN}-01"), id)
}

async fn one_line(trace_id: &str) -> Value {
    eventually("it is logged", || log::lines("trace_id", trace_id).len() == 1).await;
    log::lines("trace_id", trace_id).remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_says_whose_request_it_was_in_which_trace_and_how_it_went() {
    log::begin();
    let app = TestApp::with(|settings, _| settings.requests_log = RequestsLog::All).await;
    let mut user = app.user("bob@example.org").await;
    let (header, id) = trace(1);
    let me = ok(user.send("GET", "/api/me", &[("traceparent", &header)], None).await, 200);
    let line = one_line(&id).await;
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["route"], "GET /api/me");
    assert_eq!(line["status"], 200);
    assert_eq!(line["outcome"], "answered");
    assert_eq!(line["code"], Value::Null);
    assert_eq!(line["user_id"], me.json()["user"]["id"]);
    assert_eq!(line["parent_span_id"], SPAN);
    assert_eq!(line["request_id"].as_str(), me.header("x-request-id"));
    assert!(line["wall_ms"].is_u64() && line["unexplained_ms"].is_u64(), "{line}");
    let (header, id) = trace(2);
    let sent = [("traceparent", header.as_str())];
    ok(app.client().send("GET", "/no/such/secret-looking-thing", &sent, None).await, 404);
    let line = one_line(&id).await;
    assert_eq!(line["route"], "GET (none)");
    assert_eq!(line["code"], "request.not_found");
    assert_eq!(line["user_id"], Value::Null);
    assert!(!line.to_string().contains("secret-looking"), "{line}");
}

/// A request whose body does not arrive, answered at its deadline.
async fn past_its_deadline(app: &TestApp, traceparent: &str) {
    let mut stream = TcpStream::connect(app.addr).await.expect("a connection");
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         traceparent: {traceparent}\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    assert_eq!(read_reply(&mut stream, false).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_slow_or_failed_has_a_line_unless_all_are_wanted() {
    log::begin();
    for (number, wanted, slow_ms, levels) in [
        (10, RequestsLog::Notable, 1_000_000, vec!["WARN"]),
        (20, RequestsLog::All, 1_000_000, vec!["INFO", "INFO", "WARN"]),
        (30, RequestsLog::None, 0, vec![]),
        (40, RequestsLog::Notable, 0, vec!["WARN", "WARN", "WARN"]),
    ] {
        let app = TestApp::with(|settings, _| {
            settings.requests_log = wanted;
            settings.limits.slow_request_ms = slow_ms;
            settings.limits.request_deadline_ms = 300;
        })
        .await;
        // An ordinary answer; readiness that says no, which is no failure; and a failure.
        let mut seen = Vec::new();
        for (offset, path, status) in [(1, "/livez", 200), (2, "/readyz", 503)] {
            let (header, id) = trace(number + offset);
            let sent = [("traceparent", header.as_str())];
            ok(app.client().send("GET", path, &sent, None).await, status);
            seen.push(id);
        }
        let (header, id) = trace(number + 3);
        past_its_deadline(&app, &header).await;
        seen.push(id);
        eventually("all are recorded", || app.observer.requests().len() == 3).await;
        // The line is written right after the record, on the same thread; the stop waits for it.
        app.stop().await;
        let lines = seen.iter().flat_map(|id| log::lines("trace_id", id));
        let found: Vec<String> =
            lines.filter_map(|line| line["level"].as_str().map(str::to_owned)).collect();
        assert_eq!(found, levels, "{wanted:?} {slow_ms}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_is_not_valid_harms_nothing_and_is_not_logged() {
    log::begin();
    let app = TestApp::with(|settings, _| settings.requests_log = RequestsLog::All).await;
    let zeros = format!("00-{}-{SPAN}-01", "0".repeat(32));
    for header in
        [zeros.as_str(), "00-junk", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]
    {
        let sent = [("traceparent", header)];
        let reply =
            ok(app.client().send("GET", "/problems/auth.not_admin", &sent, None).await, 200);
        // Applications of other tests may give the same names: their entropy is the same.
        let name = reply.header("x-request-id").expect("a name").to_owned();
        let line = || {
            let named = log::lines("request_id", &name).into_iter();
            named.filter(|line| line["route"] == "GET /problems/{code}").collect::<Vec<_>>()
        };
        eventually("it is logged", || line().len() == 1).await;
        assert_eq!(line()[0]["trace_id"], Value::Null, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_say_whose_request_it_was() {
    let app = TestApp::start().await;
    let mut user = app.user("bob@example.org").await;
    let me = ok(user.get("/api/me").await, 200).json();
    ok(app.client().get("/api/me").await, 401);
    eventually("both are recorded", || app.records("/api/me").len() == 2).await;
    // Which of the two answers was flushed first is nobody's affair.
    let mut users: Vec<Option<String>> =
        app.records("/api/me").iter().map(|r| r.user_id.map(|id| id.to_string())).collect();
    users.sort();
    assert_eq!(users, [None, me["user"]["id"].as_str().map(str::to_owned)]);
}
