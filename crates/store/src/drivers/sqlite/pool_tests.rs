//! What the threads tell of themselves, and how readers are stopped and opened anew.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use galen_core::model::{AuditFilter, Recycled};
use galen_core::{Cx, PageRequest, Store, StoreError, StoreResult};
use tokio::task::JoinHandle;

use super::tests::{Play, query};
use crate::Query;
use crate::port::Engine;
use crate::tx::{Tx, one};

const ONE: Query = Query { name: "test.one", sql: "SELECT 1" };
const TWO: Query = Query { name: "test.two", sql: "SELECT 2" };

/// A read at which a reader stands still until it is let go.
struct Held {
    let_go: mpsc::Sender<()>,
    done: JoinHandle<StoreResult<()>>,
}

impl Held {
    async fn end(self) {
        self.let_go.send(()).unwrap();
        self.done.await.unwrap().unwrap();
    }
}

fn ask(tx: &mut dyn Tx, query: &Query) -> StoreResult<()> {
    one(tx, query, &[], |row| row.int(0)).map(drop)
}

impl Play {
    async fn hold_reader(&self) -> Held {
        let (let_go, gate) = mpsc::channel();
        let (reached, at_gate) = tokio::sync::oneshot::channel();
        let (store, cx) = (Arc::clone(&self.store), self.samples.cx());
        let work = move |tx: &mut dyn Tx| {
            ask(tx, &ONE)?;
            let _ = reached.send(());
            gate.recv().map_err(|error| StoreError::Engine(error.to_string()))
        };
        let done = tokio::spawn(async move { store.0.read(&cx, work).await });
        at_gate.await.unwrap();
        Held { let_go, done }
    }

    async fn ask_reader(&self, query: Query) -> StoreResult<Option<i64>> {
        let cx = self.samples.cx();
        self.store.0.read(&cx, move |tx| one(tx, &query, &[], |row| row.int(0))).await
    }

    /// A hold that waits in the queue: the reader stands still once it comes to it.
    async fn hold_next(&self) -> Held {
        let (let_go, gate) = mpsc::channel();
        let (store, cx) = (Arc::clone(&self.store), self.samples.cx());
        let waiting = self.store.pool().reads_waiting;
        let work = move |_: &mut dyn Tx| {
            gate.recv().map_err(|error: mpsc::RecvError| StoreError::Engine(error.to_string()))
        };
        let done = tokio::spawn(async move { store.0.read(&cx, work).await });
        while self.store.pool().reads_waiting <= waiting {
            tokio::task::yield_now().await;
        }
        Held { let_go, done }
    }

    fn recycle(&self, cx: Cx) -> JoinHandle<StoreResult<Recycled>> {
        let (store, act) = (Arc::clone(&self.store), self.samples.act());
        tokio::spawn(async move { store.recycle(&cx, act).await })
    }

    /// What is noted of rounds through the readers.
    async fn rounds(&self) -> Vec<String> {
        let filter =
            AuditFilter { code: Some("pool.recycled".to_owned()), ..AuditFilter::default() };
        let page = PageRequest { after: None, limit: 20 };
        let page = self.store.audit(&self.samples.cx(), &filter, page).await.unwrap();
        page.items.into_iter().map(|entry| entry.params).collect()
    }

