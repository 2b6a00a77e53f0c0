//! The live stream: at once, once, and resumed without loss.

use serde_json::json;

use crate::support::{Client, Listener, TestApp, eventually, ok};

async fn tell(admin: &mut Client, to: serde_json::Value, title: &str) -> i64 {
    let mut body = json!({"category": "news", "title": title});
    body.as_object_mut().expect("an object").extend(to.as_object().expect("an object").clone());
    let reply = ok(admin.post("/api/admin/notifications", body).await, 201).json();
    reply["broadcast"]["seq"].as_i64().unwrap_or(0)
}

fn bob() -> serde_json::Value {
    json!({"email": "bob@example.org"})
}

fn everybody() -> serde_json::Value {
    json!({"audience": {}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_on_the_screen_without_being_asked_for() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let client = app.user("bob@example.org").await;
    let mut stream = Listener::open(&client, "/api/stream", "").await;
    assert_eq!(stream.status(), 200);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    assert!(stream.head.contains("cache-control: no-store"), "{}", stream.head);
    let ready = stream.expect("ready").await;
    assert_eq!(ready.data, json!({"seq": 0, "unread": 0, "unseen": 0}));
    tell(&mut admin, bob(), "for bob").await;
    tell(&mut admin, everybody(), "for all").await;
    tell(&mut admin, json!({"audience": {"role": "admin"}}), "for admins").await;
    tell(&mut admin, bob(), "for bob again").await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let event = stream.expect("notification").await;
        assert_eq!(event.data["seq"].as_i64(), event.id);
        told.push((event.data["title"].as_str().expect("a title").to_owned(), event.id));
    }
    let titles: Vec<&str> = told.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["for bob", "for all", "for bob again"]);
    assert!(told.windows(2).all(|two| two[0].1 < two[1].1), "places rise: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_on_one_device_is_read_on_the_others() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut phone = app.user("bob@example.org").await;
    let desk = app.signed_in("bob@example.org").await;
    tell(&mut admin, bob(), "one").await;
    tell(&mut admin, everybody(), "two").await;
    let mut stream = Listener::open(&desk, "/api/stream", "").await;
    assert_eq!(stream.expect("ready").await.data["unread"], 2);
    let listed = ok(phone.get("/api/notifications").await, 200).json();
    let ids = json!({"ids": [listed["items"][0]["id"]]});
    ok(phone.post("/api/notifications/mark-seen", json!({"seq": listed["seq"]})).await, 200);
    let seen = stream.expect("marked").await.data;
    assert_eq!(
        (&seen["step"], &seen["unread"], &seen["unseen"]),
        (&json!("seen"), &json!(2), &json!(0))
    );
    ok(phone.post("/api/notifications/archive", ids.clone()).await, 200);
    let marked = stream.expect("marked").await.data;
    assert_eq!((&marked["ids"], &marked["unread"]), (&ids["ids"], &json!(1)));
    ok(phone.send("POST", "/api/notifications/mark-all-read", &[], None).await, 200);
    let all = stream.expect("marked").await.data;
    assert_eq!((&all["all"], &all["unread"]), (&json!(true), &json!(0)));
    assert_eq!(phone.get("/api/me").await.json()["unread"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_again_gets_what_was_missed_once_and_in_order() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let client = app.user("bob@example.org").await;
    let mut given = Vec::new();
    for number in 0..6 {
        let to = if number % 2 == 0 { everybody() } else { bob() };
        tell(&mut admin, to, &format!("n{number}")).await;
    }
    let mut stream = Listener::open(&client, "/api/stream?after=0", "").await;
    for number in 0..6 {
        let event = stream.expect("notification").await;
        assert_eq!(event.data["title"], format!("n{number}"));
        given.push(event.id.expect("a place"));
    }
    stream.expect("ready").await;
    let again = format!("last-event-id: {}\r\n", given[3]);
    let mut stream = Listener::open(&client, "/api/stream?after=0", &again).await;
    for place in &given[4..] {
        assert_eq!(stream.expect("notification").await.id, Some(*place));
    }
    let ready = stream.expect("ready").await;
    assert_eq!(ready.id, given.last().copied());
    tell(&mut admin, bob(), "live").await;
    assert_eq!(stream.expect("notification").await.data["title"], "live");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_answer_holds_is_read_in_turns() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let client = app.user("bob@example.org").await;
    for number in 0..250 {
        tell(&mut admin, bob(), &format!("n{number}")).await;
    }
    let (mut seen, mut after) = (Vec::new(), 0);
    for turn in 0..2 {
        let mut stream = Listener::open(&client, &format!("/api/stream?after={after}"), "").await;
        loop {
            let event = stream.next().await.expect("an event");
            if event.name == "ready" {
                after = event.id.expect("a place");
                break;
            }
            seen.push(event.data["title"].as_str().expect("a title").to_owned());
        }
        if turn == 0 {
            assert_eq!(stream.expect("bye").await.data["reason"], "more");
            assert!(stream.next().await.is_none(), "and it is over");
        }
    }
    let wanted: Vec<String> = (0..250).map(|number| format!("n{number}")).collect();
    assert_eq!(seen, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_once_with_its_session() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    let other = app.signed_in("bob@example.org").await;
    let mut first = Listener::open(&bob, "/api/stream", "").await;
    let mut second = Listener::open(&other, "/api/stream?topics=sessions,notifications", "").await;
    first.expect("ready").await;
    second.expect("ready").await;
    ok(bob.send("POST", "/api/auth/logout", &[], None).await, 204);
    assert_eq!(first.expect("bye").await.data["reason"], "session_ended");
    assert!(first.next().await.is_none());
    let told = second.expect("sessions").await.data;
    assert_eq!(told["ended"].as_array().map(Vec::len), Some(1));
    let users = ok(admin.get("/api/admin/users").await, 200).json();
    let id =
        users["items"].as_array().expect("users").iter().find(|u| u["email"] == "bob@example.org");
    let path = format!("/api/admin/users/{}", id.expect("bob")["id"].as_str().expect("an id"));
    ok(admin.patch(&path, json!({"status": "disabled"})).await, 200);
    assert_eq!(second.expect("bye").await.data["reason"], "session_ended");
    eventually("no stream is open", || app.streams() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_ends_its_stream() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.org").await;
    let mut stream = Listener::open(&bob, "/api/stream", "").await;
    stream.expect("ready").await;
    app.clock.pass_ms(31 * 86_400_000);
    assert_eq!(stream.expect("bye").await.data["reason"], "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_four_streams_and_the_oldest_gives_way() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.org").await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = Listener::open(&bob, "/api/stream", "").await;
        stream.expect("ready").await;
        streams.push(stream);
    }
    assert_eq!(streams[0].expect("bye").await.data["reason"], "too_many");
    assert_eq!(app.streams(), 4);
    drop(streams);
    eventually("their places are given back", || app.streams() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_every_stream_in_order() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.org").await;
    let mut stream = Listener::open(&bob, "/api/stream", "").await;
    stream.expect("ready").await;
    let stopped = tokio::spawn(app.stop());
    assert_eq!(stream.expect("bye").await.data["reason"], "shutting_down");
    assert!(stream.next().await.is_none());
    assert_eq!(stopped.await.expect("stopped").cut, 0, "nothing had to be cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_is_accounted_for_by_its_head_and_lives_past_every_timeout() {
    let app = TestApp::with(|settings, _| {
        settings.limits.write_timeout_ms = 200;
        settings.limits.idle_timeout_ms = 200;
        settings.limits.request_deadline_ms = 300;
        settings.limits.body_timeout_ms = 100;
    })
    .await;
    let mut admin = app.admin().await;
    let bob = app.user("bob@example.org").await;
    let mut stream = Listener::open(&bob, "/api/stream", "").await;
    stream.expect("ready").await;
    eventually("it is on record", || app.records("/api/stream").len() == 1).await;
    let record = app.records("/api/stream").remove(0);
    assert_eq!((record.status, record.outcome), (200, galen_core::RequestOutcome::Answered));
    // Far beyond all of the timeouts.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    tell(&mut admin, json!({"email": "bob@example.org"}), "still there").await;
    assert_eq!(stream.expect("notification").await.data["title"], "still there");
    assert_eq!(app.records("/api/stream").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_admins_is_not_for_others_and_nonsense_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut bob = app.user("bob@example.org").await;
    assert_eq!(ok(bob.get("/api/stream?topics=alerts").await, 403).code(), "auth.not_admin");
    assert_eq!(ok(bob.get("/api/stream?topics=news").await, 422).errors()[0].0, "topics");
    assert_eq!(ok(bob.get("/api/stream?after=-1").await, 422).errors()[0].0, "after");
    let bad = bob.send("GET", "/api/stream", &[("last-event-id", "x")], None).await;
    assert_eq!(ok(bad, 400).code(), "request.malformed");
    assert_eq!(ok(app.client().get("/api/stream").await, 401).code(), "auth.not_signed_in");
    let mut stream = Listener::open(&admin, "/api/stream?topics=health", "").await;
    stream.expect("ready").await;
    app.note(None);
    assert_eq!(stream.expect("health").await.data["ready"], true);
    app.note(Some(galen_core::Code::DiskFull));
    assert_eq!(stream.expect("health").await.data["code"], "server.disk_full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_cut_and_resumes_without_loss() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let client = app.user("bob@example.org").await;
    let mut stream = Listener::open(&client, "/api/stream", "").await;
    stream.expect("ready").await;
    // More than the kernel and the stream hold between them, before anything is taken.
    let text = "x".repeat(3_900);
    let mut published = 0;
    while app.streams() > 0 && published < 4_000 {
        let users = json!({"users": vec!["bob@example.org"], "category": "news",
            "title": format!("n{published}"), "body": text});
        ok(admin.post("/api/admin/notifications", users).await, 201);
        published += 1;
    }
    assert_eq!(app.streams(), 0, "it was cut");
    let (mut seen, mut last) = (Vec::new(), 0);
    let mut streams = vec![stream];
    while seen.len() < published {
        let stream = streams.last_mut().expect("a stream");
        match stream.next().await {
            Some(event) if event.name == "notification" => {
                seen.push(event.data["title"].as_str().expect("a title").to_owned());
                last = event.id.expect("a place");
            }
            Some(_) => {}
            None => {
                let again = format!("last-event-id: {last}\r\n");
                streams.push(Listener::open(&client, "/api/stream", &again).await);
            }
        }
    }
    let wanted: Vec<String> = (0..published).map(|number| format!("n{number}")).collect();
    assert_eq!(seen, wanted);
    assert!(streams.len() > 1);
}
