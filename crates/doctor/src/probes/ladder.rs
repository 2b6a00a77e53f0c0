//! The concurrency ladder 1-2-4-8-16-32: climbed while it does no harm, left when it makes things worse.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::{self, Endpoint, SLOW_MS};
use super::http_client::{self, Exchange, Limits};
use super::scene::{Address, Scene};
use super::series::Series;
use crate::evidence::{FactKey, Source, object};
use crate::progress::Stage;

/// THE steps of the ladder above one request at a time.
pub const ALL: &[u32] = &[2, 4, 8, 16, 32];
/// The time of one step on a fast endpoint.
const STEP_BUDGET: Duration = Duration::from_millis(300);
/// Requests of one step, as far as each worker does a few.
const STEP_REQUESTS: usize = 64;
/// Requests each worker sends at least, time permitting.
const STEP_ROUNDS: usize = 4;
/// Errors beyond this share end the climb.
const ERROR_SHARE_MAX: f64 = 0.05;
/// A step whose requests take so many times longer than alone ends the climb on a slow endpoint.
const SLOWDOWN_MAX: f64 = 1.4;

/// Climbs on the fastest and on the slowest of the fast endpoints.
pub async fn climb(scene: &Scene<'_>, address: &Address, endpoints: &[Endpoint], limits: Limits) {
    let mut fast: Vec<&Endpoint> = endpoints
        .iter()
        .filter(|one| one.series.median_ms().is_some_and(|median| median < SLOW_MS))
        .collect();
    fast.sort_by(|a, b| {
        a.series.median_ms().unwrap_or(0.0).total_cmp(&b.series.median_ms().unwrap_or(0.0))
    });
    let mut chosen: Vec<&Endpoint> = fast.first().into_iter().chain(fast.last()).copied().collect();
    chosen.dedup_by(|a, b| a.path == b.path);
    for endpoint in chosen {
        scene.step(Stage::Probe, &format!("{} at rising concurrency", endpoint.path));
        let mut best_rate = 0.0;
        for level in levels(scene) {
            if http::left(scene) < STEP_BUDGET * 4 {
                break;
            }
            let (series, rate) = step(address, &endpoint.path, level, limits).await;
            series.publish(scene, &endpoint.path, level);
            publish_rate(scene, (&endpoint.path, level), rate, &series);
            if series.error_share() > ERROR_SHARE_MAX || rate < best_rate * 0.8 {
                break;
            }
            best_rate = f64::max(best_rate, rate);
        }
    }
}

/// One step: `level` workers, each asking again as soon as it is answered.
async fn step(address: &Address, path: &str, level: u32, limits: Limits) -> (Series, f64) {
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    let each = (STEP_REQUESTS / level as usize).max(STEP_ROUNDS);
    for _ in 0..level {
        let (address, path) = (address.clone(), http::full(address, path));
        workers.spawn(async move {
            let mut exchanges = Vec::new();
            while begun.elapsed() < STEP_BUDGET && exchanges.len() < each {
                exchanges.push(http_client::get(&address, &path, limits).await);
            }
            exchanges
        });
    }
    let mut series = Series::default();
    for exchange in workers.join_all().await.into_iter().flatten() {
        series.add(&exchange);
    }
    let rate = series.n() as f64 / begun.elapsed().as_secs_f64();
    (series, rate)
}

/// Brings a slow endpoint towards its n with requests at once, as long as that slows none of them.
pub async fn fill(scene: &Scene<'_>, address: &Address, endpoint: &mut Endpoint, limits: Limits) {
    let wanted = scene.target.caps.requests_per_endpoint as usize;
    let Some(alone_ms) = endpoint.series.median_ms() else { return };
    let mut last_ms = alone_ms;
    for level in levels(scene) {
        // If this step is served one after the other, it takes this long.
        let worst = Duration::from_secs_f64(last_ms * 2.0 / 1000.0);
        if endpoint.series.n() >= wanted || http::left(scene) < worst {
            return;
        }
        scene.step(Stage::Probe, &format!("{} ×{level}", endpoint.path));
        let begun = Instant::now();
        let exchanges = at_once(address, &endpoint.path, level, limits).await;
        let elapsed_ms = http::since_ms(begun);
        let mut series = Series::default();
        exchanges.iter().for_each(|exchange| series.add(exchange));
        let rate = series.n() as f64 / (elapsed_ms / 1000.0);
        series.publish(scene, &endpoint.path, level);
        publish_rate(scene, (&endpoint.path, level), rate, &series);
        let slowed = elapsed_ms > alone_ms * SLOWDOWN_MAX;
        if slowed || series.error_share() > ERROR_SHARE_MAX {
            return;
        }
        // Company did not change their time: they are measurements of the endpoint itself.
        exchanges.iter().for_each(|exchange| endpoint.series.add(exchange));
        last_ms = elapsed_ms;
    }
}

/// So many requests sent at one moment.
pub async fn at_once(address: &Address, path: &str, level: u32, limits: Limits) -> Vec<Exchange> {
    let mut requests = JoinSet::new();
    for _ in 0..level {
        let (address, path) = (address.clone(), http::full(address, path));
        requests.spawn(async move { http_client::get(&address, &path, limits).await });
    }
    requests.join_all().await
}

fn levels(scene: &Scene<'_>) -> impl Iterator<Item = u32> {
    let most = scene.target.caps.concurrency_max;
    ALL.iter().copied().filter(move |level| *level <= most)
}

fn publish_rate(scene: &Scene<'_>, (path, level): (&str, u32), rate: f64, series: &Series) {
    let source = Source::new(
        "http",
        format!("GET {path}, {level} at a time"),
        format!("wrk -c {level} -d 1 BASE{path}"),
    );
    let name = object::endpoint(path, level);
    scene.fact_over(series.n() as u64, (FactKey::HttpThroughput, &name), rate, &source);
}
