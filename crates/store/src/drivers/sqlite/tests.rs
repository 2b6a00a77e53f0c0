//! What only shows inside: batches, full queues, failing commits, migrations of a file with a past.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use galen_core::model::{Role, UserCreation};
use galen_core::{Cx, Phase, Store, StoreError, StoreResult};
use galen_testkit::samples::Samples;
use galen_testkit::{CollectingObserver, HandClock, NullObserver};
use rusqlite::Connection;
use tokio::task::JoinHandle;

use super::{OpenError, SqliteSettings, SqliteStore};
use crate::Query;
use crate::migrations::{self, Migration};
use crate::port::Engine;
use crate::tx::{Tx, one};

/// A statement of a test.
pub(super) const fn query(sql: &'static str) -> Query {
    Query { name: "test.statement", sql }
}

const ADD: Query = query("INSERT INTO session_expiry_counts (expires_at, n) VALUES ($1, $2)");
const COUNT: Query = query("SELECT count(*) FROM session_expiry_counts");

pub(super) struct Play {
    pub store: Arc<SqliteStore>,
    pub samples: Samples,
    pub observer: Arc<CollectingObserver>,
    #[expect(dead_code, reason = "the folder lives as long as the store")]
    folder: tempfile::TempDir,
}

/// A command at which the writer stands still until it is let go.
pub(super) struct Plug {
    let_go: mpsc::Sender<()>,
    done: JoinHandle<StoreResult<()>>,
}

impl Play {
    pub fn new(change: impl FnOnce(&mut SqliteSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = SqliteSettings::at(folder.path().join("galen.db"));
        change(&mut settings);
        let clock = Arc::new(HandClock::stepping(1));
        let samples = Samples { clock, ..Samples::default() };
        let observer = Arc::new(CollectingObserver::default());
        let store = SqliteStore::open(settings, samples.clock.clone(), observer.clone()).unwrap();
        Self { store: Arc::new(store), samples, observer, folder }
    }

    /// Starts a command; it is in the queue, or under way, when this returns.
    pub async fn start<T: Send + 'static>(
        &self,
        cx: Cx,
        work: impl FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    ) -> JoinHandle<StoreResult<T>> {
        let store = Arc::clone(&self.store);
        let (sent, queued) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut call = Box::pin(store.0.command(&cx, "test.command", work));
            // The first poll puts it into the queue.
            let first = std::future::poll_fn(|context| {
                std::task::Poll::Ready(std::future::Future::poll(call.as_mut(), context))
            });
            let first = first.await;
            let _ = sent.send(());
            match first {
                std::task::Poll::Ready(result) => result,
                std::task::Poll::Pending => call.await,
            }
        });
        queued.await.unwrap();
        task
    }

    pub async fn plug(&self) -> Plug {
        let (let_go, gate) = mpsc::channel();
        let (reached, at_gate) = tokio::sync::oneshot::channel();
        let done = self
            .start(self.samples.cx(), move |_| {
                let _ = reached.send(());
                gate.recv().map_err(|error| StoreError::Engine(error.to_string()))
            })
            .await;
        at_gate.await.unwrap();
        Plug { let_go, done }
    }

    pub async fn add(&self, n: i64) -> JoinHandle<StoreResult<u64>> {
        self.start(self.samples.cx(), move |tx| tx.run(&ADD, &[n.into(), 0.into()])).await
    }

    async fn count(&self) -> i64 {
        let cx = self.samples.cx();
        let counted = self.store.0.read(&cx, |tx| one(tx, &COUNT, &[], |row| row.int(0))).await;
        counted.unwrap().unwrap()
    }
}

