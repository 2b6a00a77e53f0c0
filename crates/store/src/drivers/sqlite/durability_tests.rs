//! What an acknowledgement is worth: commits that cannot be synced are refused, and the canary writes.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::bounded;
use galen_core::{Store, StoreError, StoreResult};
use galen_testkit::samples::Samples;
use galen_testkit::{CollectingObserver, NullObserver};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use tokio::sync::oneshot::{self, Receiver};

use super::gauges::{Gauges, Labels};
use super::job::{Answer, Call, Command, Job, Work};
use super::settings::{SqliteSettings, Synchronous};
use super::writer::{Intake, Writer};
use super::{Shared, SqliteStore};
use crate::Query;
use crate::port::Engine;
use crate::tx::Tx;

const ADD: Query = Query {
    name: "test.add",
    sql: "INSERT INTO session_expiry_counts (expires_at, n) VALUES ($1, 0)",
};

fn add(n: i64, kind: fn(Box<dyn Command>) -> Work) -> (Job, Receiver<Answer<u64>>) {
    let (reply, answer) = oneshot::channel();
    let work = move |tx: &mut dyn Tx| tx.run(&ADD, &[n.into()]);
    let call = Call { work: Some(work), output: None, reply };
    let job = Job {
        name: "test.add",
        queued_ns: 0,
        lock_before_ns: 0,
        deadline_ns: u64::MAX,
        work: kind(Box::new(call)),
    };
    (job, answer)
}

/// A connection on which the next `refusals` returns to `synchronous=FULL` fail.
fn stubborn(path: &std::path::Path, mut refusals: u32) -> Connection {
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let judge = move |context: AuthContext<'_>| match context.action {
        AuthAction::Pragma { pragma_name: "synchronous", pragma_value: Some("FULL") }
            if refusals > 0 =>
        {
            refusals -= 1;
            Authorization::Deny
        }
        _ => Authorization::Allow,
    };
    connection.authorizer(Some(judge)).unwrap();
    connection
}

#[test]
fn while_commits_cannot_be_synced_again_they_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("galen.db");
    let samples = Samples::default();
    let clock = samples.clock.clone();
    let made = SqliteStore::open(SqliteSettings::at(&path), clock, Arc::new(NullObserver));
    made.unwrap().close();
    let shared = Shared {
        clock: samples.clock.clone(),
        observer: Arc::new(NullObserver),
        wal_path: path.clone(),
        path: path.clone(),
        schema_version: 1,
        readers: 0,
        last_commit_ns: AtomicU64::new(0),
        gauges: Gauges::new(0),
        file: None,
        settled: Mutex::default(),
    };
    let (live, live_jobs) = bounded(8);
    let (_background, background_jobs) = bounded(1);
    let (_probes, asked) = bounded(1);
    let (stop, stopped) = bounded(1);
    let writer = Writer {
        // Once after the sweep's slice, and once when the first command wants to be synced.
        connection: stubborn(&path, 2),
        shared: Arc::new(shared),
        live: live_jobs,
        background: background_jobs,
        probes: asked,
        stop: stopped,
        batch: 1,
        busy_timeout: Duration::ZERO,
        synchronous: Synchronous::Full,
        relaxed: Cell::new(false),
        labels: Labels::new(),
        intake: Intake::default(),
    };
    let mut answers = Vec::new();
    for (n, kind) in [(1, Work::Redoable as fn(_) -> _), (2, Work::Command), (3, Work::Command)] {
        let (job, answer) = add(n, kind);
        assert!(live.send(job).is_ok());
        answers.push(answer);
    }
    stop.send(()).unwrap();
    writer.work();
    let mut outcomes: Vec<StoreResult<u64>> =
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap().0).collect();
    assert!(matches!(outcomes.remove(1), Err(StoreError::Engine(_))), "it was not synced");
    assert_eq!(outcomes, [Ok(1), Ok(1)], "the sweep's slice, and what came once it was possible");
    let kept: Vec<i64> = Connection::open(&path)
        .unwrap()
        .prepare("SELECT expires_at FROM session_expiry_counts ORDER BY expires_at")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kept, [1, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_canary_fails_when_rows_cannot_be_written_though_transactions_can() {
    let folder = tempfile::tempdir().unwrap();
    let samples = Samples::default();
    let observer = Arc::new(CollectingObserver::default());
    let settings = SqliteSettings::at(folder.path().join("galen.db"));
    let store = SqliteStore::open(settings, samples.clock.clone(), observer.clone()).unwrap();
    let cx = samples.background_cx();
    let broken = "CREATE TRIGGER broken BEFORE UPDATE ON counters BEGIN \
                  SELECT RAISE(ABORT, 'no row today'); END";
    let set = |sql: &'static str| {
        let query = Query { name: "test.set", sql };
        store.0.command(&cx, "test.set", move |tx| tx.read(&query, &[], &mut |_| Ok(())))
    };
    assert_eq!(store.canary(&cx).await, Ok(()));
    set(broken).await.unwrap();
    assert_eq!(store.touch_sessions(&cx, Vec::new()).await, Ok(()), "nothing to write, no failure");
    let failed = store.canary(&cx).await.unwrap_err();
    assert!(matches!(failed, StoreError::Engine(_)), "{failed:?}");
    set("DROP TRIGGER broken").await.unwrap();
    assert_eq!(store.canary(&cx).await, Ok(()));
    let canaries: Vec<bool> = observer
        .commands()
        .iter()
        .filter(|one| one.name == "upkeep.canary")
        .map(|one| one.failed)
        .collect();
    assert_eq!(canaries, [false, true, false]);
}
