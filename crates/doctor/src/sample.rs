//! Hand-made evidence for tests: a bed on which facts are laid by hand.

pub mod beds;

use std::collections::BTreeMap;

use galen_core::UnixMs;

use crate::case::Case;
use crate::checks::{self, Cause, Finding, Judgement};
use crate::evidence::{Collector, Draft, Evidence, FactKey, Source, Value};
use crate::thresholds::Thresholds;
use crate::validate;
use crate::words::Code;

/// Builds evidence fact by fact; ids follow the order of laying.
pub struct Bed {
    collector: Collector,
    at: i64,
}

impl Bed {
    /// Nothing laid yet.
    pub fn new() -> Self {
        Self { collector: Collector::new(), at: 1_764_000_000_000 }
    }

    /// Lays one value.
    pub fn fact(self, key: FactKey, object: &str, value: impl Into<Value>) -> Self {
        self.lay(key, object, value.into(), None)
    }

    /// Lays samples.
    pub fn samples(self, key: FactKey, object: &str, samples: &[f64]) -> Self {
        self.lay(key, object, Value::Samples(samples.to_vec()), None)
    }

    /// Lays a number seen out of `n` looks.
    pub fn counted(self, key: FactKey, object: &str, value: i64, n: u64) -> Self {
        self.lay(key, object, Value::Int(value), Some(n))
    }

    /// Lays counts by label over their sum.
    pub fn counts(self, key: FactKey, object: &str, counts: &[(&str, u64)]) -> Self {
        let counts: BTreeMap<String, u64> =
            counts.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect();
        self.lay(key, object, Value::Counts(counts), None)
    }

    /// Lays counts by label over `n` looks.
    pub fn counts_of(self, key: FactKey, object: &str, counts: &[(&str, u64)], n: u64) -> Self {
        let counts: BTreeMap<String, u64> =
            counts.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect();
        self.lay(key, object, Value::Counts(counts), Some(n))
    }

    /// Lays names.
    pub fn list(self, key: FactKey, object: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.lay(key, object, Value::List(names), None)
    }

    /// Lays a gap.
    pub fn missing(self, key: FactKey, object: &str, reason: &str) -> Self {
        self.collector.missing(key, object, reason);
        self
    }

    /// Lays the facts of another function.
    pub fn with(self, lay: impl FnOnce(Self) -> Self) -> Self {
        lay(self)
    }

    /// Closes the bed.
    pub fn seal(self) -> Evidence {
        self.collector.seal(UnixMs(self.at))
    }

    /// Closes the bed, numbering after another probing.
    pub fn seal_after(self, last: crate::evidence::FactId) -> Evidence {
        self.collector.seal_after(last, UnixMs(self.at))
    }

    fn lay(mut self, key: FactKey, object: &str, value: Value, n: Option<u64>) -> Self {
        self.at += 1;
        let source = Source::new("by_hand", "a test", "read the test");
        let mut draft = Draft::new(key, object, value, source, UnixMs(self.at));
        if let Some(n) = n {
            draft = draft.over(n);
        }
        self.collector.push(draft);
        self
    }
}

/// A slow endpoint held in the rooms: `[A, B, C, D, E]` out of 64 looks, over `total_ms`.
pub fn held(bed: Bed, path: &str, rooms: [i64; 5], total_ms: f64) -> Bed {
    let n = rooms.iter().sum::<i64>() as u64;
    bed.samples(FactKey::HttpTotalMs, path, &[total_ms; 30])
        .samples(FactKey::HttpConnectMs, path, &[0.2; 30])
        .counted(FactKey::HttpErrors, path, 0, 30)
        .counts(FactKey::HttpStatus, path, &[("200", 30)])
        .fact(FactKey::HeldRequestMs, path, total_ms)
        .fact(FactKey::HeldRequestOutcome, path, "200")
        .counted(FactKey::RoomNotEstablished, path, rooms[0], n)
        .counted(FactKey::RoomAcceptQueue, path, rooms[1], n)
        .counted(FactKey::RoomUnread, path, rooms[2], n)
        .counted(FactKey::RoomInHandler, path, rooms[3], n)
        .counted(FactKey::RoomWriting, path, rooms[4], n)
}

