//! Notifications on their way out, end to end: by mail with a link that ends them, to browsers, and in
//! the reader's language.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a test starts programs, and fails by panicking"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use galen_core::links::LinkPurpose;
use galen_tests::client::Client;
use galen_tests::galen::Galen;
use galen_tests::smtp::{Mail, SmtpServer};
use serde_json::{Value, json};

const ADMIN: &str = "admin@example.org";
const SARA: &str = "sara@example.org";
const PASSWORD: &str = "four quiet words together";
const PREFERENCES: &str = "/api/me/notification-preferences";
const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    galen: Galen,
    smtp: SmtpServer,
    admin: Client,
    sara: Client,
    _folder: tempfile::TempDir,
}

impl House {
    /// A house with an admin, and Sara, whose address is proven.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let smtp = SmtpServer::start(folder.path()).expect("a mail server");
        let port = smtp.port().to_string();
        let galen = Galen::start(&[
            ("GALEN__MAIL__HOST", "127.0.0.1"),
            ("GALEN__MAIL__PORT", &port),
            ("GALEN__MAIL__SECURITY", "none"),
            ("GALEN__MAIL__FROM", "Galen <galen@example.org>"),
            ("GALEN__WEBHOOKS__NETWORKS", "127.0.0.0/8"),
            ("GALEN__LIMITS__ENABLED", "false"),
        ]);
        let galen = galen.expect("galen starts");
        galen.add_user(ADMIN, PASSWORD, true).expect("an admin");
        let admin = Client::new(&galen.url());
        admin.sign_in(ADMIN, PASSWORD).expect("the admin signs in");
        let sara = Client::new(&galen.url());
        let register = json!({ "email": SARA, "name": "سارا", "password": PASSWORD });
        let asked = [("accept-language", "fa-IR,fa;q=0.9")];
        let answer = sara.send("POST", "/api/auth/register", Some(&register), &asked);
        assert_eq!(answer.expect("an answer").status, 202);
        let mails = smtp.wait_for(1).expect("the mail arrives");
        let token = after(&plain(&mails[0]), "/verify#token=");
        let verify = json!({ "token": token, "password": PASSWORD });
        let answer = sara.change("POST", "/api/auth/verify-email", &verify).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        sara.sign_in(SARA, PASSWORD).expect("Sara signs in");
        Self { galen, smtp, admin, sara, _folder: folder }
    }

    fn wish(&self, wish: &Value) {
        let answer = self.sara.change("PUT", PREFERENCES, wish).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn tell(&self, category: &str, title: &str) {
        let body = json!({ "email": SARA, "category": category, "title": title,
            "body": "متن", "link": "/orders/7" });
        let answer = self.admin.change("POST", "/api/admin/notifications", &body);
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

/// The plain text of a mail, decoded.
fn plain(mail: &Mail) -> String {
    let part = mail.data.split("Content-Type: text/plain").nth(1).expect("a plain part");
    let (head, body) = part.split_once("\r\n\r\n").expect("a body");
    let body = body.split("\r\n--").next().expect("an end");
    if head.contains("base64") {
        use base64::Engine as _;
        let packed: String = body.split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(packed).expect("base64");
        return String::from_utf8(bytes).expect("UTF-8");
    }
    if !head.contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| *first == b'=');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]).1,
            None => (bytes.push(*first), rest = tail).1,
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What stands after a text, up to the next space.
fn after(text: &str, what: &str) -> String {
    let rest = text.split_once(what).unwrap_or_else(|| panic!("no {what}: {text}")).1;
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

/// A header of a mail, unfolded.
fn header(mail: &Mail, name: &str) -> String {
    let head = mail.data.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {head}")).to_owned()
}

#[test]
fn a_notification_comes_by_mail_in_the_readers_language_and_its_link_ends_such_mails() {
    let house = House::new();
    house.wish(&json!({ "language": "fa", "digest": "off",
        "categories": [{ "category": "orders", "email": true, "push": false }] }));
    house.tell("news", "not asked for");
    house.tell("orders", "سفارش ۷ در راه است");
    let mails = house.smtp.wait_for(2).expect("the mail arrives");
    let mail = &mails[1];
    assert_eq!(
        (mail.to.as_slice(), header(mail, "Content-Language")),
        (&[SARA.to_owned()][..], "fa".to_owned())
    );
    let text = plain(mail);
    assert!(text.contains("سفارش ۷ در راه است") && !text.contains("not asked for"), "{text}");
    assert!(text.contains(&format!("{}/orders/7", house.galen.url())), "{text}");
    let url = header(mail, "List-Unsubscribe").trim_matches(['<', '>']).to_owned();
    assert_eq!(header(mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(text.contains(&url), "the reader has the same link: {text}");
    let path = url.strip_prefix(&house.galen.url()).expect("a link of this house");
    // A look changes nothing; the page says what would end.
    let mailbox = Client::new(&house.galen.url());
    let page = mailbox.get(path).expect("a page");
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
    house.tell("orders", "second");
    house.smtp.wait_for(3).expect("the mail arrives");
    let ended = mailbox.send("POST", path, None, &[]).expect("an answer");
    assert_eq!(ended.status, 204, "{}", ended.body);
    house.tell("orders", "third");
    // What was told after it comes after it: nothing was sent before.
    house.tell("account", "fourth");
    let mails = house.smtp.wait_for(4).expect("the mail arrives");
    assert_eq!(mails.len(), 4, "{mails:?}");
    assert!(plain(&mails[3]).contains("fourth"), "{}", plain(&mails[3]));
    let wished = house.sara.get(PREFERENCES).expect("an answer").json();
    let orders = wished["categories"].as_array().expect("categories").iter();
    let orders = orders.clone().find(|one| one["category"] == "orders").expect("orders");
    assert_eq!(orders["email"], false);
    let token = path.rsplit('/').next().expect("a token");
    assert!(!house.galen.log().contains(token), "no log has the link");
}

#[test]
fn a_persian_reader_gets_persian_letters_and_their_links_open() {
    let house = House::new();
    let mails = house.smtp.mails().expect("mails");
    let first = &mails[0];
    assert_eq!(header(first, "Content-Language"), "fa");
    assert!(plain(first).contains("نشانی"), "{}", plain(first));
    let reset = json!({ "email": SARA });
    let asked = [("accept-language", "en")];
    // What Sara said counts for more than what the request came in.
    house.wish(&json!({ "language": "fa", "digest": "off", "categories": [] }));
    let mailbox = Client::new(&house.galen.url());
    let answer = mailbox.send("POST", "/api/auth/forgot", Some(&reset), &asked);
    assert_eq!(answer.expect("an answer").status, 202);
    let mails = house.smtp.wait_for(2).expect("the mail arrives");
    let text = plain(&mails[1]);
    assert_eq!(header(&mails[1], "Content-Language"), "fa");
    assert!(text.contains("گذرواژه"), "{text}");
    let token = after(&text, "/reset#token=");
    // The pages of all links come in Persian to whoever reads Persian.
    for page in LinkPurpose::ALL.map(LinkPurpose::page) {
        let answer = mailbox.send("GET", page, None, &[("accept-language", "fa")]);
        let answer = answer.expect("a page");
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.body.contains("<html lang=\"fa\" dir=\"rtl\""), "{page}: {}", answer.body);
    }
    let other = json!({ "token": token, "password": "نه مرغ ماهیخوار بر اسکله" });
    let answer = mailbox.change("POST", "/api/auth/reset", &other).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let again = Client::new(&house.galen.url());
    again.sign_in(SARA, "نه مرغ ماهیخوار بر اسکله").expect("the new password opens");
}

/// A push service on a free port: it notes what it gets and answers with this status.
fn push_service(status: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&heads);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut got, mut chunk) = (Vec::new(), [0_u8; 8_192]);
            while !got.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut chunk) {
                    Ok(read) if read > 0 => got.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            noted.lock().expect("whole").push(String::from_utf8_lossy(&got).into_owned());
            let answer =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    (port, heads)
}

