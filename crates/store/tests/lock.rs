//! Another process holds the write lock: how long is waited, what is said, and that it passes.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use galen_core::model::{Role, UserCreation};
use galen_core::{Phase, Store, StoreError};
use galen_store::{SqliteSettings, SqliteStore};
use galen_testkit::samples::Samples;
use galen_testkit::{CollectingObserver, HandClock};
use rusqlite::Connection;

/// Names the database to the other process.
const PATH: &str = "GALEN_TEST_LOCK";

/// The other process: takes the write lock, says so, and keeps it until its input ends.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn the_other_process() {
    #[expect(clippy::disallowed_methods, reason = "told by the test that started this process")]
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let connection = Connection::open(path).expect("opened");
    connection.execute_batch("BEGIN IMMEDIATE").expect("locked");
    println!("held");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the input ends");
    connection.execute_batch("ROLLBACK").expect("let go");
}

/// The other process, with the lock in hand.
struct Holder {
    child: Child,
    said: BufReader<ChildStdout>,
}

fn hold(path: &Path) -> Holder {
    let this = std::env::current_exe().expect("this test's program");
    #[expect(clippy::disallowed_methods, reason = "the lock must be held by another process")]
    let mut command = Command::new(this);
    let child = command
        .args(["--exact", "the_other_process", "--ignored", "--nocapture"])
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.expect("it starts");
    let mut said = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.ends_with("held\n") {
        line.clear();
        assert!(said.read_line(&mut line).expect("it speaks") > 0, "it ended without the lock");
    }
    Holder { child, said }
}

fn let_go(mut holder: Holder) {
    drop(holder.child.stdin.take());
    holder.said.read_to_end(&mut Vec::new()).expect("its last words");
    assert!(holder.child.wait().expect("it ends").success());
}

fn store(path: &Path, busy_timeout_ms: u64) -> (Arc<SqliteStore>, Samples) {
    let clock = Arc::new(HandClock::stepping(1));
    let samples = Samples { clock, ..Samples::default() };
    let settings = SqliteSettings { busy_timeout_ms, ..SqliteSettings::at(path) };
    let observer = Arc::new(CollectingObserver::default());
    let store = SqliteStore::open(settings, samples.clock.clone(), observer).expect("it opens");
    (Arc::new(store), samples)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_for_too_long_is_reported_and_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let (store, samples) = store(&path, 50);
    let holder = hold(&path);
    let cx = samples.cx();
    let new = samples.new_user("ada", Role::User);
    let id = new.id;
    let made = store.create_user(&cx, samples.act(), new.clone(), None).await;
    assert_eq!(made, Err(StoreError::Locked));
    assert!(cx.ledger.snapshot(0).get(Phase::LockWait) > 0, "the wait is counted");
    assert_eq!(store.user(&samples.cx(), id).await, Ok(None), "reads go on meanwhile");
    let_go(holder);
    let made = store.create_user(&samples.cx(), samples.act(), new, None).await;
    assert!(matches!(made, Ok(UserCreation::Created(_))), "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_let_go_in_time_costs_a_counted_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let (store, samples) = store(&path, 60_000);
    let holder = hold(&path);
    let cx = samples.cx();
    let new = samples.new_user("ada", Role::User);
    let made = store.create_user(&cx, samples.act(), new, None);
    let (made, ()) = tokio::join!(made, async {
        // The writer is at the lock when the queue is empty again.
        while store.pressure().writes_waiting > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        tokio::task::spawn_blocking(|| let_go(holder)).await.expect("let go");
    });
    assert!(matches!(made, Ok(UserCreation::Created(_))), "{made:?}");
    assert!(cx.ledger.snapshot(0).get(Phase::LockWait) > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_says_whether_the_lock_can_be_had_and_the_wait_is_seen_while_it_lasts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let (store, samples) = store(&path, 200);
    assert_eq!(store.probe_lock(&samples.background_cx()).await, Ok(()));
    let holder = hold(&path);
    let cx = samples.background_cx();
    let (probed, seen) = tokio::join!(store.probe_lock(&cx), async {
        while store.pool().lock_wait_ns == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        samples.clock.advance_ms(7);
        store.pool()
    });
    assert_eq!(probed, Err(StoreError::Locked));
    assert!(seen.lock_wait_ns >= 7_000_000, "{seen:?}");
    assert_eq!(seen.writer_command, Some("upkeep.probe_lock"));
    assert!(cx.ledger.snapshot(0).get(Phase::LockWait) >= 7_000_000);
    let_go(holder);
    assert_eq!(store.probe_lock(&samples.background_cx()).await, Ok(()));
    assert_eq!(store.pool().lock_wait_ns, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_behind_the_lock_has_waited_for_the_lock_and_not_for_the_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let (store, samples) = store(&path, 60_000);
    let holder = hold(&path);
    let (first, behind) = (samples.cx(), samples.cx());
    let made = store.create_user(&first, samples.act(), samples.new_user("ada", Role::User), None);
    let later = async {
        while store.pool().lock_wait_ns == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let new = samples.new_user("bob", Role::User);
        let made = store.create_user(&behind, samples.act(), new, None);
        let (made, ()) = tokio::join!(made, async {
            while store.pool().writes_waiting == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            samples.clock.advance_ms(9);
            tokio::task::spawn_blocking(|| let_go(holder)).await.expect("let go");
        });
        made
    };
    let (one, other) = tokio::join!(made, later);
    assert!(matches!(one, Ok(UserCreation::Created(_))), "{one:?}");
    assert!(matches!(other, Ok(UserCreation::Created(_))), "{other:?}");
    let spent = behind.ledger.snapshot(0);
    assert!(spent.get(Phase::LockWait) >= 9_000_000, "{spent:?}");
    assert!(spent.get(Phase::PoolWait) < 1_000_000, "{spent:?}");
}

#[test]
fn a_file_locked_by_another_process_is_not_migrated_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    std::fs::write(&path, "").expect("an empty file");
    let holder = hold(&path);
    let settings = SqliteSettings { busy_timeout_ms: 20, ..SqliteSettings::at(&path) };
    let clock = Samples::default().clock;
    let opened = SqliteStore::open(settings, clock, Arc::new(CollectingObserver::default()));
    let Err(error) = opened else { unreachable!("it was opened") };
    assert!(error.to_string().contains("locked by another process"), "{error}");
    let_go(holder);
}
