//! Collectors that are away, busy, picky or silent, and files that give nothing away.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::json;

use super::Exporting;
use super::house::Server;

/// What `/metrics` says of spans that came to this.
fn spans(export: &Exporting, outcome: &str) -> u64 {
    let series = format!("galen_otlp_spans_total{{outcome=\"{outcome}\"}} ");
    let text = export.exposition();
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value.map_or(0, |value| value.parse().expect("a number"))
}

fn ask_often(server: &Server<'_>, times: usize) {
    for _ in 0..times {
        assert_eq!(server.get("/api/auth/csrf").status, 200);
    }
}

#[test]
fn spans_wait_for_a_collector_that_is_away_and_the_log_says_so_once() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_every = \"10m\"");
    let mut server = export.serve();
    ask_often(&server, 50);
    server.wait_for("the log to say it", |server| {
        server.log().contains("the collector does not take").then_some(())
    });
    ask_often(&server, 50);
    let collector = export.collector(&[]);
    collector
        .wait_for("all of them", |c| (c.named("GET /api/auth/csrf").len() == 100).then_some(()));
    server.wait_for("the log to say it is over", |server| {
        server.log().contains("takes what is exported again").then_some(())
    });
    assert_eq!(server.log().matches("the collector does not take").count(), 1, "{}", server.log());
    assert_eq!(spans(&export, "dropped"), 0);
}

#[test]
fn a_busy_collector_is_asked_again_and_gets_everything_once() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_every = \"10m\"");
    let (server, collector) = (export.serve(), export.collector(&["busy=2"]));
    ask_often(&server, 30);
    collector
        .wait_for("all of them", |c| (c.named("GET /api/auth/csrf").len() >= 30).then_some(()));
    assert_eq!(collector.named("GET /api/auth/csrf").len(), 30);
}

#[test]
fn what_a_collector_rejects_or_refuses_is_counted() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_every = \"10m\"");
    let (mut server, collector) = (export.serve(), export.collector(&["reject=1"]));
    ask_often(&server, 10);
    collector
        .wait_for("all of them", |c| (c.named("GET /api/auth/csrf").len() == 10).then_some(()));
    server.wait_for("the count", |_| (spans(&export, "rejected") == 1).then_some(()));
    assert!(spans(&export, "exported") >= 9);

    let export = Exporting::to("/nowhere", "otlp_sample = 1.0\notlp_every = \"10m\"");
    let (mut server, _collector) = (export.serve(), export.collector(&[]));
    ask_often(&server, 10);
    server.wait_for("the count", |_| (spans(&export, "dropped") >= 10).then_some(()));
    assert!(server.log().contains("status_404"), "{}", server.log());
}

#[test]
fn a_collector_that_says_nothing_holds_no_request_and_no_stop_up() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_every = \"1s\"");
    let silent = std::net::TcpListener::bind(("127.0.0.1", export.port)).expect("its port");
    let mut server = export.serve();
    ask_often(&server, 50);
    let (connection, _) = silent.accept().expect("it is asked");
    ask_often(&server, 50);
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0, "{}", server.log());
    assert!(server.log().contains("what was left to export is lost"), "{}", server.log());
    drop(connection);
}

#[test]
fn the_collector_learns_who_we_are_and_the_log_does_not_say_how() {
    let export = Exporting::new("otlp_sample = 1.0\notlp_headers_file = \"otlp.headers\"");
    export.house.write("otlp.headers", "# the collector's\nAuthorization: Bearer k7Xq-canary\n");
    let open = export.house.run(&["serve", "--listen", "127.0.0.1:0", "--config", "otlp.toml"]);
    assert_eq!(open.code, 78, "{open:?}");
    assert!(open.stderr.contains("chmod 600"), "{open:?}");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(export.house.file("otlp.headers"), private).expect("it is ours");
    let (server, collector) = (export.serve(), export.collector(&[]));
    ask_often(&server, 1);
    let message = collector.wait_for("a message", |c| c.messages().pop());
    let headers = &message["headers"];
    assert_eq!(headers["authorization"], "Bearer k7Xq-canary");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["traceparent"], json!(null), "the export is no part of a trace");
    let shown = export.house.run(&["config", "show", "--config", "otlp.toml"]);
    let said = format!("{}{}{}", server.log(), shown.stdout, shown.stderr);
    assert!(!said.contains("k7Xq-canary"), "{said}");
}

#[test]
fn an_export_that_cannot_be_is_refused_at_the_start() {
    for (more, part) in [
        ("otlp_headers_file = \"missing.headers\"", "cannot be read"),
        ("otlp_sample = 2", "from 0 to 1"),
        ("otlp_samples = 1", "otlp_sample"),
    ] {
        let export = Exporting::new(more);
        let ran = export.house.run(&["serve", "--listen", "127.0.0.1:0", "--config", "otlp.toml"]);
        assert_eq!(ran.code, 78, "{ran:?}");
        assert!(ran.stderr.contains(part), "{ran:?}");
    }
}
