//! The outward look against real servers: well ones, sick ones, and certificates of every kind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as Plain};
use std::sync::mpsc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Serves one connection after another, each with `serve`, and gives the address.
fn served(mut serve: impl FnMut(Plain) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap());
        }
    });
    address
}

/// The request as it came, up to the end of its head.
fn head_of(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn asked() -> Ask {
    Ask { dial: None, headers: Vec::new(), timeout: Duration::from_secs(5), body_bytes_max: 1_000 }
}

fn briefly() -> Ask {
    Ask { timeout: Duration::from_millis(100), ..asked() }
}

async fn get(url: &str, ask: Ask) -> Answer {
    Client::new("test", Trust::Nobody).get(&Url::parse(url).unwrap(), ask).await
}

#[test]
fn a_url_is_read_with_its_port_and_shown_without_its_query() {
    let url = Url::parse("https://example.org/health?key=secret#part").unwrap();
    assert_eq!((url.host(), url.port, url.is_https()), ("example.org", 443, true));
    assert_eq!(
        (url.path.as_str(), url.to_string().as_str()),
        ("/health?key=secret", "https://example.org/health")
    );
    let url = Url::parse("http://[::1]:8000").unwrap();
    assert_eq!((url.host(), url.port, url.path.as_str()), ("::1", 8000, "/"));
    for wrong in [
        "",
        "/health",
        "example.org",
        "ftp://example.org/",
        "http://",
        "http://u:p@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://a b/",
        "http://a/\r\nx: y",
    ] {
        assert!(Url::parse(wrong).is_err(), "{wrong}");
    }
    assert!(Url::parse(&format!("http://a/{}", "x".repeat(URL_BYTES_MAX))).is_err());
}

#[tokio::test]
async fn an_answer_has_its_parts_timed_apart_and_carries_our_name_and_headers() {
    let (tell, told) = mpsc::channel();
    let address = served(move |mut stream| {
        tell.send(head_of(&mut stream)).unwrap();
        stream.write_all(OK).unwrap();
    });
    let traceparent = HeaderValue::from_static("00-1-2-01");
    let headers = vec![(HeaderName::from_static("traceparent"), traceparent)];
    let client = Client::new("Galen/1 (check)", Trust::Nobody);
    let url = Url::parse(&format!("http://localhost:{}/a?b=c", address.port())).unwrap();
    let answer = client.get(&url, Ask { headers, ..asked() }).await;
    assert_eq!(answer.outcome, Outcome::Status(200), "{answer:?}");
    let parts = [answer.resolve, answer.tcp, answer.first_byte];
    assert!(parts.iter().all(Option::is_some) && answer.tls.is_none(), "{answer:?}");
    assert!(answer.connect().unwrap() + answer.first_byte.unwrap() <= answer.total);
    let head = told.recv().unwrap().to_lowercase();
    assert!(head.starts_with("get /a?b=c http/1.1\r\n"), "{head}");
    for line in ["user-agent: galen/1 (check)\r\n", "traceparent: 00-1-2-01\r\n"] {
        assert!(head.contains(line), "{head}");
    }
    assert!(head.contains(&format!("host: localhost:{}\r\n", address.port())), "{head}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    let address = served(move |mut stream| {
        head_of(&mut stream);
        write!(stream, "HTTP/1.1 302 Found\r\nlocation: http://{to}/\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    });
    let answer = get(&format!("http://{address}/"), asked()).await;
    assert_eq!(answer.outcome, Outcome::Status(302));
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = get(&format!("http://{refusing}/"), asked()).await;
    assert_eq!((answer.outcome, answer.connect()), (Outcome::Refused, None));

    let resetting = served(|stream| {
        // Data that was never read makes the close a reset.
        let mut stream = stream;
        let _ = stream.read(&mut [0]);
    });
    let answer = get(&format!("http://{resetting}/"), asked()).await;
    assert_eq!(answer.outcome, Outcome::Reset);
    assert!(answer.tcp.is_some(), "it connected before");

    let broken = served(|mut stream| {
        head_of(&mut stream);
        stream.write_all(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let answer = get(&format!("http://{broken}/"), asked()).await;
    assert_eq!(answer.outcome, Outcome::Status(500));

    let answer = get("http://no-such-host.invalid/", asked()).await;
    assert_eq!((answer.outcome, answer.tcp), (Outcome::Unresolved, None));
    let answer = get(&format!("https://{broken}/"), asked()).await;
    assert_eq!(answer.outcome, Outcome::Tls, "a client without trust speaks no TLS");
}

#[tokio::test]
async fn who_connects_and_stays_silent_is_a_timeout_after_its_connect() {
    let (keep, kept) = mpsc::channel();
    let address = served(move |stream| keep.send(stream).unwrap());
    let answer = get(&format!("http://{address}/"), briefly()).await;
    assert_eq!((answer.outcome, answer.first_byte), (Outcome::Timeout, None));
    assert!(answer.tcp.is_some() && answer.total >= briefly().timeout);
    drop(kept);
}

#[tokio::test]
async fn who_does_not_even_take_the_connection_is_a_timeout_without_one() {
    // A full backlog swallows what comes after it, as an overloaded server does.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let connecting =
            timeout_at(Instant::now() + Duration::from_millis(50), TcpStream::connect(address));
        match connecting.await {
            Ok(stream) => waiting.push(stream),
            Err(_) => break,
        }
    }
    let answer = get(&format!("http://{address}/"), briefly()).await;
    assert_eq!((answer.outcome, answer.connect()), (Outcome::Timeout, None));
}

#[tokio::test]
async fn the_slow_part_is_the_one_that_is_slow() {
    let pause = Duration::from_millis(150);
    let address = served(move |mut stream| {
        head_of(&mut stream);
        std::thread::sleep(pause);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").unwrap();
        std::thread::sleep(pause);
        stream.write_all(b"ok").unwrap();
    });
    let answer = get(&format!("http://{address}/"), asked()).await;
    let first_byte = answer.first_byte.unwrap();
    // Whatever the machine does, the server's own pauses are in it.
    assert!(first_byte >= pause && answer.total >= first_byte + pause, "{answer:?}");
    assert_eq!(answer.outcome, Outcome::Status(200));
}

/// A server with a certificate of its own, and the file that would make it trusted.
fn secure(params: CertificateParams) -> (SocketAddr, tempfile::NamedTempFile) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(certificate.pem().as_bytes()).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let address = served(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        head_of(&mut stream);
        let _refused_before = stream.write_all(OK).and_then(|()| stream.flush());
    });
    (address, file)
}

fn for_names(names: &[&str]) -> CertificateParams {
    let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(owned).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("for {}", names.join(" ")));
    params
}

async fn get_secure(params: CertificateParams, is_trusted: bool) -> Answer {
    let (address, file) = secure(params);
    let (_, other) = secure(for_names(&["other.invalid"]));
    let trusted = if is_trusted { file.path() } else { other.path() };
    let client = Client::new("test", Trust::File(trusted));
    let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
    client.get(&url, Ask { dial: Some(address), ..asked() }).await
}

#[tokio::test]
async fn a_certificate_is_believed_when_its_root_is_given_and_else_not() {
    let answer = get_secure(for_names(&["localhost"]), true).await;
    assert_eq!(answer.outcome, Outcome::Status(200), "{answer:?}");
    let (tcp, tls) = (answer.tcp.unwrap(), answer.tls.unwrap());
    assert!(answer.connect().unwrap() == tcp + tls, "{answer:?}");

    let answer = get_secure(for_names(&["localhost"]), false).await;
    assert_eq!(answer.outcome, Outcome::Tls);
    let why = answer.why.unwrap();
    assert_eq!(why, "this machine trusts nobody who signed the certificate");
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_refused_with_a_word_about_it() {
    let answer = get_secure(for_names(&["example.org"]), true).await;
    let why = answer.why.unwrap();
    assert_eq!(
        (answer.outcome, why.as_str()),
        (Outcome::Tls, "the certificate is for another name")
    );

    let mut old = for_names(&["localhost"]);
    old.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let answer = get_secure(old, true).await;
    assert_eq!(answer.why.as_deref(), Some("the certificate has expired"));

    let mut authority = for_names(&["localhost"]);
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let why = get_secure(authority, true).await.why.unwrap();
    assert!(why.starts_with("the certificate is that of an authority"), "{why}");
}

#[tokio::test]
async fn what_speaks_no_tls_and_what_breaks_off_are_told_apart() {
    let (_, file) = secure(for_names(&["localhost"]));
    let client = Client::new("test", Trust::File(file.path()));
    let plain = served(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        // Until the other side has had enough.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let closing = served(|mut stream| {
        let mut hello = [0; 16_384];
        let _ = stream.read(&mut hello);
    });
    for (address, outcome) in [(plain, Outcome::Tls), (closing, Outcome::Closed)] {
        let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
        let answer = client.get(&url, Ask { dial: Some(address), ..asked() }).await;
        assert_eq!(answer.outcome, outcome, "{answer:?}");
    }
}

#[test]
fn a_trust_of_nothing_says_what_to_do() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let why = connector(Trust::File(empty.path())).err().unwrap();
    assert!(why.contains("ca-certificates"), "{why}");
}
