//! Brings messages of one signal to the collector: one POST each, over the checks' kind of client.

use std::sync::Arc;
use std::time::Duration;

use galen_doctor::http::{Answer, Ask, Client, HeaderName, HeaderValue, Outcome, Url};
use galen_monitor::{Metric, Monitor};

use crate::wire::pulse::Pulse;

/// How long one message may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much of an answer is read, in bytes: it says what was rejected, in a sentence.
const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// One signal's way to the collector.
pub struct Courier {
    /// What asks.
    pub client: Arc<Client>,
    /// Who counts.
    pub monitor: Arc<Monitor>,
    /// `traces` or `metrics`.
    pub signal: &'static str,
    /// Where to.
    pub url: Url,
    /// Of every message, what says its type among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What was said of it.
    pub pulse: Pulse,
}

/// What became of a message.
pub enum Sent {
    /// It was taken.
    Taken(Answer),
    /// It was refused for good.
    Refused,
    /// It may be sent again, not before so long.
    Later(Option<Duration>),
}

impl Courier {
    /// Sends a message once. How that went is counted, and logged when it changes, with the host
    /// alone: the rest of the URL may be a secret.
    pub async fn send(&self, message: Vec<u8>) -> Sent {
        let ask = Ask {
            dial: None,
            headers: self.headers.clone(),
            timeout: TIMEOUT,
            body_bytes_max: ANSWER_BYTES_MAX,
        };
        let answer = self.client.post(&self.url, ask, message).await;
        self.note(&answer);
        judge(answer)
    }

    fn note(&self, answer: &Answer) {
        let outcome = match answer.outcome {
            Outcome::Status(200..=299) => "ok".to_owned(),
            Outcome::Status(status) => format!("status_{status}"),
            other => other.label(),
        };
        let (signal, host) = (self.signal, self.url.host());
        self.monitor.add(Metric::OtlpExports, &format!("{signal} {outcome}"), 1);
        let is_ok = outcome == "ok";
        let is_news = self.pulse.turns((!is_ok).then(|| outcome.clone()));
        if is_news && is_ok {
            tracing::info!(host, signal, "the collector takes what is exported again");
        } else if is_news {
            let why = answer.why.as_deref();
            tracing::warn!(
                host,
                signal,
                outcome,
                why,
                "the collector does not take what is exported"
            );
        }
    }
}

/// Which answers mean that it may be tried again is OTLP's own list (OTLP 1.10, "Retryable Response
/// Codes"); without any answer it may.
fn judge(answer: Answer) -> Sent {
    match answer.outcome {
        Outcome::Status(200..=299) => Sent::Taken(answer),
        Outcome::Status(429 | 502..=504) => {
            let after = answer.retry_after_s.and_then(|s| u64::try_from(s).ok());
            Sent::Later(after.map(Duration::from_secs))
        }
        Outcome::Status(_) => Sent::Refused,
        _ => Sent::Later(None),
    }
}
