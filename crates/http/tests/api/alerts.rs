//! Rules and silences: changed by admins, kept, told to the monitor at once, and audited.

use galen_core::Code;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, ok};

const RULES: &str = "/api/admin/alerts/rules";
const SILENCES: &str = "/api/admin/alerts/silences";

async fn rule(admin: &mut Client, code: &str) -> Value {
    let rules = ok(admin.get(RULES).await, 200).json();
    let rules = rules["rules"].as_array().expect("rules").clone();
    rules.into_iter().find(|rule| rule["code"] == code).expect("the rule")
}

async fn audited(admin: &mut Client, code: &str) -> usize {
    let trail = ok(admin.get(&format!("/api/admin/audit?code={code}")).await, 200).json();
    trail["items"].as_array().expect("items").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_previewed_changed_and_reset() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let before = rule(&mut admin, "pool_use").await;
    assert_eq!((&before["changed"], &before["threshold"]), (&json!(false), &json!(0.8)));
    let path = format!("{RULES}/pool_use");
    let change = json!({"threshold": 0.5, "pending_s": 30});
    let preview = ok(admin.post(&format!("{path}/preview"), change.clone()).await, 200).json();
    assert_eq!(preview["times"], 0);
    assert_eq!(rule(&mut admin, "pool_use").await, before, "a preview changes nothing");
    let changed = ok(admin.send("PUT", &path, &[], Some(change)).await, 200).json();
    assert_eq!(changed["threshold"], 0.5);
    assert_eq!(changed["pending_s"], 30);
    assert_eq!(changed["changed"], true);
    assert_eq!(rule(&mut admin, "pool_use").await, changed);
    ok(admin.delete(&path).await, 204);
    assert_eq!(rule(&mut admin, "pool_use").await, before);
    assert_eq!(ok(admin.delete(&path).await, 404).code(), "request.not_found");
    assert_eq!(audited(&mut admin, "alert.rule_changed").await, 1);
    assert_eq!(audited(&mut admin, "alert.rule_reset").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_changed_for_one_route_alone() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let path = format!("{RULES}/response_slow");
    let change = json!({"object": "GET /api/me", "enabled": false});
    let changed = ok(admin.send("PUT", &path, &[], Some(change)).await, 200).json();
    assert_eq!(changed["overrides"][0]["object"], "GET /api/me");
    assert_eq!(changed["overrides"][0]["enabled"], false);
    assert_eq!(changed["enabled"], true, "{changed}");
    ok(admin.delete(&path).await, 404);
    ok(admin.delete(&format!("{path}?object=GET%20/api/me")).await, 204);
    assert_eq!(rule(&mut admin, "response_slow").await["overrides"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_makes_no_sense_is_refused_and_not_kept() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    for (code, body) in [
        ("no_such_rule", json!({"threshold": 1.0})),
        ("pool_use", json!({"threshold": "much"})),
        ("pool_use", json!({"rule": "pool_use"})),
        ("pool_use", json!({"pending_s": -1})),
        ("pool_use", json!({"object": "GET /api/me"})),
        ("response_slow", json!({"object": "a\nb"})),
        ("response_slow", json!({"object": "x".repeat(301)})),
    ] {
        for (method, end) in [("PUT", ""), ("POST", "/preview")] {
            let path = format!("{RULES}/{code}{end}");
            let reply = admin.send(method, &path, &[], Some(body.clone())).await;
            assert!(matches!(reply.status, 404 | 422), "{body}: {}", reply.text());
        }
    }
    assert_eq!(audited(&mut admin, "alert.rule_changed").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_has_a_reason_and_an_end_and_can_be_ended_before() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let me = ok(admin.get("/api/me").await, 200).json();
    let form = json!({"matches": " writer_lock ", "reason": "restoring", "for_s": 3600});
    let set = ok(admin.post(SILENCES, form).await, 201).json();
    assert_eq!(set["matches"], "writer_lock");
    assert_eq!(set["created_by"], me["user"]["id"]);
    assert_eq!(set["created_at"], "2026-11-23T00:00:00.000Z");
    assert_eq!(set["ends_at"], "2026-11-23T01:00:00.000Z");
    let ends_at = "2026-11-23T02:30:00+02:00";
    let other = json!({"matches": "*", "reason": "moving", "ends_at": ends_at});
    let other = ok(admin.post(SILENCES, other).await, 201).json();
    assert_eq!(other["ends_at"], "2026-11-23T00:30:00.000Z");
    let listed = ok(admin.get(SILENCES).await, 200).json();
    assert_eq!(listed["silences"], json!([other, set]), "those that end first first");
    let path = format!("{SILENCES}/{}", set["id"].as_str().expect("an id"));
    ok(admin.delete(&path).await, 204);
    ok(admin.delete(&path).await, 404);
    app.clock.pass_ms(30 * 60_000);
    assert_eq!(ok(admin.get(SILENCES).await, 200).json()["silences"], json!([]), "it has ended");
    assert_eq!(audited(&mut admin, "alert.silenced").await, 2);
    assert_eq!(audited(&mut admin, "alert.silence_ended").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_without_reason_or_end_or_for_ever_is_refused() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let form = |change: Value| {
        let mut form = json!({"matches": "*", "reason": "a test", "for_s": 60});
        let fields = form.as_object_mut().expect("an object");
        for (key, value) in change.as_object().expect("an object") {
            if value.is_null() {
                fields.remove(key);
            } else {
                fields.insert(key.clone(), value.clone());
            }
        }
        form
    };
    for (change, pointer, code) in [
        (json!({"reason": ""}), "/reason", Code::FieldLength),
        (json!({"reason": "  "}), "/reason", Code::FieldLength),
        (json!({"reason": null}), "/reason", Code::FieldRequired),
        (json!({"reason": "x".repeat(501)}), "/reason", Code::FieldLength),
        (json!({"reason": "a\u{1b}[31m"}), "/reason", Code::FieldFormat),
        (json!({"matches": ""}), "/matches", Code::FieldLength),
        (json!({"for_s": null}), "/ends_at", Code::FieldRequired),
        (json!({"ends_at": "2026-11-23T01:00:00Z"}), "/ends_at", Code::FieldRequired),
        (json!({"for_s": 0}), "/for_s", Code::FieldRange),
        (json!({"for_s": 30 * 86_400 + 1}), "/for_s", Code::FieldRange),
        (json!({"for_s": -1}), "/for_s", Code::FieldType),
        (json!({"for_s": null, "ends_at": "soon"}), "/ends_at", Code::FieldType),
        (json!({"for_s": null, "ends_at": "2026-11-23T00:00:00Z"}), "/ends_at", Code::FieldRange),
        (json!({"for_s": null, "ends_at": "2026-12-24T00:00:00Z"}), "/ends_at", Code::FieldRange),
        (json!({"for_ever": true}), "/for_ever", Code::FieldUnknown),
    ] {
        let reply = ok(admin.post(SILENCES, form(change.clone())).await, 422);
        let expected = vec![(pointer.to_owned(), code.text().to_owned())];
        assert_eq!(reply.errors(), expected, "{change}");
    }
    ok(admin.post(SILENCES, form(json!({"for_s": 30 * 86_400}))).await, 201);
    assert_eq!(audited(&mut admin, "alert.silenced").await, 1);
}
