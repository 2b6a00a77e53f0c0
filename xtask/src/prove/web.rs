//! A small HTTP/1.1 client over a plain socket: keep-alive, one request at a time, nothing hidden.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long one answer may take before it counts as indeterminate.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The `name=value` part of each cookie that is being set to something.
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let pairs = set.filter_map(|(_, value)| value.split(';').next());
        let kept: Vec<&str> = pairs.filter(|pair| !pair.ends_with('=')).collect();
        (!kept.is_empty()).then(|| kept.join("; "))
    }

    /// Whether it is an RFC 9457 problem.
    pub fn is_problem(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json"))
            && self.json()["code"].is_string()
    }
}

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Request {
    /// A `GET` of a path.
    pub fn get(path: &str) -> Self {
        Self { method: "GET".to_owned(), path: path.to_owned(), ..Self::default() }
    }

    /// A `POST` of a JSON value.
    pub fn post(path: &str, body: &Value) -> Self {
        let request = Self { method: "POST".to_owned(), path: path.to_owned(), ..Self::default() };
        Self { body: Some(body.to_string()), ..request.header("content-type", "application/json") }
    }

    /// A `PATCH` with a JSON value.
    pub fn patch(path: &str, body: &Value) -> Self {
        Self { method: "PATCH".to_owned(), ..Self::post(path, body) }
    }

    /// A `DELETE` of a path.
    pub fn delete(path: &str) -> Self {
        Self { method: "DELETE".to_owned(), ..Self::get(path) }
    }

    /// A `POST` without a body.
    pub fn post_empty(path: &str) -> Self {
        Self {
            method: "POST".to_owned(),
            path: path.to_owned(),
            body: Some(String::new()),
            ..Self::default()
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(self.body.as_deref().unwrap_or_default());
        text.into_bytes()
    }
}

/// A client that keeps its connection as long as the server does.
#[derive(Debug)]
pub struct Client {
    at: SocketAddr,
    stream: Option<TcpStream>,
}

impl Client {
    /// A client of a server on loopback.
    pub fn new(port: u16) -> Self {
        Self { at: SocketAddr::from(([127, 0, 0, 1], port)), stream: None }
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// When the connection fails or the answer does not come whole; whether the server acted on the
    /// request is then unknown. Nothing is sent twice.
    pub fn send(&mut self, request: &Request) -> Result<Answer> {
        let host = self.at.to_string();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.at)?,
        };
        stream.write_all(&request.to_bytes(&host)).context("cannot send")?;
        let (answer, keep) = read_answer(&mut stream, request.method == "HEAD")?;
        self.stream = keep.then_some(stream);
        Ok(answer)
    }
}

/// Opens a connection with deadlines and without Nagle's delay.
///
/// # Errors
/// When nothing listens there.
pub fn connect(at: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&at, PATIENCE)
        .with_context(|| format!("cannot connect to {at}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads one answer; the flag says whether the connection can be used again.
///
/// # Errors
/// When the stream ends or goes silent before the answer is whole.
pub fn read_answer(stream: &mut TcpStream, head_only: bool) -> Result<(Answer, bool)> {
    let mut bytes = Vec::with_capacity(1024);
    let head_end = loop {
        if let Some(at) = find(&bytes, b"\r\n\r\n") {
            break at;
        }
        fill(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut rest = bytes.split_off(head_end + 4);
    let (status, headers) = parse_head(&head)?;
    let named =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    let closes = named("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let mut keep = !closes;
    let body = if head_only || status == 204 || status == 304 {
        Vec::new()
    } else if named("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        read_chunks(stream, rest)?
    } else if let Some(length) =
        named("content-length").and_then(|value| value.parse::<usize>().ok())
    {
        while rest.len() < length {
            fill(stream, &mut rest)?;
        }
        rest.truncate(length);
        rest
    } else {
        keep = false;
        stream.read_to_end(&mut rest).context("the answer broke off")?;
        rest
    };
    Ok((Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }, keep))
}

fn parse_head(head: &str) -> Result<(u16, Vec<(String, String)>)> {
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("not an HTTP answer: {first:?}"))?;
    let split = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Ok((status, lines.filter_map(split).collect()))
}

fn read_chunks(stream: &mut TcpStream, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = loop {
            if let Some(at) = find(&bytes, b"\r\n") {
                break at;
            }
            fill(stream, &mut bytes)?;
        };
        let size = String::from_utf8_lossy(&bytes[..line_end]).into_owned();
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
            .context("a chunk without its size")?;
        while bytes.len() < line_end + 2 + size + 2 {
            fill(stream, &mut bytes)?;
        }
        body.extend_from_slice(&bytes[line_end + 2..line_end + 2 + size]);
        bytes.drain(..line_end + 2 + size + 2);
        if size == 0 {
            return Ok(body);
        }
    }
}

fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    let mut chunk = [0_u8; 8192];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => bail!("the connection was closed before the answer was whole"),
            Ok(count) => {
                bytes.extend_from_slice(&chunk[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("the answer did not come"),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(raw: &'static str) -> Result<(Answer, bool)> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(raw.as_bytes()).unwrap();
        });
        let result = read_answer(&mut connect(at).unwrap(), false);
        server.join().unwrap();
        result
    }

    #[test]
    fn an_answer_with_a_length_is_read_whole() {
        let (answer, keep) = answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((answer.status, answer.body.as_str(), keep), (200, "hi", true));
    }

    #[test]
    fn chunks_are_put_together() {
        let raw =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n";
        assert_eq!(answered(raw).unwrap().0.body, "hi!");
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error_and_not_an_answer() {
        assert!(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi").is_err());
    }

    #[test]
    fn a_cookie_that_is_being_removed_is_not_kept() {
        let raw =
            "HTTP/1.1 200 OK\r\nSet-Cookie: galen_session=; Max-Age=0\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(answered(raw).unwrap().0.cookie(), None);
    }
}
