//! Random worlds: whatever comes, the laws of alerts hold and everything told to fire is told to end.

use proptest::prelude::*;

use super::script::{ROUTES, Window, World};
use crate::metric::Metric;
use galen_core::{Entropy, UnixMs};
use galen_testkit::SeededEntropy;

/// A window of random figures: each fault is there or not.
fn window(faults: u16) -> impl Fn(&mut Window) {
    move |window| {
        let has = |bit: u16| faults & (1 << bit) != 0;
        if has(0) {
            return;
        }
        if !has(1) {
            window.healthy();
        }
        if has(2) {
            window.locked();
        }
        if has(3) {
            window.slow((ROUTES[4], "ok"), 20, 7_000, "hash_wait");
        }
        if has(4) {
            window.slow((ROUTES[9], "timed_out"), 20, 11_000, "query");
        }
        if has(5) {
            window.requests(ROUTES[1], "server_error", 30, 3);
        }
        if has(6) {
            window.gauge(Metric::PoolUse, "", 5.0);
        }
        if has(7) {
            window.gauge(Metric::WriterBusyNs, "", 4e9);
        }
        if has(8) {
            window.gauge(Metric::Ready, "", 0.0);
        }
        if has(9) {
            window.times(Metric::QueryNs, "user.list", 20, 600);
        }
        if has(10) {
            window.count(Metric::LoginFailures, "", 60);
        }
        if has(11) {
            window.slow((ROUTES[7], "ok"), 20, 8_000, "body_read");
        }
        if has(12) {
            window.count(Metric::CheckRuns, "shop refused", 2);
        }
        if has(13) {
            window.gauge(Metric::DiskFreeBytes, "", 1e6);
        }
        if has(14) {
            window.gauge(Metric::PoolUse, "", f64::NAN);
        }
    }
}

/// Half an hour of calm, in which messages get through, ends everything.
fn end(world: &mut World) {
    world.is_deliverable = true;
    world.silences.clear();
    world.lock(false);
    world.ticks(160, |window| {
        window.healthy();
    });
    world.hold_end();
}

struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, n: u32) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) % n
    }

    fn one_in(&self, n: u32) -> bool {
        self.below(n) == 0
    }
}

/// Faults that come and go, restarts, silences, clock jumps, a database that takes no messages.
fn live(seed: u64) -> World {
    let dice = Dice(SeededEntropy::new(seed));
    let mut world = World::seeded(seed ^ 0xa5a5);
    let mut faults = 0_u16;
    for _ in 0..200 {
        if dice.one_in(6) {
            faults ^= 1 << dice.below(15);
        }
        if dice.one_in(25) {
            faults = 0;
        }
        if dice.one_in(20) {
            world.lock(faults & 4 != 0);
        }
        if dice.one_in(30) {
            world.restart();
        }
        if dice.one_in(25) {
            let matches = ["*", "writer_lock", "error_rate", "query:user.by_id", "not_ready"];
            let matches = matches[usize::try_from(dice.below(5)).unwrap()];
            world.silence(matches, i64::from(dice.below(600)) * 1_000);
        }
        if dice.one_in(60) {
            let by_ms = i64::from(dice.below(7_200_000)) - 3_600_000;
            world.now = UnixMs(world.now.0 + by_ms);
        }
        world.is_deliverable = if dice.one_in(10) { dice.one_in(2) } else { world.is_deliverable };
        world.tick(window(faults));
    }
    end(&mut world);
    world
}

#[test]
fn a_hundred_random_lives_end_with_everything_told() {
    let (mut pages, mut ends) = (0, 0);
    for seed in 0..100 {
        let world = live(seed);
        let told = world.told();
        pages += told.0;
        ends += told.1;
    }
    assert!(pages > 100, "the lives are eventful: {pages} pages");
    assert!(ends > pages, "some were silenced or too short to be told: {ends} ends");
}

#[test]
fn a_life_repeats_itself() {
    let keys = |seed| live(seed).sent.into_iter().map(|d| d.key).collect::<Vec<_>>();
    assert_eq!(keys(42), keys(42));
    assert_ne!(keys(42), keys(43));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_measured_the_laws_of_alerts_hold(
        steps in prop::collection::vec((any::<u16>(), 1_u32..12), 1..30),
    ) {
        let mut world = World::new();
        for (faults, times) in steps {
            // The seventh bit less often than the others: without data all else is quiet.
            let faults = if faults & 0x8000 == 0 { faults & !1 } else { faults };
            world.lock(faults & 4 != 0);
            world.ticks(times, window(faults));
        }
        end(&mut world);
    }
}
