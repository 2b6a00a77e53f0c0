//! A client of HTTP/1.1 that can also speak it badly, with a cookie jar.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any test needs; only a server that hangs reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} stands twice");
        first
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The code of the problem this must be.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        let named = self.header("x-request-id").expect("a request id");
        assert_eq!(problem["request_id"], named);
        for key in ["type", "title", "detail", "code"] {
            assert!(problem[key].is_string(), "{key} is missing in {problem}");
        }
        problem["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Pointers and codes of the fields that were wrong.
    pub fn errors(&self) -> Vec<(String, String)> {
        let problem = self.json();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|e| (text(&e["pointer"]), text(&e["code"]))).collect()
    }
}

/// A browser, as far as the tests need one. Every request has a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    pub addr: SocketAddr,
    pub cookies: BTreeMap<String, String>,
    pub csrf: Option<String>,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, cookies: BTreeMap::new(), csrf: None }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &[], Some(body)).await
    }

    pub async fn put(&mut self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, &[], Some(body)).await
    }

    pub async fn patch(&mut self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, &[], Some(body)).await
    }

    pub async fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None).await
    }

    /// Sends a request with the jar's cookies, and the token against forged requests where the
    /// method is unsafe.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(head, "host: {}\r\n", self.addr).expect("text");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            write!(head, "cookie: {}\r\n", pairs.join("; ")).expect("text");
        }
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS");
        let says_token = headers.iter().any(|(name, _)| *name == "x-csrf-token");
        if let (Some(token), false, false) = (&self.csrf, is_safe, says_token) {
            write!(head, "x-csrf-token: {token}\r\n").expect("text");
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("text");
        }
        let body = body.map(|value| value.to_string()).unwrap_or_default();
        if !body.is_empty() {
            head.push_str("content-type: application/json\r\n");
        }
        write!(head, "content-length: {}\r\n\r\n{body}", body.len()).expect("text");
        let mut stream = TcpStream::connect(self.addr).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("a request");
        let reply = read_reply(&mut stream, method == "HEAD").await;
        self.keep_cookies(&reply);
        reply
    }

    fn keep_cookies(&mut self, reply: &Reply) {
        for cookie in reply.all("set-cookie") {
            let mut parts = cookie.split("; ");
            let pair = parts.next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("name and value");
            if parts.any(|part| part == "Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Keeps the token against forged requests that a sign-in answers with.
    pub fn keep_token(&mut self, reply: &Reply) {
        if reply.status == 200 {
            self.csrf = reply.json()["csrf_token"].as_str().map(str::to_owned);
        }
    }
}

/// Reads one answer.
pub async fn read_reply(stream: &mut (impl AsyncRead + Unpin), is_head: bool) -> Reply {
    let reading = async {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.expect("an answer");
            assert!(
                read > 0,
                "the connection ended in a head: {:?}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend_from_slice(&piece[..read]);
        };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
        let mut body = bytes.split_off(end + 4);
        let (status, headers) = parse_head(&head);
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a number"));
        while !is_head && body.len() < length {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.expect("a body");
            assert!(read > 0, "the connection ended in a body");
            body.extend_from_slice(&piece[..read]);
        }
        Reply { status, headers, body }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
}

fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.split("\r\n");
    let status_line = lines.next().expect("a status line");
    let status = status_line.split(' ').nth(1).expect("a status");
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    (status.parse().expect("a number"), headers)
}

/// Sends bytes as they are and gives all that comes back until the server ends the connection.
pub async fn raw(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let talk = async {
        let mut stream = TcpStream::connect(addr).await.expect("a connection");
        // The server may refuse in the middle; what it said is still there to read.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("an end in time")
}
