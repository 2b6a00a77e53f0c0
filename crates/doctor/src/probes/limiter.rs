//! A rate limiter that answered us: asked again seldom, and in the name of other clients.

use std::collections::BTreeMap;
use std::time::Duration;

use super::http;
use super::http_client::{Asking, ask};
use super::scene::{Address, Scene};
use crate::evidence::{FactKey, Source, Value, object};
use crate::progress::Stage;

/// Requests sent one at a time with a pause before each.
const SPARSE: usize = 4;
/// The pause between them.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest wait for a bucket to fill again; a Retry-After beyond it is not waited for.
const REFILL_MAX: Duration = Duration::from_secs(3);
/// Clients of the documentation's network (RFC 5737) named in X-Forwarded-For.
const OTHERS: [&str; 3] = ["203.0.113.7", "203.0.113.8", "203.0.113.9"];

/// Asks the first limited endpoint again.
pub async fn run(scene: &Scene<'_>, address: &Address) {
    let Some(path) = limited(scene) else { return };
    scene.step(Stage::Probe, &format!("{path}, seldom"));
    let full = http::full(address, &path);
    let limits = http::limits(scene);
    tokio::time::sleep(refill(scene, &path)).await;
    let mut sparse: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..SPARSE {
        tokio::time::sleep(PAUSE).await;
        let (answer, _) = ask(address, (&Asking::default(), &full), None, limits).await;
        *sparse.entry(answer.outcome.label()).or_default() += 1;
    }
    let mut forwarded: BTreeMap<String, u64> = BTreeMap::new();
    for other in OTHERS {
        let asking = Asking::default().with("x-forwarded-for", other);
        let (answer, _) = ask(address, (&asking, &full), None, limits).await;
        *forwarded.entry(answer.outcome.label()).or_default() += 1;
    }
    let source = |how: &str, repeat: &str| {
        Source::new("limiter", format!("GET {path} {how}"), format!("{repeat} BASE{path}"))
    };
    let seldom = source("a second apart", "sleep 3; curl -si");
    scene.fact(FactKey::LimitSparse, &path, sparse, &seldom);
    let named =
        source("with another X-Forwarded-For each", "curl -si -H 'X-Forwarded-For: 203.0.113.7'");
    scene.fact(FactKey::LimitForwarded, &path, forwarded, &named);
}

/// The first endpoint that answered 429.
fn limited(scene: &Scene<'_>) -> Option<String> {
    let has_429 = |value: &Value| matches!(value, Value::Counts(all) if all.contains_key("429"));
    let drafts = scene.collector.so_far(FactKey::HttpStatus);
    let found = drafts.into_iter().find(|draft| has_429(&draft.value))?;
    Some(object::parse_endpoint(&found.object).0.to_owned())
}

/// What the server asks to wait, or a second and a half.
fn refill(scene: &Scene<'_>, path: &str) -> Duration {
    let drafts = scene.collector.so_far(FactKey::HttpRetryAfter);
    let asked =
        drafts.iter().find(|draft| draft.object == path).and_then(|draft| match draft.value {
            Value::Int(seconds) => u64::try_from(seconds).ok().map(Duration::from_secs),
            _ => None,
        });
    asked.unwrap_or(Duration::from_millis(1_500)).min(REFILL_MAX)
}
