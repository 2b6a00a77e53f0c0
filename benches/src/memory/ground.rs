//! A monitor on a real history with a hand-moved clock, and repeatable noise to feed it with.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use galen_core::{
    Clock, Entropy, Ledger, Observer, Phase, RequestId, RequestOutcome, RequestRecord,
};
use galen_monitor::{Monitor, MonitorParts, MonitorSettings, Situation};
use galen_store::{HistorySettings, SqliteHistory};
use galen_testkit::{HandClock, SeededEntropy};

/// The monitor, its history and its clock.
pub struct Ground {
    /// The clock in hand.
    pub clock: Arc<HandClock>,
    /// The history on disk.
    pub history: Arc<SqliteHistory>,
    /// The monitor above it.
    pub monitor: Arc<Monitor>,
    /// Who is told of requests.
    pub observer: Arc<dyn Observer>,
}

impl Ground {
    /// A monitor on a new history file in `dir` that may grow to `cap_bytes`.
    pub async fn new(dir: &Path, cap_bytes: u64) -> Result<Self> {
        let clock = Arc::new(HandClock::new());
        let settings = HistorySettings { cap_bytes, ..HistorySettings::at(dir.join("history")) };
        let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let history = SqliteHistory::open(settings, Arc::clone(&as_clock));
        let history = Arc::new(history.context("the history does not open")?);
        let monitor = Monitor::new(MonitorParts {
            history: Arc::clone(&history) as Arc<dyn galen_core::History>,
            clock: as_clock,
            entropy: Arc::new(SeededEntropy::new(1)) as Arc<dyn Entropy>,
            settings: MonitorSettings::default(),
        });
        monitor.resume().await?;
        let observer = monitor.observer();
        Ok(Self { clock, history, monitor, observer })
    }

    /// Lets a window pass and closes it.
    pub async fn pass(&self, ms: u32) -> Result<()> {
        self.clock.advance_ms(ms);
        self.monitor.tick(Situation::default()).await?;
        Ok(())
    }

    /// One answered request of so many nanoseconds, most of them in the database.
    pub fn request(&self, route: &'static str, status: u16, wall_ns: u64) {
        let ledger = Ledger::new();
        for (phase, share) in [
            (Phase::Session, 20),
            (Phase::Csrf, 40),
            (Phase::PoolWait, 10),
            (Phase::Query, 2),
            (Phase::Handler, 8),
            (Phase::Write, 16),
        ] {
            ledger.add(phase, wall_ns / share);
        }
        self.observer.request(&RequestRecord {
            request_id: RequestId::from_bytes([7; 16]),
            trace: None,
            user_id: None,
            route,
            method: "GET",
            status,
            code: (status >= 400).then_some("request.not_found"),
            outcome: RequestOutcome::Answered,
            ledger: ledger.snapshot(wall_ns),
        });
    }
}

/// Repeatable noise: SplitMix64 (Steele, Lea, Flood 2014).
pub struct Noise(pub u64);

impl Noise {
    /// The next number from 0 to 1, both excluded.
    #[expect(clippy::cast_precision_loss, reason = "52 bits are enough for a sample")]
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A latency as backends have them: log-normal around `median_ns`, a factor of `spread` for one
    /// standard deviation (Box and Muller 1958).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is above zero")]
    pub fn latency_ns(&mut self, median_ns: f64, spread: f64) -> u64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (median_ns * spread.powf(normal)) as u64
    }
}