/// A healthy endpoint.
pub fn fast(bed: Bed, path: &str) -> Bed {
    bed.samples(FactKey::HttpTotalMs, path, &[4.2; 30])
        .counted(FactKey::HttpErrors, path, 0, 30)
        .counts(FactKey::HttpStatus, path, &[("200", 30)])
}

/// The serving process 4100 (uvicorn) on port 8000 with a quiet host.
pub fn server(bed: Bed) -> Bed {
    bed.fact(FactKey::ConnectOutcome, "127.0.0.1:8000", "accepted")
        .fact(FactKey::ListenerCount, ":8000", 1)
        .fact(FactKey::ListenerPid, "127.0.0.1:8000 inode 77", 4100)
        .fact(FactKey::TargetPid, "target", 4100)
        .fact(FactKey::ProcessCmdline, "4100", "python3 -m uvicorn app:app --port 8000")
        .fact(FactKey::ProcessExe, "4100", "/usr/bin/python3.11")
        .fact(FactKey::ProcessCwd, "4100", "/srv/app")
        .list(FactKey::ProcessZombies, "4100", &[])
        .list(FactKey::CopyPids, "4100", &[])
        .fact(FactKey::HostCpus, "host", 2)
        .fact(FactKey::HostPsiCpu, "host", 1.2)
        .samples(FactKey::DoctorTimerLateMs, "doctor", &[0.1; 50])
        .fact(FactKey::DoctorOnCpuNs, "doctor", 90_000_000)
        .fact(FactKey::DoctorRunQueueNs, "doctor", 4_000_000)
        .fact(FactKey::DoctorWindowNs, "doctor", 9_000_000_000_i64)
}

/// The serving process 4100 behind an address where connecting ends so.
pub fn server_behind(bed: Bed, outcome: &str) -> Bed {
    bed.fact(FactKey::ConnectOutcome, "127.0.0.1:8000", outcome)
        .samples(FactKey::ConnectMs, "127.0.0.1:8000", &[4001.0])
        .fact(FactKey::ListenerCount, ":8000", 1)
        .fact(FactKey::ListenerPid, "127.0.0.1:8000 inode 77", 4100)
        .fact(FactKey::TargetPid, "target", 4100)
}

/// The small innocent database of the report that started it all.
pub fn small_database(bed: Bed) -> Bed {
    let db = "/srv/app/dev.db";
    bed.fact(FactKey::SqlitePath, db, db)
        .fact(FactKey::SqliteSizeBytes, db, 331_776)
        .fact(FactKey::SqlitePages, db, 81)
        .fact(FactKey::SqlitePageSize, db, 4096)
        .fact(FactKey::SqliteFreelistPages, db, 0)
        .fact(FactKey::SqliteJournalMode, db, "wal")
        .fact(FactKey::SqliteScanMs, db, 0.24)
        .fact(FactKey::SqliteHasStatistics, db, true)
        .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/dev.db lock WRITE", &[], 64)
        .fact(FactKey::SqliteTableRows, "/srv/app/dev.db#sessions", 41)
        .fact(FactKey::SqliteSessionsTotal, "/srv/app/dev.db#sessions", 41)
        .fact(FactKey::SqliteSessionsExpired, "/srv/app/dev.db#sessions", 0)
        .fact(FactKey::SqliteLibraryVersion, "4100", "3.54.1")
        .fact(FactKey::SqliteConnections, db, 1)
}

/// One thread of process 4100: its calls when idle and during `path`, over 64 looks.
pub fn thread(bed: Bed, tid: u32, path: &str, idle: &str, calls: &[(&str, u64)]) -> Bed {
    let during = format!("4100/{tid} during {path}");
    let running = calls.iter().find(|(call, _)| *call == "running").map_or(0, |(_, n)| *n);
    bed.counts(FactKey::ThreadSyscalls, &format!("4100/{tid} idle"), &[(idle, 20)])
        .counts(FactKey::ThreadSyscalls, &during, calls)
        .fact(FactKey::ThreadOnCpuNs, &during, running * 47_000_000)
        .fact(FactKey::ThreadRunQueueNs, &during, 1_000_000)
        .fact(FactKey::ThreadWindowNs, &during, 3_020_000_000_i64)
}

