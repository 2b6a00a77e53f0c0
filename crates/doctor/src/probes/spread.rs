//! Requests at fixed times, answered or not: the honest measure of an endpoint that waits at times.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::{self, Endpoint};
use super::http_client::{self, Limits};
use super::scene::{Address, Scene};
use super::series::Series;
use crate::progress::Stage;

/// Between two requests.
const INTERVAL: Duration = Duration::from_millis(200);
/// No further request is sent once one has taken this many times the time of the first ones.
const PATIENCE: f64 = 2.5;

/// Measures an endpoint whose requests wait for something and burden nobody.
///
/// A request that is sent only after the last one was answered arrives just when a lock has become
/// free, and never sees the wait that others see (coordinated omission). So these are sent at fixed
/// times, and they replace what was measured one after the other.
pub async fn measure(
    scene: &Scene<'_>,
    address: &Address,
    endpoint: &mut Endpoint,
    limits: Limits,
) {
    let caps = scene.target.caps;
    let wanted = caps.requests_per_endpoint.max(1);
    let alone_ms = endpoint.series.max_ms();
    let needed = INTERVAL * wanted + Duration::from_secs_f64(alone_ms / 1000.0);
    if http::left(scene) + Duration::from_secs(4) < needed {
        return;
    }
    scene.step(Stage::Probe, &format!("{} at fixed times", endpoint.path));
    let path = http::full(address, &endpoint.path);
    let mut outstanding = JoinSet::new();
    let mut sent: Vec<Instant> = Vec::new();
    let mut series = Series::default();
    let mut ticks = tokio::time::interval(INTERVAL);
    while sent.len() < wanted as usize && outstanding.len() < caps.concurrency_max as usize {
        ticks.tick().await;
        while let Some(Ok(exchange)) = outstanding.try_join_next() {
            series.add(&exchange);
        }
        // Answers come in the order of sending, or nearly: the oldest outstanding is the n-th sent.
        let oldest = sent.get(series.n()).map_or(Duration::ZERO, Instant::elapsed);
        if http_client::ms(oldest) > alone_ms * PATIENCE {
            break;
        }
        let (address, path) = (address.clone(), path.clone());
        sent.push(Instant::now());
        outstanding.spawn(async move { http_client::get(&address, &path, limits).await });
    }
    while let Some(Ok(exchange)) = outstanding.join_next().await {
        series.add(&exchange);
    }
    endpoint.series = series.spread_over_ms(INTERVAL.as_millis());
}