/// A browser's subscription with real keys: the example of RFC 8291, appendix A.
fn browser(endpoint: &str) -> Value {
    json!({ "endpoint": endpoint, "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg" } })
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_browser_is_told_encrypted_and_forgotten_when_its_service_says_it_is_gone() {
    let house = House::new();
    let key = house.sara.get("/api/me/push").expect("an answer").json()["key"].clone();
    assert_eq!(key.as_str().map(str::len), Some(87), "{key}");
    let (port, heads) = push_service("201 Created");
    let (gone_port, gone) = push_service("410 Gone");
    for port in [port, gone_port] {
        let form = browser(&format!("http://127.0.0.1:{port}/send/hush"));
        let answer = house.sara.change("POST", "/api/me/push", &form).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    house.tell("news", "The export is ready");
    let head = wait_for("the message", || heads.lock().expect("whole").first().cloned());
    assert!(head.starts_with("POST /send/hush HTTP/1.1\r\n"), "{head}");
    let public = key.as_str().expect("a key");
    for line in ["content-encoding: aes128gcm", "authorization: vapid t=", public] {
        assert!(head.contains(line), "no {line}: {head}");
    }
    assert!(!head.contains("The export"), "nobody on the way reads it");
    wait_for("the other to be forgotten", || {
        let listed = house.sara.get("/api/me/push").ok()?.json();
        (listed["subscriptions"].as_array()?.len() == 1).then_some(())
    });
    assert_eq!(gone.lock().expect("whole").len(), 1);
    assert!(!house.galen.log().contains("hush"), "{}", house.galen.log());
}
