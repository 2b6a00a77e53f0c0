//! Messages over HTTP end to end: signed webhooks, receivers that are gone or hang, and alerts on their way out.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a test starts programs, and fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use galen_tests::client::Client;
use galen_tests::galen::Galen;
use galen_tests::smtp::SmtpServer;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const EMAIL: &str = "admin@example.org";
const PASSWORD: &str = "four quiet words together";
/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(90);
/// Webhooks of this machine may be called.
const HOME: (&str, &str) = ("GALEN__WEBHOOKS__NETWORKS", "127.0.0.0/8");

/// A request as a receiver got it.
#[derive(Clone, Debug)]
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        let line = self.head.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name}: {}", self.head))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The signature this secret gives (Standard Webhooks, "Signature scheme").
    fn signature(&self, secret: &str) -> String {
        let secret =
            STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("a key");
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Somebody's application: it takes everything over, except at `/gone` (410) and `/hang` (nothing).
struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let noted = Arc::clone(&received);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                held.extend(serve(stream, &noted));
            }
        });
        Self { port, received }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().expect("whole").clone()
    }
}

/// Answers one request; gives the connection back when it is left hanging.
fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Received>>) -> Option<TcpStream> {
    let mut request = Vec::new();
    let mut chunk = [0_u8; 4_096];
    let (head, body) = loop {
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| length.parse() == Ok(body.len())) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let answer = match head.split(' ').nth(1) {
        Some("/hang") => None,
        Some("/gone") => Some("410 Gone"),
        _ => Some("200 OK"),
    };
    noted.lock().expect("whole").push(Received { head, body });
    let Some(answer) = answer else { return Some(stream) };
    let answer =
        format!("HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 6\r\n\r\nthanks");
    stream.write_all(answer.as_bytes()).ok()?;
    None
}

fn start(settings: &[(&str, &str)]) -> (Galen, Client) {
    let galen = Galen::start(settings).expect("galen starts");
    galen.add_user(EMAIL, PASSWORD, true).expect("an admin");
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD).expect("the admin signs in");
    (galen, admin)
}

fn wait_for<T>(what: &str, galen: &Galen, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}:\n{}", galen.log());
        std::thread::sleep(Duration::from_millis(25));
    }
}

