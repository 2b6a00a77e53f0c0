//! What holds of the readers, the writer and the lock, as far as a store tells of them.

use galen_core::model::{PoolUse, Role};
use galen_core::{StoreError, UserId};

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of the readers, the writer and the lock.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_pool_at_rest_says_so),
    behaviour!(readers_opened_anew_serve_as_before_and_it_is_noted),
    behaviour!(reads_go_on_while_readers_are_opened_anew),
    behaviour!(the_lock_for_writing_is_taken_and_given_back_without_a_trace),
    behaviour!(a_probe_whose_deadline_has_passed_is_refused),
];

/// How often it is looked whether a pool has come to rest, at most.
const LOOKS_MOST: usize = 1_000_000;

async fn a_pool_at_rest_says_so(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    assert!(bench.store.user(&bench.cx(), user.id).await.expect("answers").is_some());
    let readers = bench.store.facts(&bench.cx()).await.expect("facts are given").readers;
    let at_rest = |pool: PoolUse| PoolUse {
        readers,
        readers_busy_ns: pool.readers_busy_ns,
        ..PoolUse::default()
    };
    // An answer is given a moment before its thread rests, and what tells of rest is set one by one.
    let mut pool = bench.store.pool();
    for _ in 0..LOOKS_MOST {
        if pool == at_rest(pool) {
            break;
        }
        tokio::task::yield_now().await;
        pool = bench.store.pool();
    }
    let rest = at_rest(pool);
    assert_eq!(pool, rest);
}

/// Reads this user until it is told to stop; every read must find it. Gives how many there were.
async fn read_on(bench: Bench, id: UserId, stop: tokio::sync::watch::Receiver<bool>) -> u64 {
    let mut reads = 0;
    while !*stop.borrow() {
        assert!(bench.store.user(&bench.cx(), id).await.expect("reads go on").is_some());
        reads += 1;
    }
    reads
}

async fn readers_opened_anew_serve_as_before_and_it_is_noted(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let readers = bench.store.facts(&bench.cx()).await.expect("facts are given").readers;
    let recycled = bench.store.recycle(&bench.cx(), bench.samples.act()).await;
    assert_eq!(recycled.expect("they are opened anew").readers, readers);
    for _ in 0..readers * 4 {
        assert!(bench.store.user(&bench.cx(), user.id).await.expect("answers").is_some());
    }
    let trail = bench.trail().await;
    assert_eq!(trail.iter().filter(|(code, _)| code == "pool.recycled").count(), 1, "{trail:?}");
}

async fn reads_go_on_while_readers_are_opened_anew(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut reading = Vec::new();
    for _ in 0..4 {
        reading.push(tokio::spawn(read_on(bench.clone(), user.id, stopped.clone())));
    }
    for _ in 0..5 {
        let recycled = bench.store.recycle(&bench.cx(), bench.samples.act()).await;
        assert!(recycled.expect("they are opened anew").readers > 0);
    }
    stop.send(true).expect("they still read");
    for one in reading {
        assert!(one.await.expect("no read failed") > 0);
    }
}

async fn the_lock_for_writing_is_taken_and_given_back_without_a_trace(bench: Bench) {
    bench.user("ada", Role::User).await;
    let (before, counts) = (bench.trail().await, bench.counts().await);
    let wal_bytes = bench.store.facts(&bench.cx()).await.expect("facts are given").wal_bytes;
    for cx in [bench.cx(), bench.samples.background_cx()] {
        assert_eq!(bench.store.probe_lock(&cx).await, Ok(()));
    }
    let facts = bench.store.facts(&bench.cx()).await.expect("facts are given");
    assert_eq!(facts.wal_bytes, wal_bytes, "nothing was written");
    assert_eq!((bench.trail().await, bench.counts().await), (before, counts));
    bench.user("bob", Role::User).await;
}

async fn a_probe_whose_deadline_has_passed_is_refused(bench: Bench) {
    let cx = bench.samples.background_cx();
    bench.samples.clock.advance_ms(60_000);
    let refused = bench.store.probe_lock(&cx).await;
    assert!(matches!(refused, Err(StoreError::TooLate { .. })), "{refused:?}");
}
