//! What admins may ask of the monitor, and nobody else.

use galen_core::{
    Clock, Code, Health, LogLevel, LogLine, Resource, ResourceHolder, ResourceState, UnixMs,
};
use galen_monitor::Situation;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, eventually, ok};

/// Reads for admins, with parameters that are right.
const READS: [&str; 15] = [
    "/api/admin/monitor/health",
    "/api/admin/monitor/metrics",
    "/api/admin/monitor/series?metric=http_request_ns&compare=previous",
    "/api/admin/monitor/top?metric=query_ns&by=p95&limit=5",
    "/api/admin/monitor/errors?from=2026-11-22T23:00:00Z&until=2026-11-23T00:00:00Z",
    "/api/admin/monitor/causes",
    "/api/admin/monitor/slowest",
    "/api/admin/monitor/annotations",
    "/api/admin/monitor/history",
    "/api/admin/logs?level=warn&route=/api/me&text=slow&limit=10",
    "/api/admin/alerts",
    "/api/admin/alerts/past?limit=3",
    "/api/admin/alerts/rules",
    "/api/admin/alerts/silences",
    "/api/admin/checks",
];

/// Acts for admins, with bodies that are right.
fn acts() -> [(&'static str, &'static str, Option<Value>); 6] {
    let silence = json!({"matches": "*", "reason": "a test", "for_s": 60});
    let unknown = "/api/admin/alerts/silences/0190163d-8694-739b-8d4a-5b3f4b1c2d3e";
    [
        ("PUT", "/api/admin/alerts/rules/pool_use", Some(json!({"threshold": 0.9}))),
        ("POST", "/api/admin/alerts/rules/pool_use/preview", Some(json!({"threshold": 0.9}))),
        ("DELETE", "/api/admin/alerts/rules/pool_use", None),
        ("POST", "/api/admin/alerts/silences", Some(silence)),
        ("DELETE", unknown, None),
        ("POST", "/api/admin/pool/recycle", None),
    ]
}

