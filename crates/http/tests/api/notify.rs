//! Publishing for applications and admins: one, many, everybody; keys; what is refused.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, ok, raw};

async fn key(admin: &mut Client, scopes: &[&str]) -> (String, String) {
    let form = json!({"name": "shop", "scopes": scopes});
    let made = ok(admin.post("/api/admin/keys", form).await, 201).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&made["token"]), text(&made["key"]["id"]))
}

async fn notify(app: &TestApp, token: &str, body: Value) -> crate::support::Reply {
    let bearer = format!("Bearer {token}");
    app.client().send("POST", "/api/notify", &[("authorization", &bearer)], Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_tells_one_many_and_everybody() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    app.account("eve@example.org", galen_core::model::Role::User).await;
    let (token, _) = key(&mut admin, &["notify:send", "notify:broadcast"]).await;
    assert!(token.starts_with("gk_") && token.len() == 46);
    let one = json!({"email": "bob@example.org", "category": "orders", "code": "order.shipped",
        "params": {"order": 7}, "actions": [{"label": "Track", "link": "/orders/7"}]});
    ok(notify(&app, &token, one).await, 201);
    let many = json!({"users": ["bob@example.org", "eve@example.org", "nobody@example.org"],
        "category": "orders", "title": "Sale"});
    let told = ok(notify(&app, &token, many).await, 201).json();
    let outcomes: Vec<&Value> =
        told["results"].as_array().expect("results").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["published", "published", "user.not_found"]);
    let all = json!({"audience": {"role": "user"}, "category": "news", "title": "To all"});
    let sent = ok(notify(&app, &token, all).await, 201).json();
    assert_eq!(sent["broadcast"]["reach"], json!({"users": 2, "exact": true}));
    let listed = ok(bob.get("/api/notifications").await, 200).json();
    let titles: Vec<&Value> =
        listed["items"].as_array().expect("items").iter().map(|one| &one["title"]).collect();
    assert_eq!(titles, ["To all", "Sale", ""]);
    let shipped = &listed["items"][2];
    assert_eq!(
        (&shipped["code"], &shipped["params"]),
        (&json!("order.shipped"), &json!({"order": 7}))
    );
    assert_eq!((&shipped["created_by"], &shipped["state"]), (&json!("api_key"), &json!("unseen")));
    assert_eq!(shipped["actions"][0], json!({"label": "Track", "link": "/orders/7"}));
    assert_eq!(bob.get("/api/me").await.json()["unread"], 3);
    let keys = ok(admin.get("/api/admin/keys").await, 200).json();
    assert!(keys["items"][0].get("token").is_none(), "nothing that opens: {keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_minus_d_is_enough() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let (token, _) = key(&mut admin, &["notify:send", "notify:broadcast"]).await;
    // What `curl -d` sends.
    let curl = |path: &str, more: &str, text: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\n{more}content-length: {}\r\n\r\n{text}",
            app.addr,
            text.len()
        )
    };
    let backup = curl(
        "/api/notify/bob@example.org",
        "title: Backup\r\npriority: high\r\ntags: db, nightly\r\n",
        "7 files",
    );
    assert!(raw(app.addr, backup.as_bytes()).await.starts_with(b"HTTP/1.1 201"));
    let all = curl("/api/notify/all?link=/status", "", "The backup is done\nAll of it.");
    assert!(raw(app.addr, all.as_bytes()).await.starts_with(b"HTTP/1.1 201"));
    let listed = ok(bob.get("/api/notifications").await, 200).json();
    let (all, backup) = (&listed["items"][0], &listed["items"][1]);
    assert_eq!((&all["title"], &all["body"]), (&json!("The backup is done"), &json!("All of it.")));
    assert_eq!((&all["link"], &all["broadcast"]), (&json!("/status"), &json!(true)));
    assert_eq!((&backup["title"], &backup["body"]), (&json!("Backup"), &json!("7 files")));
    assert_eq!((&backup["level"], &backup["category"]), (&json!("warning"), &json!("message")));
    assert_eq!(backup["data"], json!({"tags": ["db", "nightly"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_allows_what_its_scopes_say_until_it_is_revoked() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    app.account("bob@example.org", galen_core::model::Role::User).await;
    let (token, id) = key(&mut admin, &["notify:send"]).await;
    let one = || json!({"email": "bob@example.org", "category": "news", "title": "x"});
    let all = json!({"audience": {}, "category": "news", "title": "x"});
    ok(notify(&app, &token, one()).await, 201);
    assert_eq!(ok(notify(&app, &token, all).await, 403).code(), "auth.api_key_scope");
    for wrong in ["gk_x", "", &token[3..], &format!("{token}x")] {
        let refused = ok(notify(&app, wrong, one()).await, 401);
        assert!(refused.header("www-authenticate").expect("a challenge").starts_with("Bearer"));
    }
    ok(admin.delete(&format!("/api/admin/keys/{id}")).await, 204);
    assert_eq!(ok(notify(&app, &token, one()).await, 401).code(), "auth.api_key_invalid");
    assert_eq!(
        ok(admin.delete(&format!("/api/admin/keys/{id}")).await, 404).code(),
        "api_key.not_found"
    );
    let expired = json!({"name": "x", "scopes": ["notify:send"], "expires_at": 1});
    assert_eq!(ok(admin.post("/api/admin/keys", expired).await, 422).errors()[0].0, "/expires_at");
    let mut bob = app.signed_in("bob@example.org").await;
    assert_eq!(ok(bob.get("/api/admin/keys").await, 403).code(), "auth.not_admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_limit() {
    let app = TestApp::with(|_, policy| {
        policy.limits.enabled = true;
        policy.notices.key_rate = galen_account::Rate { attempts: 3, per_ms: 3_600_000 };
    })
    .await;
    let mut admin = app.admin().await;
    let (token, _) = key(&mut admin, &["notify:send"]).await;
    let (other, _) = key(&mut admin, &["notify:send"]).await;
    let one = || json!({"email": "admin@example.org", "category": "news", "title": "x"});
    for _ in 0..3 {
        assert!(notify(&app, &token, one()).await.status < 429);
    }
    let refused = ok(notify(&app, &token, one()).await, 429);
    assert!(refused.header("retry-after").is_some());
    assert!(notify(&app, &other, one()).await.status < 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_previewed_scheduled_listed_and_recalled() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let reach = ok(admin.post("/api/admin/broadcasts/preview", json!({"role": "user"})).await, 200);
    assert_eq!(reach.json(), json!({"users": 1, "exact": true}));
    let path = "/api/admin/notifications";
    let at = |at: &str| json!({"audience": {}, "category": "news", "title": "x", "publish_at": at});
    let past = ok(admin.post(path, at("2020-01-01T00:00:00Z")).await, 422);
    assert_eq!(past.errors(), [("/publish_at".to_owned(), "field.past".to_owned())]);
    let now = ok(
        admin.post(path, json!({"audience": {}, "category": "news", "title": "now"})).await,
        201,
    );
    let id = now.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(bob.get("/api/me").await.json()["unread"], 1);
    let due = galen_core::Clock::now(&*app.clock).plus_ms(60_000).0;
    let later = json!({"audience": {}, "category": "news", "title": "later", "publish_at": due});
    let later = ok(admin.post(path, later).await, 422);
    assert_eq!(later.errors()[0].0, "/publish_at", "a time is a text");
    let recalled =
        admin.send("POST", &format!("/api/admin/broadcasts/{id}/recall"), &[], None).await;
    assert_eq!(ok(recalled, 200).json()["state"], "recalled");
    assert_eq!(bob.get("/api/me").await.json()["unread"], 0);
    let again = admin.send("POST", &format!("/api/admin/broadcasts/{id}/recall"), &[], None).await;
    assert_eq!(ok(again, 409).code(), "broadcast.over");
    let listed = ok(admin.get("/api/admin/broadcasts").await, 200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_a_stable_code() {
    let app = TestApp::with(|_, policy| {
        let news = galen_account::CategoryPolicy { name: "news".to_owned(), keep_ms: None };
        policy.notices.categories = vec![news];
    })
    .await;
    let mut admin = app.admin().await;
    let mut refused = async |change: Value| {
        let mut body = json!({"user_id": "0190163d-8694-739b-8d4a-5b3f4b1c2d3e",
            "category": "news", "title": "x"});
        body.as_object_mut().expect("an object").extend(change.as_object().expect("one").clone());
        let reply = admin.post("/api/admin/notifications", body).await;
        (reply.status, reply.code(), reply.errors().first().cloned().unwrap_or_default())
    };
    let field = |pointer: &str, code: &str| {
        (422, "request.fields".to_owned(), (pointer.to_owned(), code.to_owned()))
    };
    assert_eq!(refused(json!({})).await.1, "user.not_found");
    assert_eq!(refused(json!({"category": "other"})).await, field("/category", "field.category"));
    assert_eq!(refused(json!({"link": "javascript:alert(1)"})).await, field("/link", "field.link"));
    let large = json!({"data": {"x": "y".repeat(5_000)}});
    assert_eq!(refused(large).await, field("/data", "field.length"));
    let action = json!({"actions": [{"label": "x", "link": "javascript:alert(1)"}]});
    assert_eq!(refused(action).await, field("/actions", "field.link"));
    let past = json!({"expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(refused(past).await, field("/expires_at", "field.past"));
    let scheduled = json!({"publish_at": "2099-01-01T00:00:00Z"});
    assert_eq!(refused(scheduled).await, field("/publish_at", "field.unknown"));
    assert_eq!(refused(json!({"users": []})).await, field("/user_id", "field.required"));
    assert_eq!(refused(json!({"more": 1})).await, field("/more", "field.unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_everything_line_by_line_and_page_by_page() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    for number in 0..5 {
        let body =
            json!({"email": "bob@example.org", "category": "news", "title": format!("n{number}")});
        ok(admin.post("/api/admin/notifications", body).await, 201);
    }
    let listed = ok(bob.get("/api/notifications?limit=1").await, 200).json();
    let ids = json!({"ids": [listed["items"][0]["id"]]});
    ok(bob.post("/api/notifications/archive", ids).await, 200);
    let (mut titles, mut path) = (Vec::new(), "/api/notifications/export?limit=2".to_owned());
    loop {
        let page = ok(bob.get(&path).await, 200);
        assert_eq!(page.header("content-type"), Some("application/x-ndjson"));
        for line in page.text().lines() {
            let item: Value = serde_json::from_str(line).expect("JSON");
            titles.push(item["title"].as_str().expect("a title").to_owned());
        }
        let Some(link) = page.header("link") else { break };
        path = link[1..link.find('>').expect("an end")].to_owned();
    }
    assert_eq!(titles, ["n0", "n1", "n2", "n3", "n4"]);
}
