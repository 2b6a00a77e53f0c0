//! Notifications: published by admins, once; read by their users alone.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, ok};

fn news(email: &str, title: &str) -> Value {
    json!({"email": email, "category": "news", "level": "warning", "title": title,
        "body": "text", "link": "/here", "data": {"k": [1, {"z": null}]}})
}

async fn publish(admin: &mut Client, email: &str, title: &str) -> String {
    let reply = ok(admin.post("/api/admin/notifications", news(email, title)).await, 201);
    reply.json()["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_pages_through_what_it_was_told_and_reads_it() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    for number in 0..5 {
        publish(&mut admin, "bob@example.org", &format!("n{number}")).await;
        app.clock.pass_ms(1);
    }
    let first = ok(bob.get("/api/notifications?limit=2").await, 200).json();
    assert_eq!(first["unread"], 5);
    assert_eq!(first["items"][0]["title"], "n4");
    assert_eq!(first["items"][0]["data"], json!({"k": [1, {"z": null}]}));
    let next = first["next"].as_str().expect("a next page").to_owned();
    let second = ok(bob.get(&format!("/api/notifications?limit=3&after={next}")).await, 200).json();
    assert_eq!(second["items"][2]["title"], "n0");
    assert_eq!(second["next"], Value::Null);
    let ids = json!({"ids": [first["items"][0]["id"], first["items"][0]["id"]]});
    let marked = ok(bob.post("/api/notifications/mark-read", ids).await, 200).json();
    assert_eq!(marked, json!({"marked": 1, "unread": 4, "unseen": 4}));
    let unread = ok(bob.get("/api/notifications?unread=true").await, 200).json();
    assert_eq!(unread["items"].as_array().map(Vec::len), Some(4));
    let all = bob.send("POST", "/api/notifications/mark-all-read", &[], None).await;
    assert_eq!(ok(all, 200).json(), json!({"marked": 4, "unread": 0, "unseen": 0}));
    assert_eq!(bob.get("/api/me").await.json()["unread"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_marks_the_notification_of_somebody_else() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let mut eve = app.user("eve@example.org").await;
    let id = publish(&mut admin, "bob@example.org", "for bob").await;
    let reply = eve.post("/api/notifications/mark-read", json!({"ids": [id]})).await;
    assert_eq!(ok(reply, 200).json(), json!({"marked": 0, "unread": 0, "unseen": 0}));
    assert_eq!(bob.get("/api/notifications").await.json()["unread"], 1);
    assert_eq!(eve.get("/api/notifications").await.json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishing_with_a_key_happens_once() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let path = "/api/admin/notifications";
    let key = [("idempotency-key", "order-17")];
    let body = || Some(news("bob@example.org", "once"));
    let first = ok(admin.send("POST", path, &key, body()).await, 201).json();
    let again = ok(admin.send("POST", path, &key, body()).await, 200).json();
    assert_eq!((&again["id"], &again["created"]), (&first["id"], &json!(false)));
    let other = admin.send("POST", path, &key, Some(news("bob@example.org", "other"))).await;
    assert_eq!(ok(other, 409).code(), "request.idempotency_mismatch");
    assert_eq!(bob.get("/api/notifications").await.json()["unread"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_publishing_is_said_by_field() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let path = "/api/admin/notifications";
    let nobody = admin.post(path, news("nobody@example.org", "x")).await;
    assert_eq!(ok(nobody, 404).code(), "user.not_found");
    let mut both = news("bob@example.org", "x");
    both["user_id"] = json!("0190163d-8694-739b-8d4a-5b3f4b1c2d3e");
    assert_eq!(ok(admin.post(path, both).await, 422).errors()[0].0, "/user_id");
    let mut evil = news("bob@example.org", "x");
    evil["link"] = json!("javascript:alert(1)");
    assert_eq!(ok(admin.post(path, evil).await, 422).errors()[0].0, "/link");
    let ids: Vec<String> =
        (0..201).map(|_| "0190163d-8694-739b-8d4a-5b3f4b1c2d3e".to_owned()).collect();
    let many = admin.post("/api/notifications/mark-read", json!({"ids": ids})).await;
    assert_eq!(ok(many, 422).errors()[0].0, "/ids");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_chooses_what_is_told_by_which_channel_and_when() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    let path = "/api/me/notification-preferences";
    let first = ok(bob.get(path).await, 200).json();
    assert_eq!(first["quiet_hours"], Value::Null);
    assert_eq!(first["digest"], "off");
    let names = |answer: &Value| -> Vec<String> {
        let categories = answer["categories"].as_array().expect("categories").iter();
        categories.map(|one| one["category"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&first), ["account", "alert", "message", "security", "*"]);
    let safety = json!({"category": "security", "in_app": true, "email": true, "push": true,
        "locked": ["in_app", "email"]});
    assert_eq!(first["categories"][3], safety);
    let wish = json!({"language": "fa", "time_zone": "Asia/Tehran", "digest": "daily",
        "quiet_hours": {"from": "22:30", "to": "07:00"},
        "categories": [{"category": "news", "email": true, "push": false}]});
    let set = ok(bob.put(path, wish.clone()).await, 200).json();
    assert_eq!(ok(bob.get(path).await, 200).json(), set);
    for key in ["language", "time_zone", "digest", "quiet_hours"] {
        assert_eq!(set[key], wish[key], "{key}");
    }
    assert_eq!(names(&set), ["account", "alert", "message", "news", "security", "*"]);
    assert_eq!(set["categories"][3]["email"], true);
    assert_eq!(set["categories"][3]["push"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_cannot_be_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    let path = "/api/me/notification-preferences";
    let category = |changed: Value| {
        let mut category = json!({"category": "security", "email": true, "push": true});
        category.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        json!({"digest": "off", "categories": [category]})
    };
    for (wish, pointer, code) in [
        (json!({"digest": "hourly", "categories": []}), "/digest", "field.type"),
        (json!({"digest": "off"}), "/categories", "field.required"),
        (json!({"digest": "off", "categories": [], "sms": true}), "/sms", "field.unknown"),
        (
            json!({"digest": "off", "categories": [], "time_zone": "Nowhere"}),
            "/time_zone",
            "field.time_zone",
        ),
        (category(json!({"email": false})), "/categories/0/email", "field.locked"),
        (category(json!({"in_app": false})), "/categories/0/in_app", "field.locked"),
        (category(json!({"phone": true})), "/categories/0/phone", "field.unknown"),
    ] {
        let problem = ok(bob.put(path, wish).await, 422).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
}

fn browser(endpoint: &str) -> Value {
    let key = |length: usize| "A".repeat((length * 4).div_ceil(3));
    json!({"endpoint": endpoint, "expirationTime": null,
        "keys": {"p256dh": key(65), "auth": key(16)}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lets_browsers_be_told_and_sees_only_their_own() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    let mut eve = app.user("eve@example.org").await;
    let path = "/api/me/push";
    assert_eq!(ok(bob.get(path).await, 200).json(), json!({"key": "BKey", "subscriptions": []}));
    let first = ok(bob.post(path, browser("https://push.example.net/hush")).await, 201).json();
    assert_eq!(first["service"], "push.example.net");
    let again = ok(bob.post(path, browser("https://push.example.net/hush")).await, 201).json();
    assert_eq!(again["id"], first["id"], "the same browser keeps its name");
    let listed = ok(bob.get(path).await, 200);
    assert_eq!(listed.json()["subscriptions"].as_array().map(Vec::len), Some(1));
    assert!(!listed.text().contains("hush"), "an endpoint is shown to nobody");
    let one = format!("{path}/{}", first["id"].as_str().expect("an id"));
    ok(eve.delete(&one).await, 404);
    // The same browser, and somebody else is signed in: it is theirs now.
    ok(eve.post(path, browser("https://push.example.net/hush")).await, 201);
    assert_eq!(bob.get(path).await.json()["subscriptions"], json!([]));
    ok(bob.delete(&one).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_browsers_than_there_may_be_the_oldest_is_told_no_more() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    for number in 0..12 {
        app.clock.pass_ms(1);
        let endpoint = format!("https://push{number}.example.net/");
        ok(bob.post("/api/me/push", browser(&endpoint)).await, 201);
    }
    let listed = bob.get("/api/me/push").await.json();
    let services = listed["subscriptions"].as_array().expect("a list").iter();
    let services: Vec<String> = services.map(|one| one["service"].to_string()).collect();
    let wanted: Vec<String> = (2..12).map(|n| format!("\"push{n}.example.net\"")).collect();
    assert_eq!(services, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_cannot_be_told_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    let mut short = browser("https://push.example.net/");
    short["keys"]["auth"] = json!("AAAA");
    for (form, pointer, code) in [
        (browser("https://127.0.0.1/x"), "/endpoint", "field.url"),
        (browser("http://push.example.net/"), "/endpoint", "field.url"),
        (short, "/keys/auth", "field.format"),
    ] {
        let problem = ok(bob.post("/api/me/push", form).await, 422).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_mails_of_a_kind_by_a_post_and_not_by_a_look() {
    let app = TestApp::start().await;
    let mut bob = app.user("bob@example.org").await;
    let id = bob.get("/api/me").await.json()["user"]["id"].as_str().expect("an id").parse();
    let token = app.accounts.unsubscribe_token(id.expect("a user"), "account");
    let path = format!("/unsubscribe/{}", token.reveal());
    let mut mailbox = app.client();
    let wants = |answer: Value| answer["categories"][0]["email"].clone();
    let page = ok(mailbox.get(&path).await, 200);
    assert!(page.text().starts_with("<!doctype html>"), "{}", page.text());
    let preferences = "/api/me/notification-preferences";
    assert_eq!(wants(bob.get(preferences).await.json()), true);
    // As programs of mailboxes send it: without an origin, a session or JSON.
    for _ in 0..2 {
        ok(mailbox.send("POST", &path, &[], None).await, 204);
    }
    assert_eq!(wants(bob.get(preferences).await.json()), false);
    let forged = path.replace("account", "message");
    let problem = ok(mailbox.send("POST", &forged, &[], None).await, 403).json();
    assert_eq!(problem["code"], "link.unknown");
}
