//! The fixed small slice of the accuracy bench: sealed runs of the real program, scored as the bench scores.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::bench::ask::SMALL;
use galen_tests::bench::run::{Bench, Interrupt};
use galen_tests::bench::say;
use galen_tests::scenario;

#[test]
fn sealed_runs_of_each_kind_name_what_was_injected_and_nothing_else() {
    let galen = galen_tests::galen::binary().expect("the program");
    let bench = Bench::new(&galen, Interrupt::default()).expect("a bench");
    for name in SMALL {
        let scenario = scenario::all().into_iter().find(|one| one.name == *name);
        let record = bench.run(scenario.expect(name), 1).expect(name);
        say(&format!("{name}: {}", record.line()));
        assert_eq!(record.unsealed, [] as [&str; 0], "{name}");
        assert!(record.is_right(), "{name}: {}", record.line());
        assert!(record.score.grounded != Some(false), "{name}");
    }
}
