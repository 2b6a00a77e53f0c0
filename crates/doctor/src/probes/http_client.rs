//! One HTTP/1.1 exchange over a connection of its own, every part of it timed and bounded.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

use super::scene::Address;
use crate::evidence::redact;

/// Largest head of an answer; a longer one is a protocol error.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header lines of an answer.
const HEADERS_MAX: usize = 100;
/// How much of an error answer's body is quoted, in characters.
const QUOTE_CHARS: usize = 200;

/// Who the doctor's own requests say they come from.
const DOCTOR_AGENT: &str = concat!("galen-doctor/", env!("CARGO_PKG_VERSION"));

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status came whole, or up to the body cap.
    Status(u16),
    /// Nothing listens: the connection was refused.
    Refused,
    /// The connection was reset.
    Reset,
    /// The deadline passed.
    Timeout,
    /// The server closed before an answer was complete.
    Closed,
    /// There is no way to the address.
    Unreachable,
    /// The host's name stands for no address.
    Unresolved,
    /// No trusted TLS connection came to be: of the certificate, most often.
    Tls,
    /// What came is not HTTP/1.1, or exceeds its limits.
    Protocol,
}

impl Outcome {
    /// The outcome as a label: `200`, `timeout`, …
    pub fn label(self) -> String {
        match self {
            Self::Status(status) => return status.to_string(),
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::Unresolved => "unresolved",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
        }
        .to_owned()
    }

    /// Whether the server failed: no whole answer, or a status of 500 and more.
    pub fn is_error(self) -> bool {
        !matches!(self, Self::Status(status) if status < 500)
    }
}

/// One measured exchange. Times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The TCP connect; absent on a connection that was already open or never opened.
    pub connect_ms: Option<f64>,
    /// From the request written to the first byte of the answer.
    pub first_byte_ms: Option<f64>,
    /// From the start of connecting (or of writing, on an open connection) to the end.
    pub total_ms: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes of the body read.
    pub body_bytes: u64,
    /// The body, for those few answers the doctor itself reads.
    pub body: Bytes,
    /// The Server header, redacted.
    pub server: Option<String>,
    /// The Retry-After header in seconds.
    pub retry_after_s: Option<i64>,
    /// The headers of the answer; empty when none came.
    pub headers: HeaderMap,
    /// The Date header in Unix milliseconds.
    pub date_ms: Option<i64>,
    /// When the first byte of the answer came.
    pub first_byte_at: Option<Instant>,
    /// When it ended.
    pub ended: Instant,
}

impl Exchange {
    /// An exchange that ended without an answer.
    pub fn failed(outcome: Outcome, started: Instant) -> Self {
        let ended = Instant::now();
        Self {
            connect_ms: None,
            first_byte_ms: None,
            total_ms: ms(ended - started),
            outcome,
            body_bytes: 0,
            body: Bytes::new(),
            server: None,
            retry_after_s: None,
            headers: HeaderMap::new(),
            date_ms: None,
            first_byte_at: None,
            ended,
        }
    }

    /// The status; `None` when no answer came.
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Status(status) => Some(status),
            _ => None,
        }
    }

    /// A header of the answer as text; the first of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The redacted start of the body, to be quoted with an error.
    pub fn quote(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(QUOTE_CHARS).collect();
        redact::text(&text).chars().take(QUOTE_CHARS).collect()
    }
}

/// Limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The whole exchange.
    pub deadline: Duration,
    /// No exchange goes on beyond this moment, so that what was measured is still published.
    pub until: Instant,
    /// Bytes of the body; what is beyond is not read.
    pub body_bytes_max: u64,
}

impl Limits {
    /// When an exchange that began then must have ended.
    pub fn end(&self, started: Instant) -> Instant {
        (started + self.deadline).min(self.until)
    }
}

/// A connection that stands, and when its last request was written and its first byte came.
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    marks: Arc<Mutex<Marks>>,
    head: HeaderMap,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    written: Option<Instant>,
    first_byte: Option<Instant>,
}

