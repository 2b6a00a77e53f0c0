//! A paced crowd: requests that start on a schedule, whatever the server does, and their latencies.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::web::{Client, Request};

/// One kind of request and how often it starts.
pub struct Lane<'a> {
    /// Requests started per second.
    pub per_second: f64,
    /// Connections that share the schedule, so that a slow answer does not hold the next one back.
    pub connections: u32,
    /// Makes the next request.
    pub next: &'a (dyn Fn(u64) -> Request + Sync),
}

/// Latencies of one lane, from the scheduled start (so that waiting counts), in milliseconds.
#[derive(Debug, Default, Clone)]
pub struct Walked {
    /// One for each answered request.
    pub latency_ms: Vec<f64>,
    /// Answers other than 2xx, and requests without an answer.
    pub failed: u64,
}

/// The end of a walk: after a time, or when told.
#[derive(Clone, Copy)]
struct Until<'a> {
    began: Instant,
    time: Duration,
    stop: &'a AtomicBool,
}

/// Lets all lanes run side by side for a time, or until `stop`.
pub fn walk(port: u16, lanes: &[Lane<'_>], time: Duration, stop: &AtomicBool) -> Vec<Walked> {
    let until = Until { began: Instant::now(), time, stop };
    std::thread::scope(|scope| {
        let started: Vec<_> = lanes
            .iter()
            .map(|lane| {
                let turn = Arc::new(Mutex::new(0_u64));
                let walker = |_| {
                    let turn = Arc::clone(&turn);
                    scope.spawn(move || walk_lane(port, lane, &turn, until))
                };
                (0..lane.connections).map(walker).collect::<Vec<_>>()
            })
            .collect();
        let gather = |walkers: Vec<std::thread::ScopedJoinHandle<'_, Walked>>| {
            let mut all = Walked::default();
            for walker in walkers {
                // A walker that panicked counts as a failed request, and shows in the figures.
                let one = walker.join().unwrap_or(Walked { failed: 1, ..Walked::default() });
                all.latency_ms.extend(one.latency_ms);
                all.failed += one.failed;
            }
            all
        };
        started.into_iter().map(gather).collect()
    })
}

fn walk_lane(port: u16, lane: &Lane<'_>, turn: &Mutex<u64>, until: Until<'_>) -> Walked {
    let mut client = Client::new(port);
    let mut walked = Walked::default();
    loop {
        let number = {
            let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            *turn += 1;
            *turn - 1
        };
        let start = until.began + Duration::from_secs_f64(number as f64 / lane.per_second);
        if start >= until.began + until.time || until.stop.load(Ordering::Relaxed) {
            return walked;
        }
        std::thread::sleep(start.saturating_duration_since(Instant::now()));
        match client.send(&(lane.next)(number)) {
            Ok(answer) if (200..300).contains(&answer.status) => {
                walked.latency_ms.push(start.elapsed().as_secs_f64() * 1000.0);
            }
            _ => walked.failed += 1,
        }
    }
}