    fn short_cx(&self, timeout_ns: u64) -> Cx {
        let id = self.samples.cx().request_id;
        Cx::live(id, self.samples.clock.as_ref(), timeout_ns)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_readers_is_weighted_by_time_and_counts_what_goes_on() {
    let play = Play::new(|settings| settings.readers = 2);
    let before_ns = play.store.pool().readers_busy_ns;
    let held = play.hold_reader().await;
    play.samples.clock.advance_ms(400);
    let pool = play.store.pool();
    // Each look at the clock is a step of one nanosecond, and how many are taken while something is
    // waited for is not known; the stretches below differ by a hundred milliseconds.
    let about = |ns: u64, ms: u64| (ms * 1_000_000..(ms + 50) * 1_000_000).contains(&ns);
    assert_eq!((pool.readers, pool.readers_busy, pool.longest_read), (2, 1, Some("test.one")));
    assert!(about(pool.longest_read_ns, 400) && about(pool.readers_busy_ns - before_ns, 400));
    let other = play.hold_reader().await;
    let (store, cx) = (Arc::clone(&play.store), play.samples.cx());
    let waiting = tokio::spawn(async move { store.0.read(&cx, |tx| ask(tx, &TWO)).await });
    while play.store.pool().reads_waiting == 0 {
        tokio::task::yield_now().await;
    }
    play.samples.clock.advance_ms(100);
    let pool = play.store.pool();
    assert_eq!((pool.readers_busy, pool.reads_waiting), (2, 1));
    assert!(about(pool.longest_read_ns, 500) && about(pool.readers_busy_ns - before_ns, 600));
    held.end().await;
    other.end().await;
    waiting.await.unwrap().unwrap();
    while play.store.pool().readers_busy > 0 {
        tokio::task::yield_now().await;
    }
    play.samples.clock.advance_ms(10_000);
    let pool = play.store.pool();
    assert!(about(pool.readers_busy_ns - before_ns, 600), "rest does not count: {pool:?}");
    assert_eq!((pool.longest_read_ns, pool.longest_read), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_the_writer_is_at_is_named_with_its_time() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let waiting = play.add(1).await;
    play.samples.clock.advance_ms(70);
    let pool = play.store.pool();
    assert_eq!((pool.writer_command, pool.writes_waiting), (Some("test.command"), 1));
    assert!(pool.writer_busy_ns >= 70_000_000 && pool.lock_wait_ns == 0, "{pool:?}");
    plug.pull().await;
    waiting.await.unwrap().unwrap();
    while play.store.pool().writer_busy_ns > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(play.store.pool().writer_command, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_wait_is_told_with_its_first_statement_only() {
    let play = Play::new(|settings| settings.readers = 1);
    let both = |tx: &mut dyn Tx| ask(tx, &ONE).and_then(|()| ask(tx, &TWO));
    let held = play.hold_reader().await;
    let plug = play.plug().await;
    let (store, cx) = (Arc::clone(&play.store), play.samples.cx());
    let read = tokio::spawn(async move { store.0.read(&cx, both).await });
    let command = play.start(play.samples.cx(), both).await;
    while play.store.pool().reads_waiting == 0 {
        tokio::task::yield_now().await;
    }
    play.samples.clock.advance_ms(5);
    let told = play.observer.statements().len();
    held.end().await;
    read.await.unwrap().unwrap();
    plug.pull().await;
    command.await.unwrap().unwrap();
    let statements = play.observer.statements().split_off(told);
    let waits: Vec<(&str, bool)> =
        statements.iter().map(|one| (one.name, one.wait_ns >= 5_000_000)).collect();
    assert_eq!(waits, [("test.one", true), ("test.two", false)].repeat(2));
    assert!(statements.iter().filter(|one| one.name == "test.two").all(|one| one.wait_ns == 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_a_statement_asks_for_are_counted() {
    const FILL: &str = "INSERT INTO users (id, email, email_key, name, password_hash, role, \
        status, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 \
        FROM n WHERE i < 64) SELECT randomblob(16), '', hex(randomblob(9)), \
        hex(randomblob(1500)), '', 'user', 'active', 0, 0 FROM n";
    let play = Play::new(|settings| settings.readers = 1);
    let cx = play.samples.cx();
    play.store.0.command(&cx, "test.fill", |tx| tx.run(&query(FILL), &[])).await.unwrap();
    let pages = || play.observer.statements().last().unwrap().pages;
    let filled = play.observer.statements().iter().map(|one| one.pages).max();
    assert!(filled > Some(64), "each row fills most of a page: {filled:?}");
    play.ask_reader(ONE).await.unwrap();
    assert_eq!(pages(), 0, "nothing was asked of the file");
    for _ in 0..2 {
        play.ask_reader(query("SELECT min(length(name)) FROM users")).await.unwrap();
        assert!((64..200).contains(&pages()), "cached or not, {}", pages());
        play.ask_reader(query("SELECT n FROM counters WHERE name = 'users'")).await.unwrap();
        assert!((1..8).contains(&pages()), "a look-up took {}", pages());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_stopped_at_its_callers_deadline_and_its_reader_goes_on() {
    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let play = Play::new(|settings| settings.readers = 1);
    let cx = play.short_cx(200);
    let read = play.store.0.read(&cx, |tx| ask(tx, &query(ENDLESS))).await;
    assert_eq!(read, Err(StoreError::TooLate { queue: "readers" }));
    assert!(play.observer.statements().last().unwrap().failed);
    let counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                    WHERE i < 100000) SELECT count(*) FROM n";
    assert_eq!(play.ask_reader(query(counting)).await, Ok(Some(100_000)), "in time for this one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_opened_anew_has_forgotten_its_old_connection() {
    let play = Play::new(|settings| settings.readers = 1);
    let cache = query("PRAGMA cache_size");
    let usual = play.ask_reader(cache).await.unwrap();
    play.ask_reader(query("PRAGMA cache_size = 123")).await.unwrap();
    assert_eq!(play.ask_reader(cache).await, Ok(Some(123)));
    let recycled = play.recycle(play.samples.cx()).await.unwrap();
    assert_eq!(recycled, Ok(Recycled { readers: 1 }));
    assert_eq!(play.ask_reader(cache).await, Ok(usual));
    let cx = play.short_cx(200);
    let endless =
        query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n");
    let read = play.store.0.read(&cx, move |tx| ask(tx, &endless)).await;
    assert_eq!(
        read,
        Err(StoreError::TooLate { queue: "readers" }),
        "its reads are stopped as before"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_cannot_be_opened_anew_keeps_its_connection_and_says_why() {
    let play = Play::new(|settings| settings.readers = 2);
    let path = play.store.0.shared.path.clone();
    let aside = path.with_extension("aside");
    std::fs::rename(&path, &aside).unwrap();
    let failed = play.recycle(play.samples.cx()).await.unwrap();
    let Err(StoreError::Engine(words)) = &failed else { panic!("{failed:?}") };
    assert!(words.contains("reader 0 keeps its connection"), "{words}");
    std::fs::write(&path, "").unwrap();
    let failed = play.recycle(play.samples.cx()).await.unwrap();
    assert!(matches!(&failed, Err(StoreError::Engine(words)) if words.contains("another file")));
    assert_eq!(play.ask_reader(ONE).await, Ok(Some(1)));
    let users = query("SELECT n FROM counters WHERE name = 'users'");
    assert_eq!(play.ask_reader(users).await, Ok(Some(0)), "the old connections serve");
    std::fs::rename(&aside, &path).unwrap();
    let recycled = play.recycle(play.samples.cx()).await.unwrap();
    assert_eq!(recycled, Ok(Recycled { readers: 2 }));
    let rounds = play.rounds().await;
    assert!(rounds.iter().any(|one| one.contains("\"readers\":2")), "{rounds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_waits_for_a_reader_at_work_and_a_second_one_is_refused() {
    let play = Play::new(|settings| settings.readers = 2);
    let held = play.hold_reader().await;
    let first = play.recycle(play.samples.cx());
    while !play.store.0.recycling.load(std::sync::atomic::Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let second = play.recycle(play.samples.cx()).await.unwrap();
    assert_eq!(second, Err(StoreError::Full { queue: "recycle" }));
    assert_eq!(play.ask_reader(TWO).await, Ok(Some(2)), "the other one serves");
    held.end().await;
    assert_eq!(first.await.unwrap(), Ok(Recycled { readers: 2 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_ends_at_its_deadline_and_what_it_did_is_noted() {
    let play = Play::new(|settings| settings.readers = 1);
    let held = play.hold_reader().await;
    // Two milliseconds of real time are waited for the reader, which stands still.
    let late = play.recycle(play.short_cx(2_000_000)).await.unwrap();
    assert_eq!(late, Err(StoreError::TooLate { queue: "readers" }));
    held.end().await;
    assert_eq!(play.ask_reader(TWO).await, Ok(Some(2)));
    let rounds = play.rounds().await;
    assert!(rounds.len() == 1 && rounds[0].contains("\"readers\":0"), "{rounds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_whose_caller_went_away_is_finished_and_noted() {
    let play = Play::new(|settings| settings.readers = 1);
    let held = play.hold_reader().await;
    let round = play.recycle(play.samples.cx());
    // It is past its look at the warrant when a reader has its order.
    while play.store.0.renewals[0].is_empty() {
        tokio::task::yield_now().await;
    }
    round.abort();
    assert!(round.await.unwrap_err().is_cancelled());
    held.end().await;
    while play.rounds().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(play.rounds().await[0].contains("\"readers\":1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_is_answered_with_the_next_transaction_however_many_commands_wait() {
    let play = Play::new(|settings| settings.batch = 1);
    let plug = play.plug().await;
    let mut waiting = Vec::new();
    for n in 0..40 {
        waiting.push(play.add(n).await);
    }
    let (store, cx) = (Arc::clone(&play.store), play.samples.background_cx());
    let probe = tokio::spawn(async move { store.probe_lock(&cx).await });
    while play.store.0.probes.is_empty() {
        tokio::task::yield_now().await;
    }
    plug.pull().await;
    assert_eq!(probe.await.unwrap(), Ok(()));
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    let commands = play.observer.commands();
    let place = commands.iter().position(|one| one.name == "upkeep.probe_lock");
    assert_eq!(place, Some(1), "before the first of those that waited was done");
    assert!(commands.iter().all(|one| !one.failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_comes_too_late_is_refused_and_is_no_failed_command() {
    let play = Play::new(|_| {});
    let plug = play.plug().await;
    let (store, cx) = (Arc::clone(&play.store), play.short_cx(1_000_000));
    let probe = tokio::spawn(async move { store.probe_lock(&cx).await });
    while play.store.0.probes.is_empty() {
        tokio::task::yield_now().await;
    }
    play.samples.clock.advance_ms(2);
    plug.pull().await;
    assert_eq!(probe.await.unwrap(), Err(StoreError::TooLate { queue: "writer" }));
    assert_eq!(play.store.probe_lock(&play.samples.cx()).await, Ok(()));
    let names: Vec<&str> = play.observer.commands().iter().map(|one| one.name).collect();
    assert_eq!(names, ["test.command", "upkeep.probe_lock"], "only the one in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_slow_read_no_answer_waits_for_the_next_one() {
    let play = Arc::new(Play::new(|settings| settings.readers = 1));
    for _ in 0..100 {
        play.ask_reader(ONE).await.unwrap();
    }
    let slow = play.hold_reader().await;
    let quick = tokio::spawn({
        let play = Arc::clone(&play);
        async move { play.ask_reader(TWO).await }
    });
    while play.store.pool().reads_waiting == 0 {
        tokio::task::yield_now().await;
    }
    let next = play.hold_next().await;
    play.samples.clock.advance_ms(5);
    slow.end().await;
    // The next read stands still until it is let go, which is after the quick one was answered.
    let answered = tokio::time::timeout(Duration::from_secs(20), quick).await;
    assert_eq!(answered.expect("its answer waits for the next read").unwrap(), Ok(Some(2)));
    next.end().await;
}
