//! Whether memory grows with every request: the resident set after equal cycles of requests.

use std::time::Duration;

use procfs::process::Process;
use tokio::time::Instant;

use super::http::{self, Endpoint, SLOW_MS};
use super::http_client::Limits;
use super::ladder;
use super::scene::{Address, Scene};
use crate::evidence::{FactKey, Source};
use crate::progress::Stage;

/// Cycles of one endpoint, the first of which only warms up.
const CYCLES: usize = 6;
/// Requests of one cycle.
const REQUESTS: u32 = 24;
/// How many of them at once.
const AT_ONCE: u32 = 4;
/// Most endpoints followed, and the time of each.
const ENDPOINTS_MAX: usize = 4;
/// See [`ENDPOINTS_MAX`]; an endpoint that needs longer is left out.
const BUDGET: Duration = Duration::from_millis(900);

/// Follows the resident set over the fast endpoints.
pub async fn measure(scene: &Scene<'_>, address: &Address, endpoints: &[Endpoint], limits: Limits) {
    let pids = scene.found().pids;
    let wanted = u32::try_from(CYCLES).unwrap_or(1) * REQUESTS / AT_ONCE;
    let fast = endpoints.iter().filter(|one| {
        let median = one.series.median_ms().filter(|_| !one.first.outcome.is_error());
        median.is_some_and(|ms| ms < SLOW_MS && ms * f64::from(wanted) < BUDGET.as_millis() as f64)
    });
    for endpoint in fast.take(ENDPOINTS_MAX) {
        if pids.is_empty() || http::left(scene) < BUDGET * 4 {
            return;
        }
        scene.step(Stage::Probe, &format!("{}: memory over {CYCLES} cycles", endpoint.path));
        let grown = cycles(&pids, (address, &endpoint.path), limits).await;
        let Some(grown) = grown else { continue };
        let source = Source::new(
            "growth",
            "/proc/PID/statm of every serving process, before and after each cycle".to_owned(),
            format!("grep VmRSS /proc/{}/status", pids.first().copied().unwrap_or_default()),
        );
        scene.fact(FactKey::RssGrowthBytes, &endpoint.path, grown, &source);
        scene.fact(FactKey::RssCycleRequests, &endpoint.path, REQUESTS, &source);
    }
}

/// Growth per request in each cycle after the first; `None` when a cycle failed or ran too long.
async fn cycles(
    pids: &[u32],
    (address, path): (&Address, &str),
    limits: Limits,
) -> Option<Vec<f64>> {
    let begun = Instant::now();
    let mut grown = Vec::new();
    let mut before = resident(pids)?;
    for cycle in 0..CYCLES {
        for _ in 0..REQUESTS / AT_ONCE {
            let exchanges = ladder::at_once(address, path, AT_ONCE, limits).await;
            if exchanges.iter().any(|one| one.outcome.is_error()) || begun.elapsed() > BUDGET * 2 {
                return None;
            }
        }
        let after = resident(pids)?;
        if cycle > 0 {
            grown.push((after as f64 - before as f64) / f64::from(REQUESTS));
        }
        before = after;
    }
    Some(grown)
}

/// The resident set of all of them, in bytes.
fn resident(pids: &[u32]) -> Option<u64> {
    let pages = pids.iter().map(|pid| {
        let process = Process::new(i32::try_from(*pid).ok()?).ok()?;
        Some(process.statm().ok()?.resident)
    });
    Some(pages.sum::<Option<u64>>()? * rustix::param::page_size() as u64)
}