/// A GET on a connection of its own.
pub async fn get(address: &Address, path: &str, limits: Limits) -> Exchange {
    let started = Instant::now();
    match dial(address, None, limits.end(started)).await {
        Err(outcome) => Exchange::failed(outcome, started),
        Ok((mut connection, connect_ms)) => {
            let mut exchange = connection.exchange(path, limits, started).await;
            exchange.connect_ms = Some(connect_ms);
            exchange
        }
    }
}

/// A socket bound before it connects, so that its own address is known while it does.
///
/// # Errors
/// When no local port can be had.
pub fn bound_socket(address: &Address) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if address.socket.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.local {
        socket.bind(SocketAddr::new(address.socket.ip(), 0))?;
    }
    let own = socket.local_addr()?;
    Ok((socket, own))
}

/// Connects and shakes hands with hyper; gives the connection and the milliseconds of the connect.
///
/// # Errors
/// The outcome that a request on it would have had.
pub async fn dial(
    address: &Address,
    socket: Option<TcpSocket>,
    deadline: Instant,
) -> Result<(Connection, f64), Outcome> {
    let started = Instant::now();
    let stream = connect(address.socket, socket, deadline).await?;
    let connect_ms = ms(started.elapsed());
    let mut head = head(&address.authority, DOCTOR_AGENT)?;
    head.extend(address.headers.clone());
    Ok((shake(stream, head).await?, connect_ms))
}

/// The TCP connect alone.
///
/// # Errors
/// The outcome that a request on it would have had.
pub async fn connect(
    address: SocketAddr,
    socket: Option<TcpSocket>,
    deadline: Instant,
) -> Result<TcpStream, Outcome> {
    let connecting = async {
        match socket {
            Some(socket) => socket.connect(address).await,
            None => TcpStream::connect(address).await,
        }
    };
    let stream = match timeout_at(deadline, connecting).await {
        Err(_) => return Err(Outcome::Timeout),
        Ok(Err(error)) => return Err(of_io(&error)),
        Ok(Ok(stream)) => stream,
    };
    // Nagle's delay would be ours, not the server's; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// What every request of a connection says of itself.
///
/// # Errors
/// When the name cannot stand in a header.
pub fn head(authority: &str, agent: &str) -> Result<HeaderMap, Outcome> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Outcome::Protocol);
    let mut head = HeaderMap::new();
    head.insert(HOST, value(authority)?);
    head.insert(USER_AGENT, value(agent)?);
    head.insert(ACCEPT, HeaderValue::from_static("*/*"));
    Ok(head)
}

/// Speaks HTTP/1.1 on a stream that stands. `head` goes with every request.
///
/// # Errors
/// The outcome that a request on it would have had.
pub async fn shake<S>(stream: S, head: HeaderMap) -> Result<Connection, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let marks = Arc::new(Mutex::new(Marks::default()));
    let timed = TimedStream { inner: stream, marks: Arc::clone(&marks) };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let (sender, connection) =
        builder.handshake(TokioIo::new(timed)).await.map_err(|_| Outcome::Protocol)?;
    // The driver ends with the connection; its error is told to the request that waits on it.
    tokio::spawn(async move { connection.await.ok() });
    Ok(Connection { sender, marks, head })
}

/// A request of a method that changes nothing, with headers of its own, on a connection of its own.
/// Gives the connection too, which stands as long as it is kept.
pub async fn ask(
    address: &Address,
    (asking, path): (&Asking, &str),
    socket: Option<TcpSocket>,
    limits: Limits,
) -> (Exchange, Option<Connection>) {
    let started = Instant::now();
    match dial(address, socket, limits.end(started)).await {
        Err(outcome) => (Exchange::failed(outcome, started), None),
        Ok((mut connection, _)) => {
            connection.head.extend(asking.headers.clone());
            let method = if asking.preflight { Method::OPTIONS } else { Method::GET };
            let exchange = connection.send((method, path, Bytes::new()), limits, started).await;
            (exchange, Some(connection))
        }
    }
}

/// How a request differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Whether it is an OPTIONS request, as a browser's preflight is, in place of a GET.
    preflight: bool,
    /// Headers it has besides the usual ones.
    headers: HeaderMap,
}