fn ask(admin: &Client, method: &str, path: &str, body: &Value, status: u16) -> Value {
    let answer = admin.change(method, path, body).expect("an answer");
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

/// Adds a webhook; gives its path and its secret.
fn add(admin: &Client, url: &str) -> (String, String) {
    let added = ask(admin, "POST", "/api/admin/webhooks", &json!({ "url": url }), 201);
    let id = added["webhook"]["id"].as_str().expect("its id");
    (format!("/api/admin/webhooks/{id}"), added["secret"].as_str().expect("its secret").to_owned())
}

fn test(admin: &Client, webhook: &str) -> Value {
    ask(admin, "POST", &format!("{webhook}/test"), &json!({}), 202)["id"].clone()
}

/// The newest delivery, once it is in this state.
fn delivery(galen: &Galen, admin: &Client, webhook: &str, state: &str) -> Value {
    wait_for(state, galen, || {
        let page = admin.get(&format!("{webhook}/deliveries")).ok()?.json();
        page["items"].as_array()?.first().filter(|item| item["state"] == state).cloned()
    })
}

#[test]
fn a_webhook_is_signed_with_the_secret_that_was_shown_once() {
    let receiver = Receiver::start();
    let (galen, admin) = start(&[HOME]);
    let (webhook, old) = add(&admin, &receiver.url("/hook"));
    let id = test(&admin, &webhook);
    let sent = delivery(&galen, &admin, &webhook, "sent");
    assert_eq!((&sent["id"], &sent["says"]), (&id, &json!("200 OK thanks")));
    let first = receiver.all().remove(0);
    assert_eq!(first.header("webhook-id"), id.as_str().expect("text"));
    assert_eq!(first.header("webhook-signature"), first.signature(&old));
    assert_eq!(first.json()["type"], "mail.test");
    let list = admin.get("/api/admin/webhooks").expect("an answer").body;
    assert!(!list.contains("whsec_") && list.contains("/hook"), "{list}");

    let rotated = ask(&admin, "POST", &format!("{webhook}/rotate"), &json!({}), 200);
    let new = rotated["secret"].as_str().expect("another secret").to_owned();
    assert_ne!(new, old);
    test(&admin, &webhook);
    let second = wait_for("the second", &galen, || receiver.all().get(1).cloned());
    let both = format!("{} {}", second.signature(&new), second.signature(&old));
    assert_eq!(second.header("webhook-signature"), both);
    assert!(!galen.log().contains("whsec_"), "{}", galen.log());
}

#[test]
fn a_receiver_that_is_gone_is_told_nothing_more_and_home_is_not_called_unasked() {
    let receiver = Receiver::start();
    let (galen, admin) = start(&[HOME]);
    let (webhook, _) = add(&admin, &receiver.url("/gone"));
    test(&admin, &webhook);
    let failed = delivery(&galen, &admin, &webhook, "failed");
    assert_eq!(failed["says"], "410 Gone thanks");
    let list = admin.get("/api/admin/webhooks").expect("an answer").json();
    assert_eq!(list["items"][0]["state"], "gone");
    let refused = ask(&admin, "POST", &format!("{webhook}/test"), &json!({}), 409);
    assert_eq!(refused["code"], "webhook.not_active");

    for url in ["http://10.1.2.3/", "https://[::1]/", "http://example.org:0x/", "https://u:p@a.b/"]
    {
        let refused = ask(&admin, "POST", "/api/admin/webhooks", &json!({ "url": url }), 422);
        assert_eq!(refused["errors"][0]["code"], "field.url", "{url}: {refused}");
    }
}

#[test]
fn a_webhook_that_hangs_holds_up_no_mail() {
    let (receiver, folder) = (Receiver::start(), tempfile::tempdir().expect("a folder"));
    let mail_server = SmtpServer::start(folder.path()).expect("a mail server");
    let port = mail_server.port().to_string();
    let (galen, admin) = start(&[
        HOME,
        ("GALEN__MAIL__HOST", "127.0.0.1"),
        ("GALEN__MAIL__PORT", &port),
        ("GALEN__MAIL__SECURITY", "none"),
        ("GALEN__MAIL__FROM", "galen@example.org"),
    ]);
    let (webhook, _) = add(&admin, &receiver.url("/hang"));
    test(&admin, &webhook);
    wait_for("the webhook to hang", &galen, || (!receiver.all().is_empty()).then_some(()));
    let to = json!({ "email": "sara@example.org" });
    ask(&admin, "POST", "/api/admin/mail/test", &to, 202);
    let mails = mail_server.wait_for(1).expect("the mail arrives");
    assert_eq!(mails[0].to, ["sara@example.org"]);
    // It hangs still: nothing but the mail has come to an end.
    let page = admin.get(&format!("{webhook}/deliveries")).expect("an answer").json();
    assert_ne!(page["items"][0]["state"], "sent", "{page}");
}

#[test]
fn an_alert_is_told_to_a_webhook_once_and_its_end_as_well() {
    let receiver = Receiver::start();
    let (galen, admin) = start(&[HOME, ("GALEN__MONITOR__TICK", "200ms")]);
    let (webhook, secret) = add(&admin, &receiver.url("/hook"));
    let rule = "/api/admin/alerts/rules/sessions_many";
    let at_once = json!({ "object": "", "enabled": true, "threshold": 0.5, "pending_s": 0 });
    ask(&admin, "PUT", rule, &at_once, 200);
    let told = |kind: &str| {
        let all = receiver.all();
        all.into_iter().filter(|one| one.json()["type"] == kind).collect::<Vec<_>>()
    };
    let firing =
        wait_for("that it fires", &galen, || told("monitor.alert_firing").first().cloned());
    assert_eq!(firing.header("webhook-signature"), firing.signature(&secret));
    let data = firing.json()["data"].clone();
    assert_eq!(data["link"], format!("{}/admin/alerts", galen.url()));
    assert!(data["cause"].is_string() && data["since"].is_string(), "{data}");
    // What is sent after it shows that nothing of it was sent twice before.
    test(&admin, &webhook);
    wait_for("the test", &galen, || told("mail.test").first().cloned());
    assert_eq!(told("monitor.alert_firing").len(), 1);
    // The end of a rule is the end of its alert; a rule that is met no more keeps it for minutes.
    let off = json!({ "object": "", "enabled": false, "threshold": 0.5, "pending_s": 0 });
    ask(&admin, "PUT", rule, &off, 200);
    let over =
        wait_for("that it is over", &galen, || told("monitor.alert_resolved").first().cloned());
    assert_eq!(over.header("webhook-signature"), over.signature(&secret));
    let end = over.json()["data"].clone();
    assert_eq!((&end["cause"], &end["since"]), (&data["cause"], &data["since"]));
    assert!(end["until"].is_string(), "{end}");
}
