//! The measurements of one endpoint at one concurrency, gathered exchange by exchange.

use std::collections::BTreeMap;

use super::http_client::{Exchange, Outcome};
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object};

/// What was measured of one endpoint at one concurrency.
#[derive(Clone, Debug, Default)]
pub struct Series {
    connect_ms: Vec<f64>,
    first_byte_ms: Vec<f64>,
    total_ms: Vec<f64>,
    keep_alive_ms: Vec<f64>,
    statuses: BTreeMap<String, u64>,
    error_kinds: BTreeMap<String, u64>,
    errors: u64,
    body_bytes_max: u64,
    error_text: Option<String>,
    retry_after_s: Option<i64>,
    interval_ms: Option<u128>,
}

impl Series {
    /// Adds an exchange on a connection of its own.
    pub fn add(&mut self, exchange: &Exchange) {
        self.connect_ms.extend(exchange.connect_ms);
        self.first_byte_ms.extend(exchange.first_byte_ms);
        self.total_ms.push(exchange.total_ms);
        self.account(exchange);
    }

    /// Adds an exchange on a connection that was already open.
    pub fn add_kept(&mut self, exchange: &Exchange) {
        self.keep_alive_ms.push(exchange.total_ms);
        self.account(exchange);
    }

    fn account(&mut self, exchange: &Exchange) {
        if let Outcome::Status(status) = exchange.outcome {
            *self.statuses.entry(status.to_string()).or_default() += 1;
        }
        if exchange.outcome.is_error() {
            self.errors += 1;
            let kind = match exchange.outcome {
                Outcome::Status(status) => format!("status {status}"),
                other => other.label(),
            };
            *self.error_kinds.entry(kind).or_default() += 1;
            if self.error_text.is_none() && !exchange.body.is_empty() {
                self.error_text = Some(exchange.quote());
            }
        }
        self.body_bytes_max = self.body_bytes_max.max(exchange.body_bytes);
        self.retry_after_s = self.retry_after_s.or(exchange.retry_after_s);
    }

    /// Requests on connections of their own.
    pub fn n(&self) -> usize {
        self.total_ms.len()
    }

    /// The longest time of them.
    pub fn max_ms(&self) -> f64 {
        self.total_ms.iter().copied().fold(0.0, f64::max)
    }

    /// The median time of them.
    pub fn median_ms(&self) -> Option<f64> {
        crate::stats::median(&self.total_ms)
    }

    /// The failed share of all requests, 0 to 1.
    pub fn error_share(&self) -> f64 {
        let all = self.n() + self.keep_alive_ms.len();
        if all == 0 { 0.0 } else { self.errors as f64 / all as f64 }
    }

    /// The same series, its requests sent at fixed times.
    #[must_use]
    pub fn spread_over_ms(mut self, interval_ms: u128) -> Self {
        self.interval_ms = Some(interval_ms);
        self
    }

    /// Publishes it under the endpoint's name.
    pub fn publish(&self, scene: &Scene<'_>, path: &str, concurrency: u32) {
        let name = object::endpoint(path, concurrency);
        let manner = match self.interval_ms {
            Some(interval_ms) => format!("one every {interval_ms} ms, answered or not"),
            None => format!("{concurrency} at a time"),
        };
        let source = Source::new(
            "http",
            format!("GET {path}, {manner}, each on a connection of its own"),
            format!(
                "curl -s -o /dev/null -w '%{{time_connect}} %{{time_starttransfer}} %{{time_total}}\\n' BASE{path}"
            ),
        );
        let all = (self.n() + self.keep_alive_ms.len()) as u64;
        for (key, samples) in [
            (FactKey::HttpConnectMs, &self.connect_ms),
            (FactKey::HttpFirstByteMs, &self.first_byte_ms),
            (FactKey::HttpTotalMs, &self.total_ms),
            (FactKey::HttpKeepAliveTotalMs, &self.keep_alive_ms),
        ] {
            if !samples.is_empty() {
                scene.fact(key, &name, samples.clone(), &source);
            }
        }
        scene.fact_over(all, (FactKey::HttpErrors, &name), self.errors, &source);
        scene.fact(FactKey::HttpStatus, &name, self.statuses.clone(), &source);
        scene.fact(FactKey::HttpBodyBytes, &name, self.body_bytes_max, &source);
        if !self.error_kinds.is_empty() {
            scene.fact(FactKey::HttpErrorKinds, &name, self.error_kinds.clone(), &source);
        }
        if let Some(text) = &self.error_text {
            scene.fact(FactKey::HttpBodyText, &name, text.clone(), &source);
        }
        if let Some(seconds) = self.retry_after_s {
            scene.fact(FactKey::HttpRetryAfter, &name, seconds, &source);
        }
    }
}