async fn each(client: &mut Client, status: u16, code: &str) {
    for path in READS {
        let reply = ok(client.get(path).await, status);
        assert_eq!(reply.code(), code, "{path}");
    }
    for (method, path, body) in acts() {
        let reply = ok(client.send(method, path, &[], body).await, status);
        assert_eq!(reply.code(), code, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_admin_learns_what_the_monitor_knows() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    each(&mut app.client(), 401, "auth.not_signed_in").await;
    each(&mut bob, 403, "auth.not_admin").await;
    for path in READS {
        let reply = ok(admin.get(path).await, 200);
        assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store, private"), "{path}");
        assert!(reply.json().is_object(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_on_the_monitor_want_the_token_against_forged_requests() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    admin.csrf = None;
    for (method, path, body) in acts() {
        let reply = ok(admin.send(method, path, &[], body).await, 403);
        assert_eq!(reply.code(), "csrf.token_missing", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_parameter_is_named() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let wrong = |name: &str, code: Code| vec![(name.to_owned(), code.text().to_owned())];
    let series = "/api/admin/monitor/series?metric=ready";
    for (path, expected) in [
        ("/api/admin/monitor/series".to_owned(), wrong("metric", Code::FieldRequired)),
        ("/api/admin/monitor/series?metric=x".to_owned(), wrong("metric", Code::FieldRange)),
        ("/api/admin/monitor/top".to_owned(), wrong("metric", Code::FieldRequired)),
        (format!("{series}&from=yesterday"), wrong("from", Code::FieldType)),
        (format!("{series}&from=2026-02-30T00:00:00Z"), wrong("from", Code::FieldType)),
        (format!("{series}&from=5&until=5"), wrong("until", Code::FieldRange)),
        (format!("{series}&from=0"), wrong("from", Code::FieldRange)),
        (format!("{series}&step_ms=0"), wrong("step_ms", Code::FieldRange)),
        (format!("{series}&step_ms=1s"), wrong("step_ms", Code::FieldType)),
        (format!("{series}&compare=next"), wrong("compare", Code::FieldType)),
        (format!("{series}&object="), wrong("object", Code::FieldLength)),
        (format!("{series}&object=a%0ab"), wrong("object", Code::FieldFormat)),
        (format!("{series}&metric=ready"), wrong("metric", Code::FieldType)),
        (format!("{series}&sql=1"), wrong("sql", Code::FieldUnknown)),
        ("/api/admin/monitor/top?metric=ready&by=name".to_owned(), wrong("by", Code::FieldType)),
        (
            "/api/admin/monitor/top?metric=ready&limit=0".to_owned(),
            wrong("limit", Code::FieldRange),
        ),
        ("/api/admin/monitor/errors?until=x".to_owned(), wrong("until", Code::FieldType)),
        ("/api/admin/monitor/causes?metric=ready".to_owned(), wrong("metric", Code::FieldUnknown)),
        ("/api/admin/monitor/annotations?from=x".to_owned(), wrong("from", Code::FieldType)),
        ("/api/admin/logs?level=loud".to_owned(), wrong("level", Code::FieldType)),
        ("/api/admin/logs?user_id=bob".to_owned(), wrong("user_id", Code::FieldType)),
        ("/api/admin/logs?request_id=1".to_owned(), wrong("request_id", Code::FieldType)),
        ("/api/admin/logs?limit=501".to_owned(), wrong("limit", Code::FieldRange)),
        ("/api/admin/logs?before=1&after=2".to_owned(), wrong("after", Code::FieldRange)),
        ("/api/admin/logs?from=6&until=5".to_owned(), wrong("until", Code::FieldRange)),
        (format!("/api/admin/logs?text={}", "x".repeat(201)), wrong("text", Code::FieldLength)),
        ("/api/admin/alerts/past?before=1".to_owned(), wrong("before", Code::FieldType)),
        ("/api/admin/users?role=king".to_owned(), wrong("role", Code::FieldType)),
    ] {
        assert_eq!(ok(admin.get(&path).await, 422).errors(), expected, "{path}");
    }
    let two = ok(admin.get("/api/admin/monitor/top?metric=x&by=y").await, 422);
    assert_eq!(two.errors().len(), 2, "all at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_see_which_resource_is_held_and_by_whom_and_nobody_else_does() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let holder = ResourceHolder { pid: 4711, command: "sqlite3 dev.db".to_owned() };
    app.app.note_health(Health {
        ready: false,
        code: Some("server.database_busy".to_owned()),
        since: UnixMs(0),
        checked_at: UnixMs(250),
        resources: vec![ResourceState {
            resource: Resource::WriterLock,
            code: Some("server.database_busy".to_owned()),
            detail: "waited 0.40 s for the write lock".to_owned(),
            holder: Some(holder),
        }],
    });
    let health = ok(admin.get("/api/admin/monitor/health").await, 200).json();
    assert_eq!(
        health,
        json!({
            "ready": false,
            "code": "server.database_busy",
            "since": "1970-01-01T00:00:00.000Z",
            "checked_at": "1970-01-01T00:00:00.250Z",
            "resources": [{
                "resource": "writer_lock",
                "code": "server.database_busy",
                "detail": "waited 0.40 s for the write lock",
                "holder": {"pid": 4711, "command": "sqlite3 dev.db"},
            }],
            "alerts_firing": 0,
        })
    );
    let told = ok(app.client().get("/readyz").await, 503);
    assert_eq!(told.code(), "server.database_busy");
    for secret in ["4711", "sqlite3 dev.db", "0.40", "writer_lock"] {
        assert!(!told.text().contains(secret), "{secret} in {}", told.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_say_what_there_is() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let metrics = ok(admin.get("/api/admin/monitor/metrics").await, 200).json();
    let metrics = metrics["metrics"].as_array().expect("metrics");
    assert_eq!(metrics.len(), galen_monitor::Metric::ALL.len());
    assert_eq!(metrics[0]["name"], "http_request_ns");
    assert_eq!((&metrics[0]["unit"], &metrics[0]["kind"]), (&json!("ns"), &json!("histogram")));
    let checks = ok(admin.get("/api/admin/checks").await, 200).json();
    assert_eq!(checks["checks"][0]["name"], "livez");
    assert_eq!(checks["checks"][0]["total_ms"], 1.5);
    let history = ok(admin.get("/api/admin/monitor/history").await, 200).json();
    assert_eq!(history["tiers"][2]["tier"], "hour");
    assert_eq!(history["recording"], true);
    let slow = ok(admin.get("/api/admin/monitor/slowest").await, 200).json();
    let slow = slow["requests"].as_array().expect("requests").clone();
    let login = slow.iter().find(|one| one["route"] == "/api/auth/login").expect("a sign-in");
    let phases = login["ledger"]["phases"].as_array().expect("phases");
    assert!(phases.iter().any(|phase| phase["phase"] == "hash"), "{login}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_and_logged_is_found_again() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    ok(admin.get("/api/me").await, 200);
    ok(app.client().get("/api/me").await, 401);
    eventually("both are recorded", || app.records("/api/me").len() == 2).await;
    app.monitor.log(LogLine {
        at: app.clock.now(),
        level: LogLevel::Warn,
        room: "galen_http".to_owned(),
        message: "slow or failed request".to_owned(),
        code: Some("server.deadline".to_owned()),
        route: Some("GET /api/me".to_owned()),
        status: Some(503),
        user_id: None,
        request_id: None,
        trace_id: None,
        fields: json!({"wall_ms": 40_000}).to_string(),
    });
    app.clock.pass_ms(10_000);
    app.monitor.tick(Situation::default()).await.expect("a tick");
    app.clock.pass_ms(10_000);
    let series = "/api/admin/monitor/series?metric=http_request_ns&compare=previous";
    let one = ok(admin.get(&format!("{series}&object=GET%20/api/me%20ok")).await, 200).json();
    assert_eq!(one["series"]["whole"]["count"], 1, "{one}");
    assert_eq!(one["series"]["unit"], "ns");
    assert!(one["series"]["steps"][0]["p95"].as_f64() > Some(0.0), "{one}");
    assert_eq!(one["series"]["from"], one["previous"]["until"]);
    assert_eq!(one["previous"]["steps"], json!([]));
    let top = ok(admin.get("/api/admin/monitor/top?metric=http_request_ns").await, 200).json();
    let objects: Vec<_> = top["rows"].as_array().expect("rows").iter().collect();
    assert!(objects.iter().any(|row| row["object"] == "GET /api/me client_error"), "{top}");
    let errors = ok(admin.get("/api/admin/monitor/errors").await, 200).json();
    assert_eq!(errors["errors"][0]["code"], "auth.not_signed_in");
    assert_eq!(errors["errors"][0]["route"], "GET /api/me");
    assert!(errors["errors"][0]["sample"]["ledger"]["wall_ns"].as_u64() > Some(0), "{errors}");
    for (search, found) in [
        ("", 1),
        ("level=warn&route=/api/me&code=server.deadline&text=SLOW", 1),
        ("level=error", 0),
        ("route=/api/auth/login", 0),
        ("from=2026-11-23T00:00:00Z&until=2026-11-23T00:00:01Z", 1),
        ("until=2026-11-23T00:00:00Z", 0),
    ] {
        let page = ok(admin.get(&format!("/api/admin/logs?{search}")).await, 200).json();
        let lines = page["lines"].as_array().expect("lines");
        assert_eq!(lines.len(), found, "{search}: {page}");
        assert!(lines.iter().all(|line| line["fields"]["wall_ms"] == 40_000), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recycling_the_readers_wants_a_fresh_authentication_and_is_audited() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let recycled = ok(admin.send("POST", "/api/admin/pool/recycle", &[], None).await, 200).json();
    let readers = app.store.pool().readers;
    assert_eq!(recycled["readers"], readers);
    assert!(readers > 0);
    ok(admin.get("/api/admin/users").await, 200);
    let audit = ok(admin.get("/api/admin/audit?code=pool.recycled").await, 200).json();
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(1));
    app.clock.pass_ms(16 * 60_000);
    let stale = ok(admin.send("POST", "/api/admin/pool/recycle", &[], None).await, 403);
    assert_eq!(stale.code(), "auth.fresh_needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_can_be_listed_by_role() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    app.user("bob@example.org").await;
    for (role, email) in [("admin", "ann@example.org"), ("user", "bob@example.org")] {
        let found = ok(admin.get(&format!("/api/admin/users?role={role}")).await, 200).json();
        let emails: Vec<_> = found["items"].as_array().expect("items").iter().collect();
        assert_eq!(emails.len(), 1, "{found}");
        assert_eq!(emails[0]["email"], email);
    }
}
