//! Examinations are begun, read, cancelled and followed by repairs: by admins, and what changes something
//! only by those who just gave their password; all of it is audited.

use serde_json::{Value, json};

use crate::support::examiner::{DONE, REPAIR};
use crate::support::{Client, TestApp, ok};

const EXAMINATIONS: &str = "/api/admin/examinations";

async fn audited(admin: &mut Client, code: &str) -> usize {
    let trail = ok(admin.get(&format!("/api/admin/audit?code={code}")).await, 200).json();
    trail["items"].as_array().expect("items").len()
}

async fn states(admin: &mut Client) -> Vec<Value> {
    let page = ok(admin.get(EXAMINATIONS).await, 200).json();
    page["items"].as_array().expect("items").iter().map(|one| one["state"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_examination_is_begun_once_told_in_the_trail_and_cancelled() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let begun = ok(admin.post(EXAMINATIONS, json!({})).await, 202).json();
    assert_eq!((&begun["target"], &begun["begun_by"]), (&json!("self"), &json!("admin")));
    let again = ok(admin.post(EXAMINATIONS, json!({"target": "self"})).await, 409);
    assert_eq!(again.code(), "examination.under_way");
    let unknown = ok(admin.post(EXAMINATIONS, json!({"target": "other"})).await, 404);
    assert_eq!(unknown.code(), "target.not_found");
    assert_eq!(audited(&mut admin, "examination.begun").await, 1);
    let path = format!("{EXAMINATIONS}/{}", begun["id"].as_str().expect("an id"));
    let waiting = ok(admin.get(&path).await, 200).json();
    assert_eq!((&waiting["examination"], &waiting["report"]), (&begun, &Value::Null));
    let report = ok(admin.get(&format!("{path}/report")).await, 404);
    assert_eq!(report.code(), "examination.no_report");
    ok(admin.post(&format!("{path}/cancel"), json!({})).await, 200);
    let over = ok(admin.post(&format!("{path}/cancel"), json!({})).await, 409);
    assert_eq!(over.code(), "examination.over");
    assert_eq!(audited(&mut admin, "examination.cancelled").await, 1);
    assert_eq!(states(&mut admin).await, ["cancelled", "done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_a_page_that_may_do_nothing_in_the_language_asked_for() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let path = format!("{EXAMINATIONS}/{DONE}");
    let whole = ok(admin.get(&path).await, 200).json();
    assert_eq!(whole["report"]["schema_version"], 2);
    let page = ok(admin.get(&format!("{path}/report?language=fa")).await, 200);
    assert!(page.text().contains("lang=\"fa\""), "{}", page.text());
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    let markdown = ok(admin.get(&format!("{path}/report?format=markdown")).await, 200);
    let name = markdown.header("content-disposition").expect("a name").to_owned();
    assert!(name.starts_with("attachment") && name.ends_with(".md\""), "{name}");
    ok(admin.get(&format!("{path}/report?format=pdf")).await, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_is_foretold_and_ordered_only_after_a_fresh_authentication() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let path = format!("{EXAMINATIONS}/{DONE}/repairs/{REPAIR}");
    let foretold = ok(admin.post(&path, json!({"dry_run": true})).await, 200).json();
    assert_eq!(foretold["would_change"], 7);
    let refused = format!("{EXAMINATIONS}/{DONE}/repairs/vacuum");
    let refused = ok(admin.post(&refused, json!({"dry_run": false})).await, 403);
    assert_eq!(refused.code(), "repair.not_here");
    assert_eq!(states(&mut admin).await, ["done"]);
    let begun = ok(admin.post(&path, json!({"dry_run": false})).await, 202).json();
    assert_eq!(begun["repair"]["repair"], REPAIR);
    assert_eq!(begun["repair"]["of"], DONE);
    assert_eq!(audited(&mut admin, "repair.ordered").await, 1);
    app.clock.pass_ms(16 * 60_000);
    let late = ok(admin.post(&path, json!({"dry_run": true})).await, 403);
    assert_eq!(late.code(), "auth.fresh_needed");
}
