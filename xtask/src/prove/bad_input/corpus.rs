//! The malformed requests, by what is wrong with them.

use super::super::people::Session;
use super::{Case, raw, signed};

const JSON: &str = "content-type: application/json\r\n";
const LOGIN: &str = "/api/auth/login";

/// ALL cases.
pub fn all(admin: &Session) -> Vec<Case> {
    let parts = [
        broken_json(),
        wrong_types(),
        duplicate_keys(),
        huge(),
        framing(),
        lines(),
        heads(),
        invalid_utf8(),
        absurd_cookies(),
        traversal(),
        content_types(),
        identifiers(admin),
        queries(admin),
        fields(admin),
        methods(),
    ];
    parts.into_iter().flatten().collect()
}

fn case(name: impl Into<String>, bytes: Vec<u8>) -> Case {
    Case { name: name.into(), bytes, unfinished: false }
}

fn unfinished(name: &str, bytes: Vec<u8>) -> Case {
    Case { unfinished: true, ..case(name, bytes) }
}

/// One login for each of these bodies.
fn logins(what: &str, bodies: &[&str]) -> Vec<Case> {
    let login = |body: &&str| {
        case(format!("{what}: {body:.60}"), raw("POST", LOGIN, JSON, body.as_bytes()))
    };
    bodies.iter().map(login).collect()
}

fn broken_json() -> Vec<Case> {
    let deep = "[".repeat(20_000);
    let deep_objects = "{\"email\":".repeat(5_000);
    logins(
        "broken JSON",
        &[
            "{",
            "}",
            "{]",
            "[",
            "nul",
            "{\"email\"",
            "{\"email\":}",
            "{\"email\":\"a\",}",
            "{'email':'a'}",
            "{\"email\":NaN}",
            "{\"email\":Infinity}",
            "{\"email\":0x10}",
            "{\"email\":01}",
            "{email:\"a\"}",
            "{\"email\":\"a\" \"password\":\"b\"}",
            "{\"email\":\"a\"}}",
            "{}{}",
            "\u{feff}{}",
            "// no\n{}",
            "{\"email\":\"\\ud800\"}",
            "{\"email\":\"\\x41\"}",
            "{\"email\":\"a\u{0}b\",\"password\":\"c\"}",
            "{\"email\":\"line\nbreak\"}",
            "a=b&c=d",
            "<login/>",
            "   ",
            &deep,
            &deep_objects,
        ],
    )
}

fn wrong_types() -> Vec<Case> {
    logins(
        "wrong type",
        &[
            "null",
            "true",
            "7",
            "\"text\"",
            "[]",
            "[{}]",
            "{}",
            "{\"email\":\"a@b.example\"}",
            "{\"password\":\"x\"}",
            "{\"email\":1,\"password\":\"x\"}",
            "{\"email\":null,\"password\":\"x\"}",
            "{\"email\":true,\"password\":\"x\"}",
            "{\"email\":[\"a@b.example\",\"c@d.example\"],\"password\":\"x\"}",
            "{\"email\":{\"$ne\":null},\"password\":\"x\"}",
            "{\"email\":\"a@b.example\",\"password\":1}",
            "{\"email\":\"a@b.example\",\"password\":null}",
            "{\"email\":\"a@b.example\",\"password\":[\"x\"]}",
            "{\"email\":\"a@b.example\",\"password\":{\"x\":1}}",
            "{\"email\":1e400,\"password\":\"x\"}",
            "{\"email\":\"a@b.example\",\"password\":\"x\",\"userId\":7}",
            "{\"email\":\"a@b.example\",\"password\":\"x\",\"role\":\"admin\"}",
            "{\"Email\":\"a@b.example\",\"Password\":\"x\"}",
            "{\"\":\"\"}",
        ],
    )
}

fn duplicate_keys() -> Vec<Case> {
    logins(
        "duplicate key",
        &[
            "{\"email\":\"a@b.example\",\"email\":\"c@d.example\",\"password\":\"x\"}",
            "{\"email\":\"a@b.example\",\"password\":\"x\",\"password\":\"y\"}",
            "{\"password\":\"x\",\"email\":\"a@b.example\",\"password\":\"x\"}",
            "{\"email\":\"a@b.example\",\"\\u0065mail\":\"c@d.example\",\"password\":\"x\"}",
            "{\"email\":null,\"email\":\"a@b.example\",\"password\":\"x\"}",
            "{\"email\":\"a@b.example\",\"password\":\"x\",\"email\":{}}",
        ],
    )
}