impl Asking {
    /// An OPTIONS request, as browsers send one before others (Fetch, section 3.3.2).
    pub fn preflight() -> Self {
        Self { preflight: true, ..Self::default() }
    }

    /// The same with one more header; a value that cannot stand in one is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl Connection {
    /// Whether the server still keeps the connection open and hyper can send on it.
    pub async fn is_open(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// One request on the open connection, timed from the moment it is sent.
    pub async fn request(&mut self, path: &str, limits: Limits) -> Exchange {
        let started = Instant::now();
        *self.marks.lock().unwrap_or_else(PoisonError::into_inner) = Marks::default();
        self.exchange(path, limits, started).await
    }

    /// One request on a fresh connection, timed and bounded from `started`, when it was dialled.
    pub async fn exchange(&mut self, path: &str, limits: Limits, started: Instant) -> Exchange {
        self.send((Method::GET, path, Bytes::new()), limits, started).await
    }

    /// As [`Connection::exchange`], of any method, with a body.
    pub async fn send(
        &mut self,
        (method, path, body): (Method, &str, Bytes),
        limits: Limits,
        started: Instant,
    ) -> Exchange {
        let deadline = limits.end(started);
        let built = Request::builder().method(method).uri(path).body(Full::new(body));
        let Ok(mut request) = built else {
            return Exchange::failed(Outcome::Protocol, started);
        };
        request.headers_mut().clone_from(&self.head);
        let sending = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        match timeout_at(deadline, sending).await {
            Err(_) => Exchange::failed(Outcome::Timeout, started),
            Ok(Err(error)) => Exchange::failed(of_hyper(&error), started),
            Ok(Ok(response)) => self.read(response, limits, started).await,
        }
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        limits: Limits,
        started: Instant,
    ) -> Exchange {
        let marks = *self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let status = response.status().as_u16();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.as_bytes().to_vec());
        let server = header("server").map(|raw| redact::text(&String::from_utf8_lossy(&raw)));
        let retry_after_s =
            header("retry-after").and_then(|raw| String::from_utf8(raw).ok()?.trim().parse().ok());
        let headers = response.headers().clone();
        let date_ms = header("date").and_then(|raw| date_ms(&String::from_utf8(raw).ok()?));
        let deadline = limits.end(started);
        // A stream of events never ends; its answer is whole with its head (HTML, §9.2).
        let is_stream =
            header("content-type").is_some_and(|kind| kind.starts_with(b"text/event-stream"));
        let (body, body_end) = if is_stream {
            (Bytes::new(), None)
        } else {
            read_body(response.into_body(), limits.body_bytes_max, deadline).await
        };
        let first_byte_ms = marks
            .first_byte
            .zip(marks.written)
            .map(|(first, written)| ms(first.saturating_duration_since(written)));
        let ended = Instant::now();
        Exchange {
            connect_ms: None,
            first_byte_ms,
            total_ms: ms(ended - started),
            outcome: body_end.unwrap_or(Outcome::Status(status)),
            body_bytes: body.len() as u64,
            body,
            server,
            retry_after_s,
            headers,
            date_ms,
            first_byte_at: marks.first_byte,
            ended,
        }
    }
}

/// Reads up to `cap` bytes; the second part says how the body ended when it did not end well.
async fn read_body(mut body: Incoming, cap: u64, deadline: Instant) -> (Bytes, Option<Outcome>) {
    let mut read = BytesMut::new();
    loop {
        match timeout_at(deadline, body.frame()).await {
            Err(_) => return (read.freeze(), Some(Outcome::Timeout)),
            Ok(None) => return (read.freeze(), None),
            Ok(Some(Err(error))) => return (read.freeze(), Some(of_hyper(&error))),
            Ok(Some(Ok(frame))) => {
                let room = usize::try_from(cap).unwrap_or(usize::MAX).saturating_sub(read.len());
                if let Some(data) = frame.data_ref() {
                    read.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() >= room {
                        return (read.freeze(), None);
                    }
                }
            }
        }
    }
}

/// A Date header in Unix milliseconds (RFC 9110, section 5.6.7: the fixed form of RFC 5322 dates).
fn date_ms(text: &str) -> Option<i64> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(parsed.as_millisecond())
}

