//! The doctor's outward look as a small API: one request of a URL, its parts timed apart and bounded.
//!
//! Nothing is followed, retried or kept: what an address answers is what is told. Names, TCP, TLS
//! and the first byte have times of their own, so that a slow visit names its slow part. The doctor
//! itself only ever GETs; what the house has to tell others goes the same way, as a POST.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use hyper::header::{HeaderMap, HeaderName, HeaderValue};

pub use crate::probes::http_client::Outcome;
use crate::probes::http_client::{self, Exchange, Limits};

/// How many of a name's addresses are tried.
const ADDRESSES_MAX: usize = 4;
/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// An absolute `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    is_https: bool,
    /// Name or address, without the brackets of an IPv6 address.
    host: String,
    port: u16,
    authority: String,
    /// Path and query.
    path: String,
}

/// Why a text is no URL that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not {0}")]
pub struct UrlError(&'static str);

impl Url {
    /// Reads a URL. A fragment is left out: it is never sent.
    ///
    /// # Errors
    /// When it is no absolute http or https URL in ASCII, or carries a user name or password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        const WRONG: UrlError = UrlError("an http or https URL such as https://example.org/health");
        let uri: hyper::Uri = text.parse().map_err(|_| WRONG)?;
        let authority = uri.authority().ok_or(WRONG)?.as_str();
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(WRONG),
        };
        if authority.contains('@') {
            return Err(UrlError("free of a user name and password"));
        }
        let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
        let has_port = after_host.contains(':');
        let port = uri.port_u16().filter(|port| *port > 0);
        if host.is_empty() || text.len() > URL_BYTES_MAX || (has_port && port.is_none()) {
            return Err(WRONG);
        }
        let path = uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str);
        Ok(Self {
            is_https,
            host: host.to_owned(),
            port: port.unwrap_or(if is_https { 443 } else { 80 }),
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Whether it is asked for over TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Its name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The URL without its query, which can hold a secret.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

/// Whose certificates are believed.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Nobody's: only `http` is asked for.
    Nobody,
    /// Those this machine trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
    Machine,
    /// Those in a PEM file.
    File(&'a Path),
}

/// What asks.
pub struct Client {
    agent: String,
    /// Or why there is no TLS.
    tls: Result<TlsConnector, String>,
}

/// How one URL is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The address that is dialled instead of the one the name stands for.
    pub dial: Option<SocketAddr>,
    /// Headers besides Host, User-Agent and Accept.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How long the whole may take.
    pub timeout: Duration,
    /// Bytes of the body; what is beyond is not read.
    pub body_bytes_max: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What was wrong, in words, where the outcome alone does not say it.
    pub why: Option<String>,
    /// Time to the address of the name.
    pub resolve: Option<Duration>,
    /// Time of the TCP connect.
    pub tcp: Option<Duration>,
    /// Time of the TLS handshake.
    pub tls: Option<Duration>,
    /// From the request written to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// From the beginning to the end.
    pub total: Duration,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// After how many seconds one may ask again, if it says so (RFC 9110 §10.2.3).
    pub retry_after_s: Option<i64>,
}

impl Answer {
    /// Time until a request could be written: the name, TCP and TLS together. Nothing when no
    /// connection came to be.
    #[must_use]
    pub fn connect(&self) -> Option<Duration> {
        // A stage that follows was reached only when those before it were passed.
        self.first_byte.or(self.tls).or(self.tcp)?;
        let stages = [self.resolve, self.tcp, self.tls];
        Some(stages.into_iter().flatten().sum())
    }
}

impl Client {
    /// A client that names itself `agent`. Reads the trusted certificates, which blocks shortly.
    #[must_use]
    pub fn new(agent: impl Into<String>, trust: Trust<'_>) -> Self {
        Self { agent: agent.into(), tls: connector(trust) }
    }

    /// Asks for a URL once. Whatever happens is in the answer.
    pub async fn get(&self, url: &Url, ask: Ask) -> Answer {
        self.request(url, ask, (Method::GET, Bytes::new())).await
    }

    /// Sends a body to a URL once, of the type that one of the headers says. Whatever happens is in
    /// the answer.
    pub async fn post(&self, url: &Url, ask: Ask, body: Vec<u8>) -> Answer {
        self.request(url, ask, (Method::POST, body.into())).await
    }

    async fn request(&self, url: &Url, ask: Ask, sent: (Method, Bytes)) -> Answer {
        let started = Instant::now();
        let mut answer = Answer {
            outcome: Outcome::Timeout,
            why: None,
            resolve: None,
            tcp: None,
            tls: None,
            first_byte: None,
            total: Duration::ZERO,
            body: Bytes::new(),
            retry_after_s: None,
        };
        match self.visit(url, ask, sent, &mut answer).await {
            Ok(exchange) => {
                let first_byte = exchange.first_byte_ms.map(|ms| ms / 1e3);
                answer.first_byte = first_byte.and_then(|s| Duration::try_from_secs_f64(s).ok());
                answer.outcome = exchange.outcome;
                answer.body = exchange.body;
                answer.retry_after_s = exchange.retry_after_s;
            }
            Err(Stopped { outcome, why }) => {
                answer.outcome = outcome;
                answer.why = why;
            }
        }
        answer.total = started.elapsed();
        answer
    }

    async fn visit(
        &self,
        url: &Url,
        ask: Ask,
        (method, body): (Method, Bytes),
        answer: &mut Answer,
    ) -> Result<Exchange, Stopped> {
        let started = Instant::now();
        let until = started + ask.timeout;
        let limits = Limits { deadline: ask.timeout, until, body_bytes_max: ask.body_bytes_max };
        let mut head = http_client::head(&url.authority, &self.agent)?;
        head.extend(ask.headers);
        let addresses = match ask.dial {
            Some(address) => vec![address],
            None => {
                let resolved = resolve(url, until).await?;
                answer.resolve = Some(started.elapsed());
                resolved
            }
        };
        let connecting = Instant::now();
        let stream = connect(&addresses, until).await?;
        answer.tcp = Some(connecting.elapsed());
        let mut connection = if url.is_https {
            let shaking = Instant::now();
            let stream = self.secure(url, stream, until).await?;
            answer.tls = Some(shaking.elapsed());
            http_client::shake(stream, head).await?
        } else {
            http_client::shake(stream, head).await?
        };
        Ok(connection.send((method, &url.path, body), limits, started).await)
    }

    async fn secure(
        &self,
        url: &Url,
        stream: TcpStream,
        until: Instant,
    ) -> Result<TlsStream<TcpStream>, Stopped> {
        let connector = self.tls.as_ref().map_err(|why| Stopped::tls(why.as_str()))?;
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_| Stopped::tls("the host is no name that a certificate could be for"))?;
        match timeout_at(until, connector.connect(name, stream)).await {
            Err(_) => Err(Stopped::from(Outcome::Timeout)),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                Err(inner.map_or_else(
                    || Stopped::from(http_client::of_io(&error)),
                    |error| Stopped::tls(word(error)),
                ))
            }
        }
    }
}

