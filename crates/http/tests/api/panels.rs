//! What the panels ask for beyond accounts: preferences, one's own log and export, the overview, the
//! configuration, the periodic work, and many accounts at once.

use serde_json::{Value, json};

use crate::support::{EMAIL, PASSWORD, TestApp, ok};

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_kept_with_the_account_and_what_is_left_out_is_as_before() {
    let app = TestApp::start().await;
    let mut here = app.user(EMAIL).await;
    let before = here.get("/api/me").await.json()["user"]["preferences"].clone();
    assert_eq!((&before["theme"], &before["language"]), (&json!("system"), &Value::Null));
    let wanted = json!({"language": "fa", "time_zone": "Asia/Tehran", "shortcuts": false});
    ok(here.patch("/api/me", json!({"preferences": wanted})).await, 200);
    let mut there = app.signed_in(EMAIL).await;
    let kept = there.get("/api/me").await.json();
    assert_eq!(kept["user"]["preferences"]["language"], "fa");
    assert_eq!(kept["user"]["preferences"]["shortcuts"], false);
    assert_eq!(kept["user"]["name"], "Ann", "the name was not said, and stays");
    ok(here.patch("/api/me", json!({"preferences": {"theme": "dark"}})).await, 200);
    let kept = here.get("/api/me").await.json();
    assert_eq!(kept["user"]["preferences"]["language"], Value::Null);
    let reply = here.patch("/api/me", json!({"preferences": {"time_zone": "../etc"}})).await;
    let wrong = [("/preferences/time_zone".to_owned(), "field.format".to_owned())];
    assert_eq!(ok(reply, 422).errors(), wrong);
    for odd in [json!({"theme": "pink"}), json!({"colour": "red"}), json!({"shortcuts": 1})] {
        ok(here.patch("/api/me", json!({"preferences": odd})).await, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_what_concerns_it_and_nothing_of_others() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    app.account("bob@example.org", galen_core::model::Role::User).await;
    app.clock.pass_ms(1);
    let mut bob = app.signed_in("bob@example.org").await;
    let id = bob.get("/api/me").await.json()["user"]["id"].clone();
    app.clock.pass_ms(1);
    ok(app.client().sign_in("bob@example.org", "not the password").await, 401);
    app.clock.pass_ms(1);
    let path = format!("/api/admin/users/{}", id.as_str().expect("an id"));
    ok(admin.patch(&path, json!({"name": "Robert"})).await, 200);
    let log = ok(bob.get("/api/me/security-log").await, 200).json();
    let items = log["items"].as_array().expect("entries");
    let codes: Vec<&str> = items.iter().filter_map(|item| item["code"].as_str()).collect();
    assert_eq!(codes, ["user.changed", "login.failed", "login.succeeded", "user.created"]);
    assert_eq!((&items[0]["by"], &items[0]["address"]), (&json!("other"), &Value::Null));
    assert_eq!((&items[1]["by"], &items[1]["address"]), (&json!("nobody"), &json!("127.0.0.1")));
    assert_eq!((&items[2]["by"], &items[2]["address"]), (&json!("self"), &json!("127.0.0.1")));
    let failed = ok(bob.get("/api/me/security-log?code=login.failed&limit=1").await, 200).json();
    assert_eq!(failed["items"].as_array().map(Vec::len), Some(1));
    let page = ok(bob.get("/api/me/security-log?limit=3").await, 200).json();
    let next = page["next"].as_str().expect("there is one more");
    let rest = ok(bob.get(&format!("/api/me/security-log?after={next}")).await, 200).json();
    assert_eq!(rest["items"][0]["code"], "user.created");
    let odd = bob.get("/api/me/security-log?actor=x").await;
    assert_eq!(ok(odd, 422).errors(), [("actor".to_owned(), "field.unknown".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_all_that_is_kept_and_stands_in_the_log() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    app.clock.pass_ms(1);
    let reply = ok(bob.get("/api/me/export").await, 200);
    assert!(reply.header("content-disposition").expect("a name").contains("attachment"));
    let export = reply.json();
    assert_eq!(export["account"]["email"], "bob@example.org");
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["devices"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["security_log"][0]["code"], "user.data_exported");
    let kept: Vec<&str> = export["kept"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|k| k["what"].as_str())
        .collect();
    assert!(kept.iter().all(|what| !export[*what].is_null()), "{kept:?}");
    assert!(!reply.text().contains("argon2"), "no hash of a password");
    app.clock.pass_ms(16 * 60_000);
    assert_eq!(ok(bob.get("/api/me/export").await, 403).code(), "auth.fresh_needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_what_is_said_of_them() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    for name in ["bob", "cat"] {
        app.clock.pass_ms(1);
        app.account(&format!("{name}@example.org"), galen_core::model::Role::User).await;
    }
    let all = ok(admin.get("/api/admin/users").await, 200).json();
    assert_eq!(all["total"], 3);
    let cat = all["items"][0]["id"].as_str().expect("an id").to_owned();
    ok(admin.patch(&format!("/api/admin/users/{cat}"), json!({"status": "disabled"})).await, 200);
    let found = ok(admin.get("/api/admin/users?status=disabled").await, 200).json();
    assert_eq!(found["items"][0]["email"], "cat@example.org");
    assert_eq!((&found["total"], found["items"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    let seen = ok(admin.get("/api/admin/users?seen_from=0").await, 200).json();
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(3), "nobody signed in before 1970");
    let none = ok(admin.get("/api/admin/users?verified=true&role=admin").await, 200).json();
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0));
    ok(admin.get("/api/admin/users?status=asleep").await, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_thing_is_done_to_many_accounts_and_what_was_refused_is_named() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let me = admin.get("/api/me").await.json()["user"]["id"].clone();
    let mut bob = app.user("bob@example.org").await;
    let id = bob.get("/api/me").await.json()["user"]["id"].clone();
    let nobody = "0190163d-8694-739b-8d4a-5b3f4b1c2d3e";
    let form = json!({"ids": [id, me, nobody], "action": "disable"});
    let done = ok(admin.post("/api/admin/users/bulk", form).await, 200).json();
    assert_eq!(done["done"], 1);
    let codes: Vec<&Value> =
        done["items"].as_array().expect("a list").iter().map(|i| &i["code"]).collect();
    assert_eq!(codes, [&Value::Null, &json!("user.own_account"), &json!("user.not_found")]);
    ok(bob.get("/api/me").await, 401);
    ok(admin.post("/api/admin/users/bulk", json!({"ids": [], "action": "enable"})).await, 422);
    ok(admin.post("/api/admin/users/bulk", json!({"ids": [id], "action": "enable"})).await, 200);
    app.signed_in("bob@example.org").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_sessions_end_and_the_admins_goes_on_unless_it_is_said() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let mut cat = app.user("cat@example.org").await;
    let id = bob.get("/api/me").await.json()["user"]["id"].clone();
    let reply = admin.post("/api/admin/sessions/end", json!({"user_id": id})).await;
    assert_eq!(ok(reply, 200).json(), json!({"ended": 1}));
    ok(bob.get("/api/me").await, 401);
    let here = "/api/admin/sessions?address=127.0.0.1";
    assert_eq!(ok(admin.get(here).await, 200).json()["items"].as_array().map(Vec::len), Some(2));
    let reply = admin.post("/api/admin/sessions/end", json!({"address": "203.0.113.5"})).await;
    assert_eq!(ok(reply, 200).json(), json!({"ended": 0}));
    ok(cat.get("/api/me").await, 200);
    let reply = admin.post("/api/admin/sessions/end", json!({"everybody": true})).await;
    assert_eq!(ok(reply, 200).json(), json!({"ended": 1}));
    ok(cat.get("/api/me").await, 401);
    ok(admin.get("/api/me").await, 200);
    ok(admin.post("/api/admin/sessions/end", json!({})).await, 422);
    let both = json!({"everybody": true, "user_id": id});
    ok(admin.post("/api/admin/sessions/end", both).await, 422);
    let form = json!({"everybody": true, "own_too": true});
    assert_eq!(ok(admin.post("/api/admin/sessions/end", form).await, 200).json()["ended"], 1);
    ok(admin.get("/api/me").await, 401);
    ok(app.client().sign_in(EMAIL, PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_an_admin_are_whole_and_stand_in_the_trail() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    app.clock.pass_ms(1);
    let form =
        json!({"email": "bob@example.org", "name": "=HYPERLINK(\"x\")", "password": PASSWORD});
    ok(admin.post("/api/admin/users", form).await, 201);
    let csv = ok(admin.get("/api/admin/users/export").await, 200);
    let lines: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("id,email,name,role"));
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"x\"\")\",user,active,"), "{}", lines[1]);
    app.clock.pass_ms(1);
    let one = ok(admin.get("/api/admin/users/export?limit=1").await, 200);
    assert!(one.header("link").expect("there is more").contains("rel=\"next\""));
    let trail = ok(admin.get("/api/admin/audit/export?code=user.exported").await, 200);
    assert_eq!(trail.text().lines().count(), 2);
    let first: Value =
        serde_json::from_str(trail.text().lines().next().expect("one")).expect("JSON");
    assert_eq!(first["params"]["rows"], 1);
    let said = ok(admin.get("/api/admin/audit?code=audit.exported").await, 200).json();
    assert_eq!(said["items"][0]["params"]["rows"], 2);
    app.clock.pass_ms(16 * 60_000);
    for path in ["/api/admin/users/export", "/api/admin/audit/export"] {
        assert_eq!(ok(admin.get(path).await, 403).code(), "auth.fresh_needed", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_the_configuration_and_the_periodic_work_are_an_admins() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let overview = ok(admin.get("/api/admin/overview").await, 200).json();
    assert_eq!((&overview["users"], &overview["sessions_active"]), (&json!(1), &json!(1)));
    let settings = ok(admin.get("/api/admin/settings").await, 200).json();
    assert_eq!(settings["sections"][0]["keys"][0]["origin"], "default");
    let jobs = ok(admin.get("/api/admin/jobs").await, 200).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(2));
    let run = |name: &str| format!("/api/admin/jobs/{name}/run");
    let ran = ok(admin.post(&run("rows.sweep"), json!({})).await, 200).json();
    assert_eq!(ran["did"], json!({"ran": "rows.sweep"}));
    assert_eq!(
        ok(admin.post(&run("monitor.tick"), json!({})).await, 409).code(),
        "job.not_by_hand"
    );
    assert_eq!(ok(admin.post(&run("no.such"), json!({})).await, 404).code(), "job.not_found");
    let said = ok(admin.get("/api/admin/audit?code=job.run").await, 200).json();
    assert_eq!(said["items"][0]["params"]["job"], "rows.sweep");
    let mut bob = app.user("bob@example.org").await;
    for path in ["overview", "settings", "jobs", "users/export", "audit/export"] {
        let reply = bob.get(&format!("/api/admin/{path}")).await;
        assert_eq!(ok(reply, 403).code(), "auth.not_admin", "{path}");
    }
    for path in ["jobs/rows.sweep/run", "users/bulk", "sessions/end"] {
        let reply = bob.post(&format!("/api/admin/{path}"), json!({})).await;
        assert_eq!(ok(reply, 403).code(), "auth.not_admin", "{path}");
    }
}
