//! Quantiles that the history gives over a range, beside the exact ones of the same samples.

use std::path::Path;

use anyhow::{Context, Result};
use galen_core::{Clock, Tier, UnixMs};
use galen_monitor::SeriesAsk;
use serde_json::{Value, json};

use super::ground::{Ground, Noise};

/// Shapes of latencies: each on a route of its own.
const SHAPES: [&str; 4] = ["/lognormal", "/bimodal", "/heavy-tail", "/narrow"];
/// Samples of each shape in a window.
const SAMPLES: usize = 6;
const DAY_MS: i64 = 86_400_000;

/// One sample: when its window began, and how long it took.
type Sample = (UnixMs, u64);

/// Lets days pass in windows of a minute, the last eight hours in windows of ten seconds, keeps every
/// sample, and compares.
pub async fn run(dir: &Path, days: u64, seed: u64) -> Result<Value> {
    let ground = Ground::new(dir, 256 << 20).await?;
    let mut noise = Noise(seed);
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); SHAPES.len()];
    let hours = days * 24;
    for hour in 0..hours {
        let window_ms = if hour + 8 >= hours { 10_000 } else { 60_000 };
        for _ in 0..3_600_000 / window_ms {
            let at = Tier::Fine.window_of(ground.clock.now());
            for (shape, route) in SHAPES.iter().enumerate() {
                for _ in 0..SAMPLES {
                    let ns = draw(&mut noise, shape);
                    ground.request(route, 200, ns);
                    samples[shape].push((at, ns));
                }
            }
            ground.pass(window_ms).await?;
        }
    }
    let mut rows = Vec::new();
    let ends = Tier::Hour.window_of(ground.clock.now());
    for (shape, route) in SHAPES.iter().enumerate() {
        for range_ms in [600_000, 3_600_000, 6 * 3_600_000, DAY_MS, 6 * DAY_MS, 20 * DAY_MS] {
            let from = UnixMs(ends.0 - range_ms);
            if samples[shape].first().is_some_and(|first| first.0 <= from) {
                rows.extend(compare(&ground, (route, &samples[shape]), from, ends).await?);
            }
        }
    }
    ground.history.close();
    Ok(json!({ "samples": samples.iter().map(Vec::len).sum::<usize>(), "rows": rows }))
}

fn draw(noise: &mut Noise, shape: usize) -> u64 {
    match shape {
        0 => noise.latency_ns(2e6, 2.0),
        1 if noise.unit() < 0.8 => noise.latency_ns(5e5, 1.2),
        1 => noise.latency_ns(3e8, 1.3),
        // Pareto with a shape of 1.5: some take a thousand times as long as most.
        2 => {
            let median_ns = 1e6 / noise.unit().powf(1.0 / 1.5);
            noise.latency_ns(median_ns, 1.01)
        }
        _ => noise.latency_ns(1e7, 1.02),
    }
}

async fn compare(
    ground: &Ground,
    (route, samples): (&str, &[Sample]),
    from: UnixMs,
    until: UnixMs,
) -> Result<Vec<Value>> {
    let ask = SeriesAsk {
        metric: "http_request_ns".to_owned(),
        object: Some(format!("GET {route} ok")),
        from,
        until,
        step_ms: None,
    };
    let series = ground
        .monitor
        .series(ask)
        .await
        .map_err(|refusal| anyhow::anyhow!("the series is refused: {refusal}"))?;
    let whole = series.whole.context("the history holds nothing of the range")?;
    let mut exact: Vec<u64> =
        samples.iter().filter(|(at, _)| *at >= from && *at < until).map(|(_, ns)| *ns).collect();
    exact.sort_unstable();
    let kept = [(0.5, whole.p50), (0.95, whole.p95), (0.99, whole.p99)];
    kept.into_iter()
        .map(|(q, kept)| {
            let kept = kept.context("no quantile")?;
            let exact_ns = nearest_rank(&exact, q);
            Ok(json!({
                "route": route, "hours": (until.0 - from.0) as f64 / 3_600_000.0, "q": q,
                "step_ms": series.step_ms, "exact_ns": exact_ns, "kept_ns": kept,
                "error": (kept - exact_ns).abs() / exact_ns,
                "counted": whole.count, "n": exact.len(),
            }))
        })
        .collect()
}

/// The quantile by the nearest rank: the least value that a share `q` of all stays within.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are far below 2^52"
)]
fn nearest_rank(sorted: &[u64], q: f64) -> f64 {
    let rank = (sorted.len() as f64 * q).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0) as f64
}
