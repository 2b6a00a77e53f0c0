//! What holds of the sweep, the counts and maintenance.

use galen_core::model::{EndedSession, Role, SweepSlice, SweepWork, Upkeep};
use galen_core::{StoreError, UnixMs};

use super::bench::Bench;
use super::{Behaviour, behaviour};
use crate::samples::minutes_after;

/// ALL behaviours of the sweep, the counts and maintenance.
pub const ALL: &[Behaviour] = &[
    behaviour!(the_sweep_removes_what_has_expired_in_slices_and_nothing_else),
    behaviour!(the_sweep_removes_the_notifications_of_deleted_users),
    behaviour!(counts_tell_active_sessions_from_expired_ones_to_the_minute),
    behaviour!(the_canary_writes_and_leaves_every_count_as_it_was),
    behaviour!(maintenance_gives_a_receipt_and_is_noted),
    behaviour!(advice_names_tables_until_maintenance_has_helped_and_none_after),
    behaviour!(free_pages_are_given_back_a_bounded_number_at_a_time),
    behaviour!(work_whose_deadline_has_passed_is_not_begun),
];

/// How many sessions and notifications a slice removed, and whether there is more.
async fn sweep(bench: &Bench, max_rows: u32) -> (usize, u64, bool) {
    let SweepSlice { ended, orphans, more } = slice(bench, max_rows).await;
    (ended.len(), orphans, more)
}

async fn slice(bench: &Bench, max_rows: u32) -> SweepSlice {
    let work = SweepWork { expired_at: bench.samples.now(), max_rows };
    let slice = bench.store.sweep(&bench.samples.background_cx(), work).await;
    slice.expect("a slice is swept")
}

async fn session_until(
    bench: &Bench,
    user: galen_core::UserId,
    expires_at: UnixMs,
) -> EndedSession {
    let session = bench.samples.new_session_until(user, expires_at);
    let named = EndedSession { id: session.id, token_hash: session.token_hash };
    let open = bench.samples.open(session);
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_some());
    named
}

async fn the_sweep_removes_what_has_expired_in_slices_and_nothing_else(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let mut first = Vec::new();
    for minutes in 1..=7 {
        let until = minutes_after(bench.samples.now(), minutes);
        first.push(session_until(&bench, user.id, until).await);
    }
    first.truncate(3);
    let (kept, _) = bench.session(user.id).await;
    bench.samples.clock.advance_ms(5 * 60_000);
    let counts = bench.counts().await;
    assert_eq!((counts.sessions_active, counts.sessions_expired), (3, 5));
    let rows_before = bench.trail().await.len();
    let swept = slice(&bench, 3).await;
    assert!(swept.more && swept.ended.len() == 3, "caches are told which");
    assert!(swept.ended.iter().all(|one| first.contains(one)), "the oldest first");
    assert_eq!(bench.counts().await.sessions_expired, 2);
    assert_eq!(sweep(&bench, 3).await, (2, 0, false));
    assert_eq!(slice(&bench, 3).await, SweepSlice::default());
    let counts = bench.counts().await;
    assert_eq!((counts.sessions_active, counts.sessions_expired), (3, 0));
    assert!(bench.look_up(kept).await.is_some());
    assert_eq!(bench.trail().await.len(), rows_before, "nobody acted");
}

async fn the_sweep_removes_the_notifications_of_deleted_users(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let eve = bench.user("eve", Role::User).await;
    for _ in 0..5 {
        bench.publish(ada.id).await;
        bench.publish(bob.id).await;
        bench.publish(eve.id).await;
    }
    for gone in [ada.id, eve.id] {
        let deleted = bench.store.delete_user(&bench.cx(), bench.samples.act(), gone).await;
        deleted.expect("answers");
    }
    assert_eq!(bench.counts().await.notifications, 15);
    assert_eq!(sweep(&bench, 3).await, (0, 3, true));
    assert_eq!(sweep(&bench, 5).await, (0, 5, true));
    assert_eq!(sweep(&bench, 5).await, (0, 2, false));
    assert_eq!(bench.counts().await.notifications, 5);
    let kept = bench.store.user(&bench.cx(), bob.id).await.expect("answers").expect("known");
    assert_eq!(kept.unread, 5);
}

