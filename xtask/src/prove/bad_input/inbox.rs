//! What nobody may be told, and streams and keys that nobody may have.

use super::super::people::Session;
use super::{Case, raw, signed};

const JSON: &str = "content-type: application/json\r\n";

/// Somebody who is not there.
const NOBODY: &str = "0190163d-8694-739b-8d4a-5b3f4b1c2d3e";

/// ALL cases. The server knows the category `proof` and no other of an application's.
pub fn all(admin: &Session) -> Vec<Case> {
    let published = publishings().into_iter().map(|(name, fields)| {
        let body = format!("{{\"category\":\"proof\",\"title\":\"x\",{fields}}}");
        let head = format!("{}{JSON}", signed(admin));
        case(name, raw("POST", "/api/admin/notifications", &head, body.as_bytes()))
    });
    published.chain(replayed(admin)).chain(streams(admin)).chain(keys()).collect()
}

fn case(name: &str, bytes: Vec<u8>) -> Case {
    Case { name: format!("inbox: {name}"), bytes, unfinished: false }
}

fn publishings() -> Vec<(&'static str, String)> {
    let to = format!("\"user_id\":\"{NOBODY}\"");
    let large = "y".repeat(5_000);
    vec![
        ("a foreign user", to.clone()),
        ("nobody at all", "\"body\":\"x\"".to_owned()),
        ("two goals", format!("{to},\"audience\":{{}}")),
        ("data beyond its limit", format!("{to},\"data\":{{\"x\":\"{large}\"}}")),
        ("parameters without a code", format!("{to},\"params\":{{}}")),
        ("a link of JavaScript", format!("{to},\"link\":\"javascript:alert(1)\"")),
        ("a link of data", format!("{to},\"link\":\"data:text/html,x\"")),
        ("a link to another host", format!("{to},\"link\":\"//evil.example\"")),
        (
            "an action of JavaScript",
            format!("{to},\"actions\":[{{\"label\":\"x\",\"link\":\"javascript:x\"}}]"),
        ),
        ("an expiry in the past", format!("{to},\"expires_at\":\"2020-01-01T00:00:00Z\"")),
        (
            "a schedule in the past",
            "\"audience\":{},\"publish_at\":\"2020-01-01T00:00:00Z\"".to_owned(),
        ),
        (
            "a schedule a century ahead",
            "\"audience\":{},\"publish_at\":\"2126-01-01T00:00:00Z\"".to_owned(),
        ),
        ("a schedule for one user", format!("{to},\"publish_at\":\"2126-01-01T00:00:00Z\"")),
        ("an unknown role", "\"audience\":{\"role\":\"root\"}".to_owned()),
        ("an unknown field of an audience", "\"audience\":{\"everybody\":true}".to_owned()),
        ("no users", "\"users\":[]".to_owned()),
        ("users that are none", "\"users\":[\"x\"]".to_owned()),
        ("an author of its own", format!("{to},\"created_by\":\"system\"")),
    ]
}

/// An unknown category, and a key that comes again with another content.
fn replayed(admin: &Session) -> Vec<Case> {
    let head = format!("{}{JSON}", signed(admin));
    let unknown = format!("{{\"category\":\"other\",\"title\":\"x\",\"user_id\":\"{NOBODY}\"}}");
    let path = "/api/admin/notifications";
    let keyed = format!("{head}idempotency-key: used-before\r\n");
    let other = "{\"category\":\"proof\",\"title\":\"another\",\"email\":\"admin@example.org\"}";
    vec![
        case("an unknown category", raw("POST", path, &head, unknown.as_bytes())),
        case("a key with another content", raw("POST", path, &keyed, other.as_bytes())),
    ]
}

fn streams(admin: &Session) -> Vec<Case> {
    let head = signed(admin);
    let wrong = format!("{head}last-event-id: 1; DROP TABLE users\r\n");
    vec![
        case("a stream of nobody", raw("GET", "/api/stream", "", b"")),
        case("a stream of nonsense", raw("GET", "/api/stream?topics=x", &head, b"")),
        case("a stream after nowhere", raw("GET", "/api/stream?after=-1", &head, b"")),
        case("a stream after no place", raw("GET", "/api/stream", &wrong, b"")),
    ]
}

fn keys() -> Vec<Case> {
    let key = |token: &str| format!("authorization: Bearer {token}\r\n{JSON}");
    let unknown = key("gk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    vec![
        case("no key", raw("POST", "/api/notify", JSON, b"{}")),
        case("a key of nobody", raw("POST", "/api/notify", &unknown, b"{}")),
        case("a key cut short", raw("POST", "/api/notify", &key("gk_x"), b"{}")),
        case("a simple form of nobody", raw("POST", "/api/notify/all", &unknown, b"hello")),
    ]
}