fn huge() -> Vec<Case> {
    let million = "a".repeat(1 << 20);
    let password = format!("{{\"email\":\"a@b.example\",\"password\":\"{million}\"}}");
    let email = format!("{{\"email\":\"{million}@b.example\",\"password\":\"x\"}}");
    let key = format!("{{\"{million}\":1}}");
    let long_password =
        format!("{{\"email\":\"a@b.example\",\"password\":\"{}\"}}", "p".repeat(5_000));
    let mut cases = logins("huge", &[&password, &email, &key]);
    cases.push(case("a password of 5,000 characters at registration", {
        raw("POST", "/api/auth/register", JSON, long_password.as_bytes())
    }));
    for length in ["9999999999", "18446744073709551615", "99999999999999999999999"] {
        let head = format!(
            "POST {LOGIN} HTTP/1.1\r\nhost: x\r\n{JSON}content-length: {length}\r\n\r\n{{}}"
        );
        cases.push(unfinished("a length that never comes", head.into_bytes()));
    }
    let chunk = format!("100000\r\n{million}\r\n");
    let chunked = format!(
        "POST {LOGIN} HTTP/1.1\r\nhost: x\r\n{JSON}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}{chunk}0\r\n\r\n"
    );
    cases.push(case("three megabytes in chunks", chunked.into_bytes()));
    cases
}

/// Heads whose framing is wrong (RFC 9112, sections 5 to 7).
fn framing() -> Vec<Case> {
    let headers = [
        ("two lengths", "content-length: 2\r\ncontent-length: 3\r\n"),
        ("a list of lengths", "content-length: 2, 3\r\n"),
        ("a negative length", "content-length: -2\r\n"),
        ("a length with a sign", "content-length: +2\r\n"),
        ("a length in hexadecimal", "content-length: 0x2\r\n"),
        ("a length of words", "content-length: two\r\n"),
        (
            "length and chunks, unknown coding",
            "content-length: 2\r\ntransfer-encoding: xchunked\r\n",
        ),
        ("chunks not last", "transfer-encoding: chunked, gzip\r\n"),
        ("an unknown coding", "transfer-encoding: cow\r\n"),
        ("a space before the colon", "content-length : 2\r\n"),
        ("a folded header", "x-one: a\r\n b\r\ncontent-length: 2\r\n"),
        ("a header without a colon", "nonsense\r\ncontent-length: 2\r\n"),
        ("a header without a name", ": x\r\ncontent-length: 2\r\n"),
        ("a control character in a name", "x\u{1}y: a\r\ncontent-length: 2\r\n"),
        ("a control character in a value", "x-one: a\u{0}b\r\ncontent-length: 2\r\n"),
        ("a bare CR in a value", "x-one: a\rb\r\ncontent-length: 2\r\n"),
        ("a name with a bracket", "x(y): a\r\ncontent-length: 2\r\n"),
    ];
    let head = |(name, lines): &(&str, &str)| {
        let text = format!("POST {LOGIN} HTTP/1.1\r\nhost: x\r\n{JSON}{lines}\r\n{{}}");
        unfinished(name, text.into_bytes())
    };
    let mut cases: Vec<Case> = headers.iter().map(head).collect();
    for size in ["g", "-1", "0x2", "ffffffffffffffffff", ""] {
        let text = format!(
            "POST {LOGIN} HTTP/1.1\r\nhost: x\r\n{JSON}transfer-encoding: chunked\r\n\r\n{size}\r\n{{}}\r\n0\r\n\r\n"
        );
        cases.push(unfinished(&format!("a chunk of size {size:?}"), text.into_bytes()));
    }
    cases
}

