//! A reader of a stream of events, as a browser is one.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Client;

/// Longer than any test needs; only a server that says nothing reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: Option<i64>,
    pub name: String,
    pub data: Value,
}

/// An open stream.
pub struct Listener {
    socket: TcpStream,
    bytes: Vec<u8>,
    /// The head of the answer.
    pub head: String,
}

impl Listener {
    /// Opens a stream with the client's cookies.
    pub async fn open(client: &Client, path: &str, headers: &str) -> Self {
        let cookies: Vec<String> = client.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n{headers}\r\n",
            client.addr,
            cookies.join("; ")
        );
        let mut socket = TcpStream::connect(client.addr).await.expect("a connection");
        socket.write_all(request.as_bytes()).await.expect("a request");
        let mut listener = Self { socket, bytes: Vec::new(), head: String::new() };
        while !listener.bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            assert!(listener.fill().await, "the connection ended in a head");
        }
        let text = String::from_utf8_lossy(&listener.bytes).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n").expect("a head");
        listener.head = head.to_ascii_lowercase();
        listener.bytes = rest.as_bytes().to_vec();
        listener
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    async fn fill(&mut self) -> bool {
        let mut piece = vec![0; 16 * 1024];
        let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut piece)).await;
        let read = read.expect("something in time").unwrap_or(0);
        self.bytes.extend_from_slice(&piece[..read]);
        read > 0
    }

    /// The next event; nothing when the stream is over. The sizes of chunks stand on lines of their
    /// own, which begin with no name of a field, and are passed over with the comments.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(at) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..at + 2).collect();
                let text = String::from_utf8_lossy(&block).into_owned();
                let field = |name: &str| {
                    text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
                };
                if let Some(name) = field("event: ") {
                    let data = field("data: ").unwrap_or_default();
                    let id = field("id: ").and_then(|id| id.parse().ok());
                    return Some(Event {
                        id,
                        name,
                        data: serde_json::from_str(&data).expect("JSON"),
                    });
                }
            } else if self.bytes.ends_with(b"\r\n0\r\n\r\n") || !self.fill().await {
                // The last chunk is an empty one (RFC 9112, section 7.1).
                return None;
            }
        }
    }

    /// The next event, which must have this name.
    pub async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.unwrap_or_else(|| panic!("the end instead of {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}
