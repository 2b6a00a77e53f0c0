//! Mail makes accounts whole, end to end: a real Galen, a real mail server, and the links as they arrive.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::client::Client;
use galen_tests::galen::Galen;
use galen_tests::smtp::{Mail, SmtpServer};
use serde_json::{Value, json};

const EMAIL: &str = "sara@example.org";
const PASSWORD: &str = "four quiet words together";
const OTHER_PASSWORD: &str = "nine loud herons on a quay";

struct House {
    galen: Galen,
    smtp: SmtpServer,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let smtp = SmtpServer::start(folder.path()).expect("a mail server");
        let port = smtp.port().to_string();
        let galen = Galen::start(&[
            ("GALEN__MAIL__HOST", "127.0.0.1"),
            ("GALEN__MAIL__PORT", &port),
            ("GALEN__MAIL__SECURITY", "none"),
            ("GALEN__MAIL__FROM", "Galen <galen@example.org>"),
            ("GALEN__LIMITS__ENABLED", "false"),
        ]);
        Self { galen: galen.expect("galen starts"), smtp, _folder: folder }
    }

    fn client(&self) -> Client {
        Client::new(&self.galen.url())
    }

    fn post(&self, path: &str, form: &Value) -> (u16, Value) {
        let answer = self.client().change("POST", path, form).expect("an answer");
        (answer.status, answer.json())
    }

    /// The newest of so many mails, as text without soft line breaks, and its link's secret.
    fn mail(&self, count: usize) -> (Mail, String) {
        let mails = self.smtp.wait_for(count).expect("the mails");
        let mail = mails.last().expect("a mail").clone();
        let text = mail.data.replace("=\r\n", "").replace("=3D", "=");
        let url = format!("{}/", self.galen.url());
        let link = text.split(&url).nth(1).unwrap_or_else(|| panic!("no link: {text}"));
        let secret = link.split_once("#token=").map_or("", |(_, secret)| secret);
        let end = secret.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        (mail, secret[..end.unwrap_or(secret.len())].to_owned())
    }
}

#[test]
fn a_visitor_registers_proves_the_address_forgets_the_password_and_comes_back() {
    let house = House::new();
    let form = json!({ "email": EMAIL, "name": "Sara", "password": PASSWORD });
    assert_eq!(house.post("/api/auth/register", &form).0, 202);
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let (status, refused) = house.post("/api/auth/login", &login);
    assert_eq!((status, refused["code"].as_str()), (403, Some("auth.email_not_verified")));
    let (mail, token) = house.mail(1);
    assert_eq!(mail.to, [EMAIL]);
    let verify = json!({ "token": token, "password": PASSWORD });
    assert_eq!(house.post("/api/auth/verify-email", &verify).0, 200);
    let (status, used) = house.post("/api/auth/verify-email", &verify);
    assert_eq!((status, used["code"].as_str()), (403, Some("link.used")));
    assert_eq!(house.post("/api/auth/login", &login).0, 200);
    assert_eq!(house.post("/api/auth/forgot", &json!({ "email": EMAIL })).0, 202);
    let (_, token) = house.mail(2);
    let reset = json!({ "token": token, "password": OTHER_PASSWORD });
    assert_eq!(house.post("/api/auth/reset", &reset).0, 200);
    assert_eq!(house.post("/api/auth/login", &login).0, 401);
    let login = json!({ "email": EMAIL, "password": OTHER_PASSWORD });
    assert_eq!(house.post("/api/auth/login", &login).0, 200);
    let (told, not_me) = house.mail(3);
    assert!(told.data.contains("Message-ID: <"), "{}", told.data);
    assert_eq!(house.post("/api/auth/not-me", &json!({ "token": not_me })).0, 202);
    assert_eq!(house.post("/api/auth/login", &login).0, 401, "the password is locked");
}

#[test]
fn lesson_09_links_begin_with_the_configured_address_whatever_a_request_says() {
    let house = House::new();
    let form = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(house.post("/api/auth/register", &form).0, 202);
    house.mail(1);
    let hosts = ["evil.example", "evil.example:8000", "127.0.0.1@evil.example", "[::1]"];
    let names = ["host", "x-forwarded-host", "forwarded"];
    let mut asked = 1;
    for host in hosts {
        for name in names {
            let value = if name == "forwarded" { format!("host={host}") } else { host.to_owned() };
            let body = json!({ "email": EMAIL });
            let headers = [(name, value.as_str())];
            let answer = house.client().send("POST", "/api/auth/forgot", Some(&body), &headers);
            // A strange host may be refused; what is answered is answered for our own address.
            if answer.is_ok_and(|answer| answer.status == 202) {
                asked += 1;
            }
        }
    }
    let mails = house.smtp.wait_for(asked).expect("the mails");
    assert!(asked > 4, "only {asked}");
    for mail in mails {
        assert!(!mail.data.contains("evil.example"), "{}", mail.data);
    }
}

#[test]
fn lesson_10_anything_but_one_address_is_refused_and_mails_nobody() {
    let house = House::new();
    for body in [
        json!({ "email": [EMAIL, "evil@example.org"] }),
        json!({ "email": { "email": "evil@example.org" } }),
        json!({ "email": "sara@example.org,evil@example.org" }),
        json!({ "email": EMAIL, "cc": "evil@example.org" }),
    ] {
        assert_eq!(house.post("/api/auth/forgot", &body).0, 422, "{body}");
    }
    assert!(house.smtp.mails().expect("none").is_empty());
}

#[test]
fn without_a_mail_server_mail_is_captured_and_read_on_the_command_line() {
    let galen = Galen::start(&[]).expect("galen starts");
    let client = Client::new(&galen.url());
    let form = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(client.change("POST", "/api/auth/register", &form).expect("sent").status, 202);
    let mut listed = String::new();
    for _ in 0..100 {
        let (code, said) =
            galen.run(&["mail", "list", "--json", "--state", "captured"], "").expect("galen mail");
        assert_eq!(code, 0, "{said}");
        listed = said;
        if listed.contains("account.verify_email") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let found: Value = serde_json::from_str(&listed).expect("JSON");
    let id = found["mails"][0]["id"].as_str().expect("an id");
    let (code, shown) = galen.run(&["mail", "show", id], "").expect("galen mail");
    assert_eq!(code, 0, "{shown}");
    let link = format!("{}/verify#token=", galen.url());
    let token = shown.split_once(&link).unwrap_or_else(|| panic!("no link: {shown}")).1;
    let token = token.split_whitespace().next().expect("a token");
    let verify = json!({ "token": token, "password": PASSWORD });
    assert_eq!(client.change("POST", "/api/auth/verify-email", &verify).expect("sent").status, 200);
    assert!(!galen.log().contains(token), "no log has the secret");
}
