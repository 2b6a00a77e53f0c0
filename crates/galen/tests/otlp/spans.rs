//! Which requests become spans, and what a collector is told of them.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Exporting;
use super::house::{Reply, Server};

const SPAN: &str = "00f067aa0ba902b7";

fn trace(number: u8, flags: &str) -> (String, String) {
    let id = format!("4bf92f3577b34da6a3ce929d0e0e47{number:02x}");
    (format!("00-{id}-{SPAN}-{flags}"), id)
}

fn get(server: &Server<'_>, path: &str, traceparent: &str) -> Reply {
    server.ask("GET", path, &[("traceparent", traceparent)], "")
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let lines = reply.head.lines().filter_map(|line| line.split_once(':'));
    let mut named = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim())
}

#[test]
fn a_request_is_a_span_below_its_client_s_with_what_the_conventions_want() {
    let export = Exporting::new("otlp_sample = 1.0");
    export.house.add_admin("admin@example.org");
    let (server, collector) = (export.serve(), export.collector(&[]));
    let cookie = server.login("admin@example.org").cookie().expect("a cookie");
    let (header_text, id) = trace(1, "01");
    let sent = [("traceparent", header_text.as_str()), ("Cookie", cookie.as_str())];
    assert_eq!(server.ask("GET", "/api/me", &sent, "").status, 200);
    let me = collector.wait_for("the span", |c| c.named("GET /api/me").pop());
    assert_eq!((&me["trace_id"], &me["parent_span_id"]), (&json!(id), &json!(SPAN)));
    assert_eq!((&me["kind"], &me["flags"]), (&json!("SPAN_KIND_SERVER"), &json!(0x301)));
    assert_eq!(me["status"], "STATUS_CODE_UNSET");
    let of = &me["attributes"];
    assert_eq!(of["http.request.method"], "GET");
    assert_eq!(of["http.route"], "/api/me");
    assert_eq!(
        (&of["http.response.status_code"], &of["url.scheme"]),
        (&json!(200), &json!("http"))
    );
    assert!(of["galen.unexplained_ms"].is_f64() && of["galen.phase.handler_ms"].is_f64(), "{me}");
    assert_eq!(me["resource"]["service.name"], "galen");
    let took_ns =
        me["end_ns"].as_u64().zip(me["start_ns"].as_u64()).map(|(end, start)| end - start);
    assert!(took_ns.is_some_and(|ns| ns > 0), "{me}");
    // Whose it was, and what exactly was asked, stays here.
    let text = me.to_string();
    assert!(!text.contains("admin@") && of["url.path"] == Value::Null, "{text}");
}

#[test]
fn a_fresh_trace_is_called_as_its_request_is_and_a_client_s_own_error_is_no_error() {
    let export = Exporting::new("otlp_sample = 1.0");
    let (server, collector) = (export.serve(), export.collector(&[]));
    let reply = server.get("/api/me");
    let request_id = header(&reply, "x-request-id").expect("a name");
    let span = collector.wait_for("the span", |c| c.named("GET /api/me").pop());
    assert_eq!(span["trace_id"], request_id.replace('-', ""));
    assert_eq!((&span["parent_span_id"], &span["flags"]), (&json!(""), &json!(0x101)));
    let of = &span["attributes"];
    assert_eq!(of["galen.request_id"], request_id);
    assert_eq!(of["http.response.status_code"], 401);
    assert!(of["galen.code"].is_string() && of["error.type"].is_null(), "{span}");
    assert_eq!(span["status"], "STATUS_CODE_UNSET");
}

#[test]
fn the_client_s_flag_decides_for_its_trace_and_the_share_for_fresh_ones() {
    let export = Exporting::new("otlp_sample = 0.0\nslow = \"10m\"");
    let (server, collector) = (export.serve(), export.collector(&[]));
    for number in 0..20 {
        assert_eq!(server.get("/api/auth/csrf").status, 200);
        let flags = if number % 2 == 0 { "00" } else { "01" };
        assert_eq!(get(&server, "/api/auth/csrf", &trace(number, flags).0).status, 200);
    }
    let spans = collector.wait_for("ten spans", |c| {
        Some(c.named("GET /api/auth/csrf")).filter(|spans| spans.len() >= 10)
    });
    let mut seen: Vec<_> = spans.iter().filter_map(|span| span["trace_id"].as_str()).collect();
    seen.sort_unstable();
    let wanted: Vec<String> = (0..20).filter(|n| n % 2 == 1).map(|n| trace(n, "").1).collect();
    assert_eq!(seen, wanted);
}

#[test]
fn what_is_slow_is_exported_whatever_the_share() {
    let export = Exporting::new("otlp_sample = 0.0\nslow = \"1ms\"");
    export.house.add_admin("admin@example.org");
    let (server, collector) = (export.serve(), export.collector(&[]));
    // A password is hashed for it, which takes longer than that on every machine.
    assert_eq!(server.login("admin@example.org").status, 200);
    let span = collector.wait_for("the span", |c| c.named("POST /api/auth/login").pop());
    assert!(
        span["attributes"]["galen.phase.hash_ms"].as_f64().is_some_and(|ms| ms >= 1.0),
        "{span}"
    );
}

#[test]
fn a_stop_exports_what_is_left() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_every = \"10m\"");
    let collector = export.collector(&[]);
    let mut server = export.serve();
    for _ in 0..700 {
        assert_eq!(server.get("/api/auth/csrf").status, 200);
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0, "{}", server.log());
    assert_eq!(collector.named("GET /api/auth/csrf").len(), 700);
    assert_eq!(collector.metrics().len(), 1, "the metrics of the end");
}

#[test]
fn a_log_line_leads_to_the_trace_and_the_trace_to_its_lines() {
    let export = Exporting::new("otlp_sample = 1.0");
    export.house.write(
        "otlp.toml",
        &(std::fs::read_to_string(export.house.file("otlp.toml")).expect("it is there")
            + "[log]\nrequests = \"all\"\n"),
    );
    let server = export.serve();
    let (of_client, id) = trace(7, "01");
    assert_eq!(get(&server, "/api/auth/csrf", &of_client).status, 200);
    let own =
        header(&server.get("/api/auth/csrf"), "x-request-id").expect("a name").replace('-', "");
    for trace in [id, own] {
        let ran = export.house.run(&["logs", "--trace", &trace, "--json"]);
        let lines: Vec<Value> =
            ran.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let [line] = lines.as_slice() else { panic!("{trace}: {ran:?}") };
        assert_eq!(
            (&line["trace_id"], &line["route"]),
            (&json!(trace), &json!("GET /api/auth/csrf"))
        );
    }
}
