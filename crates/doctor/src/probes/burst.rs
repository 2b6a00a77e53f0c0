//! Several requests sent at one moment: whether they are served together, or a few at a time.

use super::http::{self, Endpoint};
use super::http_client::Limits;
use super::ladder;
use super::scene::{Address, Scene};
use crate::evidence::{FactKey, Source};
use crate::progress::Stage;

/// Requests sent at one moment, if the caps allow.
const REQUESTS: u32 = 8;

/// Sends the burst to an endpoint whose requests were seen to wait and to burden nobody.
pub async fn measure(scene: &Scene<'_>, address: &Address, endpoint: &Endpoint, limits: Limits) {
    let level = REQUESTS.min(scene.target.caps.concurrency_max);
    if level < 2 || http::left(scene) < limits.deadline / 2 {
        return;
    }
    scene.step(Stage::Probe, &format!("{} ×{level} at one moment", endpoint.path));
    let exchanges = ladder::at_once(address, &endpoint.path, level, limits).await;
    if exchanges.iter().any(|exchange| exchange.outcome.is_error()) {
        return;
    }
    let mut times: Vec<f64> = exchanges.iter().map(|exchange| exchange.total_ms).collect();
    times.sort_by(f64::total_cmp);
    let source = Source::new(
        "burst",
        format!("{level} × GET {}, sent at one moment", endpoint.path),
        format!("seq {level} | xargs -P {level} -I_ curl -s -o /dev/null BASE{}", endpoint.path),
    );
    scene.fact(FactKey::BurstMs, &endpoint.path, times, &source);
}