impl Plug {
    pub async fn pull(self) {
        self.let_go.send(()).unwrap();
        self.done.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_command_does_not_harm_the_others_of_its_batch() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let before = play.add(1).await;
    let failing = play
        .start(play.samples.cx(), |tx| {
            tx.run(&ADD, &[2.into(), 0.into()])?;
            tx.run(&ADD, &[3.into(), (-1).into()])
        })
        .await;
    let after = play.add(4).await;
    plug.pull().await;
    assert_eq!(before.await.unwrap(), Ok(1));
    assert!(matches!(failing.await.unwrap(), Err(StoreError::Engine(_))));
    assert_eq!(after.await.unwrap(), Ok(1));
    assert_eq!(play.count().await, 2);
    let batches: Vec<(u32, bool)> =
        play.observer.commands().iter().map(|one| (one.batch, one.failed)).collect();
    assert_eq!(batches, [(1, false), (3, false), (3, true), (3, false)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_command_or_a_read_ends_neither_thread_nor_batch() {
    let play = Play::new(|settings| settings.readers = 1);
    let plug = play.plug().await;
    let panicking = play
        .start(play.samples.cx(), |tx| -> StoreResult<()> {
            tx.run(&ADD, &[1.into(), 0.into()])?;
            panic!("a test's panic");
        })
        .await;
    let other = play.add(2).await;
    plug.pull().await;
    assert!(matches!(panicking.await.unwrap(), Err(StoreError::Engine(_))));
    assert_eq!(other.await.unwrap(), Ok(1));
    let cx = play.samples.cx();
    let read: StoreResult<()> = play.store.0.read(&cx, |_| panic!("a test's panic")).await;
    assert!(matches!(read, Err(StoreError::Engine(_))));
    assert_eq!(play.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_takes_work_again() {
    let play = Play::new(|settings| settings.writer_queue = 2);
    let plug = play.plug().await;
    let waiting = [play.add(1).await, play.add(2).await];
    assert_eq!(play.store.pressure().writes_waiting, 2);
    let refused = play.add(3).await.await.unwrap();
    assert_eq!(refused, Err(StoreError::Full { queue: "writer" }));
    plug.pull().await;
    for one in waiting {
        assert_eq!(one.await.unwrap(), Ok(1));
    }
    assert_eq!(play.add(3).await.await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_nobody_wants_any_more_is_not_begun() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let late = play.add(1).await;
    play.samples.clock.advance_ms(60_000);
    let abandoned = play.add(2).await;
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    let wanted = play.add(3).await;
    plug.pull().await;
    assert_eq!(late.await.unwrap(), Err(StoreError::TooLate { queue: "writer" }));
    assert_eq!(wanted.await.unwrap(), Ok(1));
    assert_eq!(play.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_commit_is_answered_to_all_and_the_writer_goes_on() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let innocent = play.add(1).await;
    // A reference to nobody, looked at only when the transaction commits.
    let guilty = play
        .start(play.samples.cx(), |tx| {
            tx.run(&query("PRAGMA defer_foreign_keys = ON"), &[])?;
            tx.run(
                &query(
                    "INSERT INTO sessions VALUES (randomblob(16), randomblob(32), randomblob(16), \
                     1, 1, 1, 1, 1, NULL, NULL)",
                ),
                &[],
            )
        })
        .await;
    plug.pull().await;
    assert!(matches!(innocent.await.unwrap(), Err(StoreError::Lost(_))));
    assert!(matches!(guilty.await.unwrap(), Err(StoreError::Lost(_))));
    assert_eq!(play.count().await, 0);
    assert_eq!(play.add(2).await.await.unwrap(), Ok(1));
    assert_eq!(play.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sqlite_gave_up_with_a_transaction_is_not_acknowledged() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let before = play.add(1).await;
    // SQLite rolls a whole transaction back itself on some errors; this is what that looks like.
    let guilty = play
        .start(play.samples.cx(), |tx| -> StoreResult<()> {
            tx.run(&query("ROLLBACK"), &[])?;
            Err(StoreError::DiskFull)
        })
        .await;
    let after = play.add(2).await;
    plug.pull().await;
    assert_eq!(before.await.unwrap(), Err(StoreError::DiskFull));
    assert_eq!(guilty.await.unwrap(), Err(StoreError::DiskFull));
    assert_eq!(after.await.unwrap(), Ok(1));
    assert_eq!(play.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_passes() {
    let play = Play::new(|_| {});
    let cap = |pages: &'static str| {
        let set = move |tx: &mut dyn Tx| tx.read(&query(pages), &[], &mut |_| Ok(()));
        play.start(play.samples.cx(), set)
    };
    let fill = || {
        play.start(play.samples.cx(), |tx| {
            let big = "INSERT INTO users (id, email, email_key, name, password_hash, role, status, \
                       created_at, updated_at) SELECT randomblob(16), '', hex(randomblob(9)), \
                       hex(randomblob(500000)), '', 'user', 'active', 0, 0";
            tx.run(&query(big), &[])
        })
    };
    // No smaller than the file is already.
    cap("PRAGMA max_page_count = 1").await.await.unwrap().unwrap();
    assert_eq!(fill().await.await.unwrap(), Err(StoreError::DiskFull));
    cap("PRAGMA max_page_count = 1000000").await.await.unwrap().unwrap();
    assert_eq!(fill().await.await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_work_goes_before_background_work_that_waited_longer() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let (order, seen) = mpsc::channel();
    let noted = |name: &'static str| {
        let order = order.clone();
        move |_: &mut dyn Tx| order.send(name).map_err(|error| StoreError::Lost(error.to_string()))
    };
    let mut tasks = vec![play.start(play.samples.background_cx(), noted("background")).await];
    tasks.push(play.start(play.samples.cx(), noted("live")).await);
    tasks.push(play.start(play.samples.cx(), noted("live")).await);
    plug.pull().await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<&str> = seen.try_iter().collect();
    assert_eq!(order, ["live", "live", "background"]);
    let batches: Vec<u32> = play.observer.commands().iter().map(|one| one.batch).collect();
    assert_eq!(batches, [1, 2, 2, 1], "background work shares no commit with callers that wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_accounts_for_the_whole_way_of_a_command() {
    let play = Play::new(|_| {});
    let cx = play.samples.cx();
    let new = play.samples.new_user("ada", Role::User);
    let before_ns = galen_core::Clock::monotonic_ns(play.samples.clock.as_ref());
    let made = play.store.create_user(&cx, play.samples.act(), new, None).await;
    let after_ns = galen_core::Clock::monotonic_ns(play.samples.clock.as_ref());
    assert!(matches!(made, Ok(UserCreation::Created(_))));
    let spent = cx.ledger.snapshot(after_ns - before_ns);
    for phase in [Phase::PoolWait, Phase::Query, Phase::CommitWait] {
        assert!(spent.get(phase) > 0, "{}", phase.name());
    }
    // Each look at the clock is a step: what is unexplained are the looks outside the writer.
    let records = play.observer.commands();
    let looks = u64::try_from(records.len()).unwrap() + 2;
    assert!(spent.unexplained_ns() <= looks, "{}", spent.unexplained_ns());
    let record = records.last().unwrap();
    assert_eq!(record.name, "account.create_user");
    assert_eq!(record.run_ns, spent.get(Phase::Query));
    let statements = play.observer.statements();
    assert!(statements.iter().any(|one| one.name == "user.add" && one.rows == 1));
    assert!(statements.iter().all(|one| one.run_ns > 0 && !one.failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_is_counted_row_by_row() {
    let play = Play::new(|_| {});
    for n in 0..20 {
        play.add(n).await.await.unwrap().unwrap();
    }
    let scan = query("SELECT n FROM session_expiry_counts WHERE n = 7");
    let cx = play.samples.cx();
    let seen = play.store.0.read(&cx, move |tx| tx.read(&scan, &[], &mut |_| Ok(()))).await;
    assert_eq!(seen, Ok(0));
    assert_eq!(play.observer.statements().last().unwrap().scanned_rows, 19);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_what_waits_and_refuses_what_comes_later() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let waiting = play.add(1).await;
    let store = Arc::clone(&play.store);
    let closing = tokio::task::spawn_blocking(move || store.close());
    while !play.store.0.closing.load(std::sync::atomic::Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = play.add(2).await.await.unwrap();
    assert!(matches!(refused, Err(StoreError::Engine(_))), "{refused:?}");
    plug.pull().await;
    assert_eq!(waiting.await.unwrap(), Ok(1));
    closing.await.unwrap();
    play.store.close();
    let cx = play.samples.cx();
    let read = play.store.0.read(&cx, |tx| one(tx, &COUNT, &[], |row| row.int(0))).await;
    assert!(matches!(read, Err(StoreError::Engine(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_redoable_work_is_committed_without_a_sync() {
    let play = Play::new(|_| {});
    let level = || |tx: &mut dyn Tx| one(tx, &query("PRAGMA synchronous"), &[], |row| row.int(0));
    let cx = play.samples.background_cx();
    let (normal, full) = (1, 2);
    assert_eq!(play.store.0.command(&cx, "test.level", level()).await, Ok(Some(full)));
    assert_eq!(play.store.0.redoable(&cx, "test.level", level()).await, Ok(Some(normal)));
    assert_eq!(play.store.0.command(&cx, "test.level", level()).await, Ok(Some(full)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_moved_into_the_database_beside_the_writer() {
    let play = Play::new(|_| {});
    let fill = "INSERT INTO users (id, email, email_key, name, password_hash, role, status, \
                created_at, updated_at) SELECT randomblob(16), '', hex(randomblob(9)), \
                hex(randomblob(3000000)), '', 'user', 'active', 0, 0";
    let empty = play.store.facts(&play.samples.cx()).await.unwrap().size_bytes;
    let cx = play.samples.cx();
    let filled = play.store.0.command(&cx, "test.fill", move |tx| tx.run(&query(fill), &[])).await;
    assert_eq!(filled, Ok(1));
    // Without a checkpoint the file would stay as small as it is, however long one waits.
    while play.store.facts(&play.samples.cx()).await.unwrap().size_bytes < empty + 5_000_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_cached_statement_is_not_prepared_again_for_other_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("galen.db");
    open_with(&path, migrations::SQLITE).unwrap().close();
    let connection = Connection::open(&path).unwrap();
    super::open::tune(&connection, &SqliteSettings::at(&path)).unwrap();
    for query in crate::queries::each() {
        let mut prepared = 0;
        for value in 1..4_i64 {
            let mut statement = connection.prepare_cached(query.sql).unwrap();
            for index in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(index, value).unwrap();
            }
            // What the values make of the statement is of no interest here.
            let mut rows = statement.raw_query();
            while let Ok(Some(_)) = rows.next() {}
            drop(rows);
            prepared = statement.get_status(rusqlite::StatementStatus::RePrepare);
        }
        assert_eq!(prepared, 0, "{}", query.name);
    }
}

fn open_with(path: &Path, known: &[Migration]) -> Result<SqliteStore, OpenError> {
    let clock = Samples::default().clock;
    SqliteStore::open_with(SqliteSettings::at(path), clock, Arc::new(NullObserver), known)
}

/// The steps there are.
const STEPS: u32 = migrations::SQLITE[migrations::SQLITE.len() - 1].version;

/// The steps there are, and one more.
fn one_more_step(sql: &'static str) -> Vec<Migration> {
    let later = Migration { version: STEPS + 1, name: "later", sql };
    migrations::SQLITE.iter().copied().chain([later]).collect()
}

fn copies_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "bak")).collect()
}

#[tokio::test]
async fn before_a_migration_the_file_is_copied_and_the_copy_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("galen.db");
    let samples = Samples::default();
    let store = open_with(&path, migrations::SQLITE).unwrap();
    let new = samples.new_user("ada", Role::User);
    let id = new.id;
    store.create_user(&samples.cx(), samples.act(), new, None).await.unwrap();
    store.close();
    let later = one_more_step("CREATE TABLE later (x INTEGER NOT NULL) STRICT;");
    let store = open_with(&path, &later).unwrap();
    let facts = store.facts(&samples.cx()).await.unwrap();
    assert_eq!(facts.schema_version, STEPS + 1);
    assert!(store.user(&samples.cx(), id).await.unwrap().is_some());
    store.close();
    let copies = copies_in(folder.path());
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    let name = copy.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with(&format!("galen.db.before-{STEPS}-")), "{name}");
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    let store = open_with(copy, migrations::SQLITE).unwrap();
    assert!(store.user(&samples.cx(), id).await.unwrap().is_some());
    store.close();
    // A file that is up to date is not copied again.
    open_with(&path, &later).unwrap().close();
    assert_eq!(copies_in(folder.path()).len(), 1);
    let older = open_with(&path, migrations::SQLITE);
    let Err(OpenError::Newer { found, known, .. }) = older else { panic!("it is newer") };
    assert_eq!((found, known), (STEPS + 1, STEPS));
}

#[test]
fn a_migration_that_fails_leaves_the_schema_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("galen.db");
    open_with(&path, migrations::SQLITE).unwrap().close();
    let broken = one_more_step("CREATE TABLE later (x INTEGER) STRICT; CREATE TABLE users (x);");
    assert!(matches!(open_with(&path, &broken), Err(OpenError::Engine { .. })));
    let connection = Connection::open(&path).unwrap();
    assert!(!connection.table_exists(None, "later").unwrap());
    drop(connection);
    open_with(&path, migrations::SQLITE).unwrap().close();
}