/// Request lines that are wrong (RFC 9112, section 3).
fn lines() -> Vec<Case> {
    let wrong = [
        ("no version", "GET /livez"),
        ("an unknown version", "GET /livez HTTP/9.9\r\nhost: x"),
        ("a version of words", "GET /livez HTTP/one\r\nhost: x"),
        ("another protocol", "GET /livez ICY/1.1\r\nhost: x"),
        ("three spaces", "GET   /livez   HTTP/1.1\r\nhost: x"),
        ("no path", "GET HTTP/1.1\r\nhost: x"),
        ("an empty method", " /livez HTTP/1.1\r\nhost: x"),
        ("a method with a bracket", "G(T /livez HTTP/1.1\r\nhost: x"),
        ("a tab in the line", "GET\t/livez\tHTTP/1.1\r\nhost: x"),
        ("a control character in the path", "GET /\u{1} HTTP/1.1\r\nhost: x"),
        ("TLS on the plain port", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}"),
        ("SSH on the plain port", "SSH-2.0-OpenSSH_9.2"),
    ];
    wrong
        .iter()
        .map(|(name, text)| unfinished(name, format!("{text}\r\n\r\n").into_bytes()))
        .collect()
}

/// Heads that are too long, too many or too short.
fn heads() -> Vec<Case> {
    let long = "a".repeat(200_000);
    let many: String = (0..500).map(|number| format!("x-{number}: y\r\n")).collect();
    let heads = [
        ("a path of 200 kB", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n")),
        ("a query of 200 kB", format!("GET /api/me?{long} HTTP/1.1\r\nhost: x\r\n\r\n")),
        ("a header of 200 kB", format!("GET /api/me HTTP/1.1\r\nhost: x\r\nx-one: {long}\r\n\r\n")),
        ("500 headers", format!("GET /api/me HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        ("half a head", "GET /api/me HTTP/1.1\r\nhost: x\r\nx-one".to_owned()),
    ];
    heads.into_iter().map(|(name, text)| unfinished(name, text.into_bytes())).collect()
}

fn invalid_utf8() -> Vec<Case> {
    let mut cases = Vec::new();
    let bad: [&[u8]; 5] =
        [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82"];
    for bytes in bad {
        let email = [b"{\"email\":\"", bytes, b"\",\"password\":\"x\"}"].concat();
        cases.push(case("invalid UTF-8 in a string", raw("POST", LOGIN, JSON, &email)));
        let key = [b"{\"", bytes, b"\":1}"].concat();
        cases.push(case("invalid UTF-8 in a key", raw("POST", LOGIN, JSON, &key)));
        let cookie =
            [b"GET /api/me HTTP/1.1\r\nhost: x\r\ncookie: galen_session=", bytes, b"\r\n\r\n"]
                .concat();
        cases.push(case("invalid UTF-8 in the cookie", cookie));
    }
    for path in ["/%ff", "/api/%c0%af/me", "/api/me/sessions/%ed%a0%80", "/%", "/%zz", "/api/%2"] {
        cases.push(case(format!("an undecodable path {path}"), raw("GET", path, "", b"")));
    }
    cases
}

fn absurd_cookies() -> Vec<Case> {
    let long = "a".repeat(6_000);
    let many: String = (0..300).map(|number| format!("c{number}=v; ")).collect();
    let values = [
        "galen_session".to_owned(),
        "galen_session=".to_owned(),
        "=".to_owned(),
        ";;;;".to_owned(),
        "galen_session=\"".to_owned(),
        "galen_session=\"\"".to_owned(),
        "galen_session=../../etc/passwd".to_owned(),
        "galen_session=' OR 1=1 --".to_owned(),
        "galen_session=null".to_owned(),
        "galen_session=a; galen_session=b".to_owned(),
        "__Host-galen_session=a; galen_session=b".to_owned(),
        "GALEN_SESSION=a".to_owned(),
        format!("galen_session={long}"),
        format!("{many}galen_session=a"),
        format!("galen_session={}", "A".repeat(43)),
        format!("galen_session={}", "\u{e9}".repeat(20)),
    ];
    let with = |value: &String| {
        case(
            format!("the cookie {value:.40}"),
            raw("GET", "/api/me", &format!("cookie: {value}\r\n"), b""),
        )
    };
    values.iter().map(with).collect()
}

fn traversal() -> Vec<Case> {
    let paths = [
        "/../etc/passwd",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/..%5c..%5cwindows",
        "/..\\..\\windows",
        "/api/../../etc/passwd",
        "/api/%2e%2e/%2e%2e/dev.db",
        "/./dev.db",
        "/dev.db",
        "/dev.db-wal",
        "/.git/config",
        "/galen.toml",
        "//etc/passwd",
        "///",
        "/%00",
        "/livez%00.html",
        "/api/me/..",
        "/api/me/sessions/../../admin/users",
        "/api/me/sessions/..%2f..%2fadmin",
        "/api//me",
        "/etc/passwd",
        "/proc/self/environ",
        "/api/auth/login/..;/",
    ];
    paths.iter().map(|path| case(format!("the path {path}"), raw("GET", path, "", b""))).collect()
}

fn content_types() -> Vec<Case> {
    let body = b"{\"email\":\"a@b.example\",\"password\":\"x\"}";
    let kinds = [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: multipart/form-data; boundary=x\r\n",
        "content-type: application/xml\r\n",
        "content-type: /\r\n",
        "content-type: json\r\n",
    ];
    kinds
        .iter()
        .map(|kind| case(format!("the kind {kind:?}"), raw("POST", LOGIN, kind, body)))
        .collect()
}

fn identifiers(admin: &Session) -> Vec<Case> {
    let head = signed(admin);
    let ids = [
        "0",
        "null",
        "-1",
        "undefined",
        "a%20b",
        "%00",
        "' OR 1=1--",
        "00000000-0000-0000-0000-000000000000",
    ];
    let mut cases = Vec::new();
    for id in ids.map(|id| id.replace(' ', "%20")) {
        cases.push(case(
            format!("the user {id}"),
            raw("GET", &format!("/api/admin/users/{id}"), &head, b""),
        ));
        cases.push(case(
            format!("the session {id}"),
            raw("DELETE", &format!("/api/me/sessions/{id}"), &head, b""),
        ));
    }
    cases
}

fn queries(admin: &Session) -> Vec<Case> {
    let head = signed(admin);
    let queries = [
        "limit=-1",
        "limit=abc",
        "limit=99999999999999999999",
        "limit=1e3",
        "limit=0x10",
        "limit=",
        "after=x",
        "after=%00",
        "after='%20OR%201=1",
        "after=%ff",
        "limit=1&limit=2",
        "nosuchparameter=1",
    ];
    let with = |query: &&str| {
        case(
            format!("the query {query}"),
            raw("GET", &format!("/api/notifications?{query}"), &head, b""),
        )
    };
    queries.iter().map(with).collect()
}

fn fields(admin: &Session) -> Vec<Case> {
    let head = format!("{}{JSON}", signed(admin));
    let bodies = [
        ("PATCH", "/api/me", "{\"role\":\"admin\"}"),
        ("PATCH", "/api/me", "{\"id\":\"0\"}"),
        ("PATCH", "/api/me", "{\"email_verified\":true}"),
        ("PATCH", "/api/me", "{\"name\":7}"),
        ("PATCH", "/api/me", "[]"),
        ("POST", "/api/me/password", "{}"),
        ("POST", "/api/notifications/mark-read", "{\"ids\":\"all\"}"),
        ("POST", "/api/notifications/mark-read", "{\"ids\":[1]}"),
        ("POST", "/api/notifications/mark-read", "{\"ids\":[\"x\"]}"),
        ("POST", "/api/admin/notifications", "{\"user_id\":\"0\",\"title\":\"x\"}"),
        ("POST", "/api/admin/users", "{\"email\":\"not an address\",\"password\":\"x\"}"),
        ("POST", "/api/setup", "{\"token\":[]}"),
    ];
    let with = |(method, path, body): &(&str, &str, &str)| {
        case(format!("{method} {path} {body}"), raw(method, path, &head, body.as_bytes()))
    };
    bodies.iter().map(with).collect()
}

fn methods() -> Vec<Case> {
    let pairs = [
        ("DELETE", "/livez"),
        ("PUT", "/api/me"),
        ("TRACE", "/api/me"),
        ("GET", "/api/auth/login"),
        ("PATCH", "/api/notifications"),
        ("BREW", "/api/me"),
        ("get", "/livez"),
        ("POST", "/api/auth/csrf"),
    ];
    pairs
        .iter()
        .map(|(method, path)| case(format!("{method} {path}"), raw(method, path, "", b"")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_at_least_200_different_malformed_requests() {
        let admin = Session { cookie: "galen_session=a".to_owned(), csrf: "b".to_owned() };
        let mut bytes: Vec<Vec<u8>> = all(&admin).into_iter().map(|case| case.bytes).collect();
        let whole = bytes.len();
        bytes.sort();
        bytes.dedup();
        assert!(bytes.len() >= 200, "{}", bytes.len());
        assert_eq!(bytes.len(), whole, "no case is sent twice");
    }
}