/// It ended before a request could be sent.
struct Stopped {
    outcome: Outcome,
    why: Option<String>,
}

impl Stopped {
    fn tls(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Tls, why: Some(why.into()) }
    }
}

impl From<Outcome> for Stopped {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, why: None }
    }
}

async fn resolve(url: &Url, until: Instant) -> Result<Vec<SocketAddr>, Stopped> {
    let asked = tokio::net::lookup_host((url.host.as_str(), url.port));
    match timeout_at(until, asked).await {
        Err(_) => {
            Err(Stopped { why: Some("the name server".to_owned()), ..Outcome::Timeout.into() })
        }
        Ok(Err(error)) => {
            Err(Stopped { why: Some(error.to_string()), ..Outcome::Unresolved.into() })
        }
        Ok(Ok(found)) => Ok(found.take(ADDRESSES_MAX).collect()),
    }
}

/// Connects to the first address that takes the connection. Each has its share of the time that is
/// left, so that one that swallows packets does not hide one that works.
async fn connect(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, Outcome> {
    let mut last = Outcome::Unresolved;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let shares = u32::try_from(left).unwrap_or(1);
        let share = until.saturating_duration_since(now) / shares;
        match http_client::connect(*address, None, now + share).await {
            Ok(stream) => return Ok(stream),
            Err(outcome) => last = outcome,
        }
    }
    Err(last)
}

fn connector(trust: Trust<'_>) -> Result<TlsConnector, String> {
    let loaded = match trust {
        Trust::Nobody => return Err("TLS is not set up".to_owned()),
        Trust::Machine => rustls_native_certs::load_native_certs(),
        Trust::File(path) => rustls_native_certs::load_certs_from_paths(Some(path), None),
    };
    let mut roots = RootCertStore::empty();
    let (taken, _unreadable) = roots.add_parsable_certificates(loaded.certs);
    if taken == 0 {
        let first = loaded.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "no trusted certificates were found{first}: install ca-certificates, or name a file \
             in SSL_CERT_FILE"
        ));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Every visit is a stranger's first one: a resumed session would hide what a visitor waits for.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What is wrong with TLS, in words of the operator.
fn word(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return error.to_string();
    };
    let known = match wrong {
        CertificateError::UnknownIssuer => "this machine trusts nobody who signed the certificate",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        // A trusted authority has the name of the signer and another key.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate is not signed by whom it names"
        }
        CertificateError::Revoked => "the certificate was revoked",
        // The verifier's own word has no type here. A self-signed certificate as openssl makes it is
        // one of an authority.
        CertificateError::Other(inner) if format!("{inner:?}").contains("CaUsedAsEndEntity") => {
            "the certificate is that of an authority, and cannot be a server's at the same time"
        }
        // The kind alone: its particulars are keys and numbers.
        other => {
            let kind = format!("{other:?}");
            let kind = kind.split([' ', '(', '{']).next().unwrap_or_default();
            return format!("the certificate is not valid: {kind}");
        }
    };
    known.to_owned()
}

#[cfg(test)]
mod tests;