/// F13: every endpoint waits in the accept queue while the loop sleeps at app.py:42.
pub fn blocked_loop(bed: Bed) -> Bed {
    let during = "4100/4100 during /api/auth/csrf";
    let bed = held(bed.with(server), "/api/auth/csrf", [0, 63, 0, 1, 0], 3020.0);
    let calls = [("clock_nanosleep", 63), ("epoll_wait", 1)];
    thread(bed, 4100, "/api/auth/csrf", "epoll_wait", &calls)
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:42 slow", 63)])
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:42", "time.sleep(3)")
}

/// F35: a worker thread waits in SQLite's busy handler while PID 31860 holds the write lock.
pub fn foreign_lock(bed: Bed) -> Bed {
    let during = "4100/4107 during /login";
    let bed =
        held(bed.with(server).with(|bed| fast(bed, "/health")), "/login", [0, 0, 0, 64, 0], 5140.0);
    let bed = thread(bed, 4100, "/login", "epoll_wait", &[("epoll_wait", 64)]);
    thread(bed, 4107, "/login", "futex", &[("clock_nanosleep", 62), ("running", 2)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:61 login", 62)])
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:61", "db.execute(\"UPDATE users …\")")
        .fact(FactKey::SqlitePath, "/srv/app/a.db", "/srv/app/a.db")
        .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/a.db lock WRITE", &[("31860", 63)], 64)
        .fact(FactKey::SqliteLockHeldMs, "/srv/app/a.db lock WRITE", 5100.0)
        .fact(FactKey::SqliteLockHolder, "/srv/app/a.db lock WRITE", 31860)
        .fact(FactKey::ProcessCmdline, "31860", "python hold.py")
}

/// An async handler that awaits something no thread shows: everything is parked in epoll.
pub fn awaiting_handler(bed: Bed) -> Bed {
    let bed = held(bed.with(server), "/slow", [0, 0, 0, 64, 0], 3010.0);
    thread(bed, 4100, "/slow", "epoll_wait", &[("epoll_wait", 64)]).fact(
        FactKey::PythonOnLoop,
        "4100/4100 during /slow",
        true,
    )
}

/// Judges one cause on a bed, as the engine does, for a stranger.
pub fn judge(cause: &Cause, bed: Bed) -> Judgement {
    let evidence = bed.seal();
    let thresholds = Thresholds::default();
    let case = Case::new(&evidence, &thresholds, false);
    let judged = checks::judge(cause, &case);
    if let Judgement::Found(finding) = &judged {
        for sentence in std::iter::once(&finding.says).chain(&finding.chain) {
            validate::sentence(sentence, &evidence).unwrap();
        }
    }
    if let Judgement::RuledOut(sentence) = &judged {
        validate::sentence(sentence, &evidence).unwrap();
    }
    judged
}

/// The finding, or a failure that shows what was said in its place.
pub fn assert_found(judged: Judgement) -> Finding {
    match judged {
        Judgement::Found(finding) => *finding,
        other => panic!("not found: {other:?}"),
    }
}

/// Asserts that the cause is excluded by this sentence.
pub fn assert_ruled_out(judged: Judgement, by: Code) {
    match judged {
        Judgement::RuledOut(sentence) => assert_eq!(sentence.code, by),
        other => panic!("not ruled out: {other:?}"),
    }
}

/// F14: the loop computes at app.py:55.
pub fn computing_loop(bed: Bed) -> Bed {
    let during = "4100/4100 during /report";
    let bed = held(bed.with(server), "/report", [0, 0, 0, 64, 0], 3010.0);
    thread(bed, 4100, "/report", "epoll_wait", &[("running", 62), ("epoll_wait", 2)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:55 report", 60)])
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:55", "total += row * row")
}

/// F18: the loop computes bcrypt at app.py:30.
pub fn hashing_loop(bed: Bed) -> Bed {
    let during = "4100/4100 during /login";
    let bed = held(bed.with(server), "/login", [0, 0, 0, 64, 0], 3010.0);
    thread(bed, 4100, "/login", "epoll_wait", &[("running", 63), ("epoll_wait", 1)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:30 login", 60)])
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:30", "bcrypt.hashpw(form.password, salt)")
        .samples(FactKey::ProcessRunnable, "4100 during /login", &[1.0, 3.0, 2.0])
}

/// F19: the loop stands in the run queue while PID 777 computes.
pub fn starved_loop(bed: Bed) -> Bed {
    let during = "4100/4100 during /report";
    let bed = held(bed.with(server), "/report", [0, 0, 0, 64, 0], 3010.0);
    bed.counts(FactKey::ThreadSyscalls, "4100/4100 idle", &[("epoll_wait", 20)])
        .counts(FactKey::ThreadSyscalls, during, &[("running", 63), ("epoll_wait", 1)])
        .fact(FactKey::ThreadOnCpuNs, during, 680_000_000)
        .fact(FactKey::ThreadRunQueueNs, during, 2_330_000_000_i64)
        .fact(FactKey::ThreadWindowNs, during, 3_020_000_000_i64)
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::HostNeighbourCpu, "777", 1.9)
        .fact(FactKey::ProcessCmdline, "777", "stress-ng --cpu 4")
}

/// A loop that computes for `cpu_ms` and stands ready for `queued_ms` of its request.
pub fn contended_loop(bed: Bed, cpu_ms: i64, queued_ms: i64) -> Bed {
    let during = "4100/4100 during /report";
    let total = cpu_ms + queued_ms;
    let bed = held(bed.with(server), "/report", [0, 0, 0, 64, 0], total as f64);
    bed.counts(FactKey::ThreadSyscalls, "4100/4100 idle", &[("epoll_wait", 20)])
        .counts(FactKey::ThreadSyscalls, during, &[("running", 64)])
        .fact(FactKey::ThreadOnCpuNs, during, cpu_ms * 1_000_000)
        .fact(FactKey::ThreadRunQueueNs, during, queued_ms * 1_000_000)
        .fact(FactKey::ThreadWindowNs, during, total * 1_000_000)
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::HostNeighbourCpu, "777", 1.2)
}

/// F35 on the loop: the loop's own thread waits in SQLite's busy handler.
pub fn foreign_lock_on_the_loop(bed: Bed) -> Bed {
    let during = "4100/4100 during /login";
    let bed = held(bed.with(server), "/login", [0, 0, 0, 64, 0], 5140.0);
    thread(bed, 4100, "/login", "epoll_wait", &[("clock_nanosleep", 62), ("epoll_wait", 2)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:61 login", 62)])
        .fact(FactKey::PythonOnLoop, during, true)
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:61", "db.execute(\"UPDATE users …\")")
        .fact(FactKey::SqlitePath, "/srv/app/a.db", "/srv/app/a.db")
        .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/a.db lock WRITE", &[("31860", 63)], 64)
}

/// F36: the request's own pool thread holds the write lock through a slow step.
pub fn own_transaction(bed: Bed) -> Bed {
    let during = "4100/4107 during /import";
    let bed = held(bed.with(server), "/import", [0, 0, 0, 64, 0], 3040.0);
    let bed = thread(bed, 4100, "/import", "epoll_wait", &[("epoll_wait", 64)]);
    thread(bed, 4107, "/import", "futex", &[("clock_nanosleep", 63), ("running", 1)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:70 import_rows", 63)])
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:70", "time.sleep(3)")
        .fact(FactKey::SqlitePath, "/srv/app/a.db", "/srv/app/a.db")
        .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/a.db lock WRITE", &[("4100", 62)], 64)
        .fact(FactKey::SqliteLockHeldMs, "/srv/app/a.db lock WRITE", 3010.0)
        .fact(FactKey::SqliteLockHolder, "/srv/app/a.db lock WRITE", 4100)
}

/// F15: `busy` pool threads sleep at the same line, `parked` wait for work.
pub fn pool(bed: Bed, busy: u32, parked: u32) -> Bed {
    let path = "/sync";
    let bed = held(bed.with(server), path, [0, 0, 0, 64, 0], 4000.0);
    let mut bed = thread(bed, 4100, path, "epoll_wait", &[("epoll_wait", 64)]);
    for tid in 5000..5000 + busy {
        bed = thread(bed, tid, path, "clock_nanosleep", &[("clock_nanosleep", 64)]).counts(
            FactKey::PythonLines,
            &format!("4100/{tid} during {path}"),
            &[("/srv/app/app.py:12 sync", 64)],
        );
    }
    for tid in 6000..6000 + parked {
        bed = thread(bed, tid, path, "futex", &[("futex", 64)]);
    }
    bed
}

/// One scanning statement on `table`: its time as it is, and with the tried index.
pub fn statement(bed: Bed, database: &str, table: &str, [before, indexed]: [f64; 2]) -> Bed {
    let object = format!("{database}?1");
    bed.fact(FactKey::SqliteStatement, &object, format!("SELECT * FROM {table} WHERE user_id = ?"))
        .fact(FactKey::SqliteStatementTable, &object, table)
        .list(FactKey::SqliteStatementPlan, &object, &[&format!("SCAN {table}")])
        .samples(FactKey::SqliteStatementMs, &object, &[before; 5])
        .fact(
            FactKey::SqliteStatementIndex,
            &object,
            format!("CREATE INDEX {table}_user_id ON {table}(user_id)"),
        )
        .samples(FactKey::SqliteStatementIndexedMs, &object, &[indexed; 5])
}

/// F41: the request reads all of `notifications` at app.py:80.
pub fn missing_index(bed: Bed) -> Bed {
    let path = "/notifications";
    let during = "4100/4107 during /notifications";
    let db = "/srv/app/a.db";
    let bed = held(bed.with(server), path, [0, 0, 0, 64, 0], 2600.0);
    let bed = thread(bed, 4100, path, "epoll_wait", &[("epoll_wait", 64)]);
    thread(bed, 4107, path, "futex", &[("running", 63), ("pread64", 1)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:80 notifications", 63)])
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:80", "rows = db.execute(SQL, (user,))")
        .fact(FactKey::SqlitePath, db, db)
        .fact(FactKey::SqlitePages, db, 400_000)
        .fact(FactKey::SqliteSizeBytes, db, 1_638_400_000_i64)
        .fact(FactKey::SqliteScanMs, db, 900.0)
        .fact(FactKey::SqliteTableRows, "/srv/app/a.db#notifications", 8_000_000)
        .with(|bed| statement(bed, db, "notifications", [2400.0, 0.2]))
}

/// Entropy without surprise.
pub struct Fixed;

impl galen_core::Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x3c);
    }
}

/// F18 through the pool: forty threads hash, and an endpoint that hashes nothing waits for one.
pub fn hashing_pool(bed: Bed) -> Bed {
    let path = "/api/me";
    let bed = held(bed.with(server), path, [0, 1, 0, 63, 0], 7020.0);
    let mut bed = thread(bed, 4100, path, "epoll_wait", &[("epoll_wait", 64)]);
    for tid in 5000..5040 {
        let during = format!("4100/{tid} during {path}");
        bed = thread(bed, tid, path, "running", &[("running", 40), ("munmap", 24)])
            .counts(
                FactKey::PythonLines,
                &during,
                &[("/srv/app/db.py:66 hash_password", 50), ("/srv/app/app.py:185 login", 14)],
            )
            .counts(FactKey::PythonIdle, &during, &[("active", 64)]);
    }
    bed.fact(FactKey::PythonSourceText, "/srv/app/db.py:66", "return hashlib.scrypt(…)")
}