async fn counts_tell_active_sessions_from_expired_ones_to_the_minute(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let until = minutes_after(bench.samples.now(), 2);
    session_until(&bench, user.id, until).await;
    session_until(&bench, user.id, until).await;
    for (now, active, expired) in
        [(until.plus_ms(-1), 2, 0), (until, 0, 2), (until.plus_ms(1), 0, 2)]
    {
        let counts = bench.store.counts(&bench.cx(), now).await.expect("answers");
        assert_eq!((counts.sessions_active, counts.sessions_expired), (active, expired));
    }
}

async fn the_canary_writes_and_leaves_every_count_as_it_was(bench: Bench) {
    bench.user("ada", Role::User).await;
    let before = bench.counts().await;
    for _ in 0..2 {
        assert_eq!(bench.store.canary(&bench.samples.background_cx()).await, Ok(()));
    }
    assert_eq!(bench.counts().await, before);
}

async fn maintenance_gives_a_receipt_and_is_noted(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    for _ in 0..50 {
        bench.publish(user.id).await;
    }
    for upkeep in [Upkeep::Optimize, Upkeep::IncrementalVacuum { max_pages: 8 }, Upkeep::Checkpoint]
    {
        let cx = bench.samples.background_cx();
        let receipt = bench.store.maintain(&cx, bench.samples.act(), upkeep).await;
        let receipt = receipt.expect("maintenance runs");
        assert_eq!(receipt.upkeep, upkeep);
        assert!(!receipt.statement.is_empty());
        assert!(receipt.before.schema_version > 0 && receipt.after.size_bytes > 0);
    }
    let noted = bench.trail().await.into_iter().filter(|(code, _)| code == "upkeep.run");
    assert_eq!(noted.count(), 3);
    let facts = bench.store.facts(&bench.cx()).await.expect("facts are given");
    assert!(facts.readers > 0 && facts.pressure.writes_capacity > 0);
    assert_eq!(bench.store.pressure().writes_waiting, 0);
}

async fn work_whose_deadline_has_passed_is_not_begun(bench: Bench) {
    let cx = bench.cx();
    bench.samples.clock.advance_ms(60_000);
    let new = bench.samples.new_user("late", Role::User);
    let id = new.id;
    let made = bench.store.create_user(&cx, bench.samples.act(), new, None).await;
    assert!(matches!(made, Err(StoreError::TooLate { .. })), "{made:?}");
    let read = bench.store.user(&cx, id).await;
    assert!(matches!(read, Err(StoreError::TooLate { .. })), "{read:?}");
    assert_eq!(bench.store.user(&bench.cx(), id).await, Ok(None));
}

async fn advice(bench: &Bench) -> Vec<String> {
    let advice = bench.store.advise(&bench.samples.background_cx()).await;
    advice.expect("advice is given").stale_tables
}

async fn advice_names_tables_until_maintenance_has_helped_and_none_after(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    for _ in 0..50 {
        bench.publish(user.id).await;
    }
    let before = bench.trail().await;
    let stale = advice(&bench).await;
    for table in ["users", "notifications", "audit"] {
        assert!(stale.iter().any(|name| name == table), "{table} is not in {stale:?}");
    }
    assert_eq!(advice(&bench).await, stale, "advice changes nothing");
    assert_eq!(bench.trail().await, before);
    let cx = bench.samples.background_cx();
    let run = bench.store.maintain(&cx, bench.samples.act(), Upkeep::Optimize).await;
    run.expect("maintenance runs");
    assert_eq!(advice(&bench).await, Vec::<String>::new());
    // Ten times as many rows are worth another look.
    for _ in 0..600 {
        bench.publish(user.id).await;
    }
    assert!(advice(&bench).await.iter().any(|name| name == "notifications"));
}

async fn free_pages_are_given_back_a_bounded_number_at_a_time(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    for _ in 0..300 {
        bench.publish(user.id).await;
    }
    let deleted = bench.store.delete_user(&bench.cx(), bench.samples.act(), user.id).await;
    deleted.expect("deleted");
    while sweep(&bench, 100).await.2 {}
    let (mut given, mut last) = (0, u64::MAX);
    while last > 0 {
        let cx = bench.samples.background_cx();
        let upkeep = Upkeep::IncrementalVacuum { max_pages: 5 };
        let receipt = bench.store.maintain(&cx, bench.samples.act(), upkeep).await;
        let receipt = receipt.expect("maintenance runs");
        last = receipt.before.freelist_pages - receipt.after.freelist_pages;
        assert!(last <= 5, "{last} pages in one run");
        // A page of the map that says where pages belong may leave with them.
        assert!(receipt.before.pages - receipt.after.pages >= last);
        given += last;
    }
    assert!(given > 5, "{given} pages were given back");
}
