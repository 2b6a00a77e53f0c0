//! Webhooks: a letter as JSON, posted once and signed (Standard Webhooks).

mod signature;

use std::sync::Arc;

use aws_lc_rs::digest;
use galen_core::post::{
    Channel, Courier, DeliveryFailure, Destination, LinkName, Param, Parcel, Receipt,
};
use galen_core::{Clock, Fut, Secret, UnixMs};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use crate::outward::{Outward, Request};
use crate::says::permanent;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// The trace this request belongs to (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The status by which a receiver says that it wants nothing more, ever.
const GONE: u16 = 410;

/// The courier of webhooks.
pub struct Webhooks {
    outward: Arc<Outward>,
    clock: Arc<dyn Clock>,
}

impl Webhooks {
    /// A courier by this client.
    #[must_use]
    pub const fn new(outward: Arc<Outward>, clock: Arc<dyn Clock>) -> Self {
        Self { outward, clock }
    }

    async fn post(
        &self,
        url: &str,
        secrets: &[Secret<Vec<u8>>],
        parcel: &Parcel,
    ) -> Result<Receipt, DeliveryFailure> {
        if secrets.is_empty() {
            return Err(permanent("the webhook has no secret to sign with"));
        }
        let body = payload(parcel).to_string().into_bytes();
        let headers = headers(parcel, secrets, self.clock.now(), &body)
            .map_err(|error| permanent(&error.to_string()))?;
        let answer = self.outward.post(url, Request { headers, body }).await?;
        match answer.status {
            _ if answer.is_taken() => Ok(answer.receipt()),
            GONE => Err(answer.gone()),
            // Whatever else is answered, redirects included, may be a receiver that is being put
            // right: the specification retries it over days.
            _ => Err(answer.transient()),
        }
    }
}

impl Courier for Webhooks {
    fn channel(&self) -> Channel {
        Channel::Webhook
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Fut<'a, Result<Receipt, DeliveryFailure>> {
        Box::pin(async move {
            let Destination::Webhook { url, secrets } = &parcel.destination else {
                return Err(permanent("the courier of webhooks carries webhooks only"));
            };
            self.post(url, secrets, parcel).await
        })
    }
}

fn headers(
    parcel: &Parcel,
    secrets: &[Secret<Vec<u8>>],
    now: UnixMs,
    body: &[u8],
) -> Result<HeaderMap, reqwest::header::InvalidHeaderValue> {
    let (id, timestamp_s) = (parcel.id.to_string(), now.0.div_euclid(1_000));
    let signature = signature::sign(secrets, &id, timestamp_s, body);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ID, HeaderValue::try_from(id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(timestamp_s));
    headers.insert(SIGNATURE, HeaderValue::try_from(signature)?);
    headers.insert(TRACEPARENT, HeaderValue::try_from(traceparent(parcel))?);
    Ok(headers)
}

/// One trace for a parcel, one span for an attempt: both are known from their names, so that the
/// delivery log and the receiver's traces meet.
fn traceparent(parcel: &Parcel) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(parcel.id.as_bytes());
    hash.update(&parcel.attempt.to_be_bytes());
    let hash = hash.finish();
    let span = &hash.as_ref()[..8];
    format!("00-{}-{}-01", hex(parcel.id.as_bytes()), hex(span))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The letter as the specification recommends a payload: type, timestamp, data. A link that opens
/// something is its reader's alone and never posted.
fn payload(parcel: &Parcel) -> Value {
    let letter = &parcel.letter;
    let mut data = Map::new();
    for (name, param) in &letter.params {
        match param {
            Param::Text(text) | Param::Machine(text) => data.insert(name.clone(), json!(text)),
            Param::Number(number) => data.insert(name.clone(), json!(number)),
            Param::Moment(at) => data.insert(name.clone(), json!(rfc3339(*at))),
            Param::Duration(ms) => data.insert(format!("{name}_ms"), json!(ms)),
        };
    }
    if let Some(link) = letter.link(LinkName::Open) {
        data.insert("link".to_owned(), json!(link.url.reveal()));
    }
    json!({
        "type": letter.code.text(),
        "timestamp": rfc3339(parcel.created_at),
        "data": data,
    })
}

fn rfc3339(at: UnixMs) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|at| at.to_string())
}

#[cfg(test)]
mod tests;