/// How a failed call on a socket ends a request.
pub fn of_io(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Outcome::Reset,
        io::ErrorKind::TimedOut => Outcome::Timeout,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionAborted => Outcome::Closed,
        // The TLS layer's word for bytes that are no TLS.
        io::ErrorKind::InvalidData => Outcome::Protocol,
        _ => Outcome::Unreachable,
    }
}

fn of_hyper(error: &hyper::Error) -> Outcome {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    match io {
        Some(io) if io.kind() == io::ErrorKind::ConnectionReset => Outcome::Reset,
        _ if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            Outcome::Closed
        }
        Some(io) if io.kind() != io::ErrorKind::Other => of_io(io),
        _ => Outcome::Protocol,
    }
}

/// A duration in milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A stream that notes when the last byte was written and when the first byte came back.
struct TimedStream<S> {
    inner: S,
    marks: Arc<Mutex<Marks>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            if marks.written.is_some() && marks.first_byte.is_none() {
                marks.first_byte = Some(Instant::now());
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(_)) = polled {
            self.marks.lock().unwrap_or_else(PoisonError::into_inner).written =
                Some(Instant::now());
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A server that answers each connection with these bytes and then keeps it open or not.
    fn hostile(answer: &'static [u8], endless: bool) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 1024];
                let _ = stream.read(&mut head);
                let _ = stream.write_all(answer);
                while endless && stream.write_all(b"10\r\n0123456789abcdef\r\n").is_ok() {}
            }
        });
        Address {
            socket,
            all: vec![socket],
            authority: socket.to_string(),
            prefix: String::new(),
            local: true,
            headers: HeaderMap::new(),
        }
    }

    fn limits() -> Limits {
        let deadline = Duration::from_secs(2);
        Limits { deadline, until: Instant::now() + deadline, body_bytes_max: 4096 }
    }

    #[tokio::test]
    async fn an_answer_is_timed_by_phase() {
        let address =
            hostile(b"HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: 2\r\n\r\nok", false);
        let exchange = get(&address, "/", limits()).await;
        assert_eq!(exchange.outcome, Outcome::Status(200));
        assert_eq!((exchange.body_bytes, exchange.server.as_deref()), (2, Some("x")));
        assert!(
            exchange.connect_ms.unwrap() + exchange.first_byte_ms.unwrap() <= exchange.total_ms
        );
    }

    #[tokio::test]
    async fn an_endless_body_is_read_to_the_cap_and_no_further() {
        let address = hostile(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true);
        let exchange = get(&address, "/", limits()).await;
        assert_eq!((exchange.outcome, exchange.body_bytes), (Outcome::Status(200), 4096));
    }

    #[tokio::test]
    async fn a_stream_of_events_is_answered_with_its_head() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n";
        let exchange = get(&hostile(head, false), "/", limits()).await;
        assert_eq!((exchange.outcome, exchange.body_bytes), (Outcome::Status(200), 0));
    }

    #[tokio::test]
    async fn what_is_not_http_is_a_protocol_error_and_a_silent_close_is_closed() {
        let address = hostile(b"\x1b[31mSSH-2.0-hello\r\n\r\n", false);
        assert_eq!(get(&address, "/", limits()).await.outcome, Outcome::Protocol);
        let address = hostile(b"", false);
        assert_eq!(get(&address, "/", limits()).await.outcome, Outcome::Closed);
        let address = hostile(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok", false);
        assert_eq!(get(&address, "/", limits()).await.outcome, Outcome::Closed);
    }

    #[tokio::test]
    async fn a_closed_port_is_refused_and_an_error_quote_carries_no_escape() {
        let mut address = hostile(b"HTTP/1.1 500 E\r\ncontent-length: 8\r\n\r\n\x1b[31mbad", false);
        let exchange = get(&address, "/", limits()).await;
        assert!(exchange.outcome.is_error());
        assert_eq!(exchange.quote(), "[31mbad");
        address.socket = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(get(&address, "/", limits()).await.outcome, Outcome::Refused);
    }
}
