//! The sweep: what it removes, what it leaves, and when it stands back.

use crate::house::{House, OTHER_PASSWORD, code};
use galen_account::SweepPolicy;
use galen_core::model::Role;
use galen_core::{Code, Store};

const DAY_MS: u32 = 86_400_000;

#[tokio::test]
async fn expired_sessions_go_and_live_ones_stay() {
    let house = House::new();
    house.user("anna@example.org", Role::User).await;
    for _ in 0..40 {
        house.login("anna@example.org").await;
    }
    house.clock.advance_ms(7 * DAY_MS + 120_000);
    let live = house.login("anna@example.org").await;
    let policy = SweepPolicy { rows_max: 16, ..SweepPolicy::default() };
    let report = house.accounts.sweep(&house.cx(), policy).await.expect("swept");
    assert_eq!((report.sessions, report.more), (40, false));
    assert!(report.slices >= 3, "sixteen rows at a time");
    assert!(house.is_signed_in(&live.token).await);
    let now = galen_core::Clock::now(house.clock.as_ref());
    let counts = house.store.counts(&house.cx(), now).await.expect("counts");
    assert_eq!((counts.sessions_active, counts.sessions_expired), (1, 0));
    let again = house.accounts.sweep(&house.cx(), policy).await.expect("swept");
    assert_eq!((again.sessions, again.more), (0, false));
}

#[tokio::test]
async fn a_session_used_in_its_last_minute_is_not_swept() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    house.clock.advance_ms(7 * DAY_MS - 1);
    assert!(house.is_signed_in(&signed_in.token).await, "its use waits in memory");
    house.clock.advance_ms(120_000);
    let report = house.accounts.sweep(&house.cx(), SweepPolicy::default()).await;
    assert_eq!(report.expect("swept").sessions, 0);
    let house = house.restarted();
    assert!(house.is_signed_in(&signed_in.token).await);
}

#[tokio::test]
async fn the_sweep_stops_at_its_time_box() {
    let house = House::new();
    house.user("anna@example.org", Role::User).await;
    for _ in 0..20 {
        house.login("anna@example.org").await;
    }
    house.clock.advance_ms(8 * DAY_MS);
    let policy = SweepPolicy { box_ms: 0, ..SweepPolicy::default() };
    let report = house.accounts.sweep(&house.cx(), policy).await.expect("stopped");
    assert_eq!((report.slices, report.more), (0, true));
}

#[tokio::test]
async fn attempts_that_no_limit_needs_are_forgotten() {
    let house = House::new();
    let wrong = house.try_login("nobody@example.org", OTHER_PASSWORD).await;
    assert_eq!(code(wrong).map(drop), Err(Code::WrongCredentials));
    assert_eq!(house.accounts.limit_counts().keys, 4);
    assert_eq!(house.accounts.prune_limits(), 0, "they still count");
    house.clock.advance_ms(DAY_MS);
    assert_eq!(house.accounts.prune_limits(), 4);
    assert_eq!(house.accounts.limit_counts().keys, 0);
}
