//! Requests to strangers' servers: bounded in time and size, without redirects, to no private network.

mod reach;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use galen_core::post::{DeliveryFailure, Receipt};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, redirect};

use crate::says::{says, transient};
pub use reach::{Reach, ReachError};

/// How long one request may take, looking up and connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes: enough for the delivery log.
const BODY_BYTES_MAX: usize = 2_048;
/// Connections kept to one host, and for how long.
const KEPT_MAX: usize = 2;
const KEPT: Duration = Duration::from_secs(30);
/// The longest wait a stranger may ask for, in milliseconds: a day.
const RETRY_AFTER_MS_MAX: u64 = 86_400_000;
/// Who these requests say they come from.
const AGENT: &str = concat!("galen/", env!("CARGO_PKG_VERSION"));

/// The one client of all couriers that speak HTTP.
pub struct Outward {
    reach: Reach,
    encrypted: Client,
    plain: Client,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("requests to other servers cannot be set up: {0}")]
pub struct OutwardError(#[from] reqwest::Error);

/// What is posted.
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    retry_after_ms: Option<u64>,
    says: String,
}

impl Outward {
    /// A client for this reach that trusts the machine's certificates, and these in PEM.
    ///
    /// # Errors
    /// When the certificates cannot be read or TLS cannot be set up.
    pub fn new(reach: Reach, roots_pem: Option<&[u8]>) -> Result<Self, OutwardError> {
        let roots = roots_pem.map(Certificate::from_pem_bundle).transpose()?.unwrap_or_default();
        let client = |is_encrypted| {
            let judging = reach::Judging { reach: reach.clone(), is_encrypted };
            Client::builder()
                .user_agent(AGENT)
                // A proxy of the environment would be asked to look names up itself.
                .no_proxy()
                .redirect(redirect::Policy::none())
                .timeout(TIMEOUT)
                .pool_max_idle_per_host(KEPT_MAX)
                .pool_idle_timeout(KEPT)
                .https_only(is_encrypted)
                .tls_certs_merge(roots.iter().cloned())
                .dns_resolver(Arc::new(judging))
                .build()
        };
        Ok(Self { encrypted: client(true)?, plain: client(false)?, reach })
    }

    /// Posts to a URL, once.
    ///
    /// # Errors
    /// Always transient, when there is no answer: what may be called can change with configuration
    /// and names.
    pub(crate) async fn post(
        &self,
        url: &str,
        request: Request,
    ) -> Result<Answer, DeliveryFailure> {
        let url = self.reach.judge(url).map_err(|error| transient(&error.to_string()))?;
        let client = if url.scheme() == "https" { &self.encrypted } else { &self.plain };
        let sent = client.post(url).headers(request.headers).body(request.body).send().await;
        let mut response = sent.map_err(|error| transient(&why(error)))?;
        let (status, retry_after_ms) = (response.status(), retry_after_ms(response.headers()));
        let mut body = Vec::new();
        while body.len() < BODY_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk.iter().take(BODY_BYTES_MAX - body.len())),
                // The status is what counts; of a body that breaks off what came is shown.
                Ok(None) | Err(_) => break,
            }
        }
        let words = format!("{status} {}", String::from_utf8_lossy(&body));
        Ok(Answer { status: status.as_u16(), retry_after_ms, says: says(&words) })
    }
}

impl Answer {
    /// Whether it was taken over.
    pub(crate) const fn is_taken(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    pub(crate) fn receipt(self) -> Receipt {
        Receipt { says: self.says }
    }

    pub(crate) fn transient(self) -> DeliveryFailure {
        DeliveryFailure::Transient { retry_after_ms: self.retry_after_ms, says: self.says }
    }

    pub(crate) fn gone(self) -> DeliveryFailure {
        DeliveryFailure::Gone { says: self.says }
    }

    /// What a refusal means to whoever sends what cannot change: a 4xx stays one, except where the
    /// server asks for time (408, 425, 429) or for other rights than it was shown (401, 403), which
    /// somebody may put right.
    pub(crate) fn refusal(self) -> DeliveryFailure {
        match self.status {
            401 | 403 | 408 | 425 | 429 => self.transient(),
            400..=499 => DeliveryFailure::Permanent { says: self.says },
            _ => self.transient(),
        }
    }
}

/// Why there was no answer, without the URL: it may be a secret.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = error.to_string();
        source = error.source();
    }
    words
}

/// The wait the other side asks for (RFC 9110 section 10.2.3), in milliseconds. A date is read against
/// the answer's own Date, so that two clocks need not agree.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let ms = match text.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1_000),
        Err(_) => {
            let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok();
            let now = date(headers.get(DATE)?.to_str().ok()?)?.timestamp();
            let then = date(text)?.timestamp();
            u64::try_from(then.as_millisecond().saturating_sub(now.as_millisecond())).unwrap_or(0)
        }
    };
    Some(ms.min(RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stranger::Stranger;

    #[tokio::test]
    async fn over_tls_only_a_certificate_that_is_trusted_is_talked_to() {
        let (stranger, certificate) = Stranger::encrypted("HTTP/1.1 200 OK\r\n\r\n").await;
        let url = stranger.url("/").replace("http://127.0.0.1", "https://localhost");
        let reach = || Reach::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let post = async |roots: Option<&[u8]>| {
            let request = Request { headers: HeaderMap::new(), body: b"hush".to_vec() };
            let outward = Outward::new(reach(), roots).unwrap();
            outward.post(&url, request).await.map(|answer| answer.status)
        };
        assert!(post(None).await.is_err());
        assert_eq!(post(Some(certificate.as_bytes())).await, Ok(200));
        assert!(stranger.received().await.ends_with("hush"));
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date_against_the_answers_own() {
        let wait = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after_ms(&headers)
        };
        let date = Some("Sat, 28 Nov 2026 04:00:00 GMT");
        assert_eq!(wait("120", None), Some(120_000));
        assert_eq!(wait("99999999999", None), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(wait("Sat, 28 Nov 2026 04:00:30 GMT", date), Some(30_000));
        assert_eq!(wait("Sat, 28 Nov 2026 03:00:00 GMT", date), Some(0));
        assert_eq!(wait("Sat, 28 Nov 2026 04:00:30 GMT", None), None);
        assert_eq!(wait("soon", date), None);
    }
}
