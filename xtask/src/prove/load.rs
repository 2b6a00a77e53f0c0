//! wrk, pinned to one core, and what it printed.

use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::Cmd;

/// One run of the generator.
#[derive(Debug, Clone)]
pub struct Shot<'a> {
    /// Where to.
    pub url: &'a str,
    /// Headers of every request, as `Name: value`.
    pub headers: &'a [String],
    /// A Lua script for other methods and bodies.
    pub script: Option<&'a Path>,
    /// Connections kept open.
    pub connections: u32,
    /// For how long.
    pub seconds: u32,
    /// The core the generator keeps to.
    pub core: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Answered requests per second.
    pub per_second: f64,
    /// Answered requests in all.
    pub requests: f64,
    /// The 99th percentile of latency in milliseconds.
    pub p99_ms: f64,
    /// Answers that were neither 2xx nor 3xx.
    pub refused: u64,
    /// Requests that got no answer at all.
    pub broken: u64,
}

/// Runs wrk once.
///
/// # Errors
/// When wrk fails or prints what cannot be read.
pub fn shoot(shot: &Shot<'_>) -> Result<Load> {
    let mut wrk =
        Cmd::new("taskset").args(["-c", &shot.core.to_string(), "wrk", "--latency", "-t1"]);
    wrk = wrk
        .args([format!("-c{}", shot.connections), format!("-d{}s", shot.seconds)])
        .arg("--timeout")
        .arg("20s");
    for header in shot.headers {
        wrk = wrk.arg("-H").arg(header);
    }
    if let Some(script) = shot.script {
        wrk = wrk.arg("-s").arg(script);
    }
    parse(&wrk.arg(shot.url).read()?)
}

fn parse(text: &str) -> Result<Load> {
    let after =
        |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let rate = after("Requests/sec:").context("wrk printed no rate")?;
    let counted = text.lines().find(|line| line.contains(" requests in "));
    let count = counted.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let broken = after("Socket errors:").map_or(0, |line| {
        line.split(',').filter_map(|part| part.trim().rsplit(' ').next()?.parse::<u64>().ok()).sum()
    });
    Ok(Load {
        per_second: rate.parse().context("wrk's rate is not a number")?,
        requests: count.context("wrk printed no count of requests")?,
        p99_ms: milliseconds(after("99%").context("wrk printed no 99th percentile")?)?,
        refused: after("Non-2xx or 3xx responses:")
            .and_then(|count| count.parse().ok())
            .unwrap_or(0),
        broken,
    })
}

fn milliseconds(text: &str) -> Result<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    let read = units.iter().find_map(|(unit, factor)| {
        text.strip_suffix(unit)?.parse::<f64>().ok().map(|value| value * factor)
    });
    read.with_context(|| format!("wrk's latency cannot be read: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 50 connections\n  \
        Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     1.25ms  220.00us   9.9ms   90.0%\n  \
        Latency Distribution\n     50%    1.20ms\n     75%    1.30ms\n     90%    1.40ms\n     99%  900.00us\n  \
        80000 requests in 2.00s, 10MB read\n  Socket errors: connect 0, read 3, write 0, timeout 1\n  \
        Non-2xx or 3xx responses: 7\nRequests/sec:  40000.50\nTransfer/sec: 5MB\n";

    #[test]
    fn what_wrk_prints_is_read_with_its_units() {
        let load = parse(PRINTED).unwrap();
        assert_eq!(
            load,
            Load { per_second: 40000.50, requests: 80000.0, p99_ms: 0.9, refused: 7, broken: 4 }
        );
    }
}
