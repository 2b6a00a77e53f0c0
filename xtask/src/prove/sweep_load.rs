//! A million expired sessions are swept while logins, publishes and reads go on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::crowd::{self, Lane, Walked};
use super::figures::number;
use super::people::{self, PASSWORD};
use super::server::Setup;
use super::statistics::{median, percentile};
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;
use crate::shell::Cmd;

const ADMIN: &str = "admin@example.org";
const READER: &str = "reader@example.org";
/// Signs in all the time. A user has a limited number of sessions, so it is nobody who reads.
const GUEST: &str = "guest@example.org";
const SEED: &str = include_str!("seed_sessions.py");
const LANES: [&str; 3] = ["GET /api/notifications", "publish", "login"];

/// A sweep that takes longer than this has failed, however kind it is.
const SWEEP_MAX: Duration = Duration::from_secs(1_500);

/// The run without a sweep needs no more than this to know its percentiles.
const CONTROL_MAX: Duration = Duration::from_secs(180);

/// No answer may take more than this many times as long as without the sweep.
const GOAL: f64 = 1.2;

/// Runs pairs on copies of one seeded database: with the sweep, then without it.
///
/// # Errors
/// When Galen does not start or the database cannot be seeded.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("sweep-load")?;
    let (expired, active) = if ask.quick { (50_000, 1_000) } else { (1_000_000, 10_000) };
    let seeded = dir.join("seeded");
    std::fs::create_dir_all(&seeded)?;
    seed(ask, &seeded, (expired, active))?;
    let mut swept = vec![Walked::default(); LANES.len()];
    let mut still = swept.clone();
    let (mut seconds, mut removed) = (Vec::new(), Vec::new());
    for pair in 1..=ask.rounds_of(3, 1) {
        let with =
            Run { ask, seeded: &seeded, dir: dir.join(format!("with-{pair}")), sweeps: true };
        let done = with.go(SWEEP_MAX, f64::from(expired) * 0.0005)?;
        seconds.push(done.took.as_secs_f64());
        removed.push(f64::from(expired) - done.expired);
        let without =
            Run { ask, seeded: &seeded, dir: dir.join(format!("without-{pair}")), sweeps: false };
        let beside = without.go(done.took.min(CONTROL_MAX), -1.0)?;
        add(&mut swept, done.lanes);
        add(&mut still, beside.lanes);
        say::line(format_args!("pair {pair}: swept in {}", say::duration(done.took)));
    }
    let mut outcome = Outcome::default();
    let goal = Goal::AtLeast(f64::from(expired) * 0.999);
    outcome.add(
        Figure::new("expired sessions removed, each run", median(&removed), "", goal)
            .spread(&removed),
    );
    outcome
        .add(Figure::new("time of the sweep", median(&seconds), "s", Goal::Shown).spread(&seconds));
    for ((name, swept), still) in LANES.iter().zip(&swept).zip(&still) {
        compare(&mut outcome, name, swept, still);
    }
    Ok(outcome)
}

fn add(sum: &mut [Walked], lanes: Vec<Walked>) {
    for (sum, lane) in sum.iter_mut().zip(lanes) {
        sum.latency_ms.extend(lane.latency_ms);
        sum.failed += lane.failed;
    }
}

/// A measure over latencies and what it is called.
type Measure = (&'static str, fn(&[f64]) -> f64);

fn compare(outcome: &mut Outcome, name: &str, swept: &Walked, still: &Walked) {
    let measures: [Measure; 2] = [("median", median), ("p99", |values| percentile(values, 0.99))];
    for (what, measure) in measures {
        let (with, without) = (measure(&swept.latency_ms), measure(&still.latency_ms));
        let beside = format!(
            "{} ms against {} ms, n {}",
            number(with),
            number(without),
            swept.latency_ms.len()
        );
        let figure =
            Figure::new(format!("{name}: {what}"), with / without, "x", Goal::AtMost(GOAL));
        outcome.add(figure.beside(beside));
    }
    outcome.add(Figure::count(
        format!("{name}: failed"),
        swept.failed + still.failed,
        Goal::AtMost(0.0),
    ));
}

/// Makes the database: accounts, a page of notifications, and the sessions.
fn seed(ask: &Ask, dir: &Path, (expired, active): (u32, u32)) -> Result<()> {
    let setup = Setup::new(ask, dir)?.without_limits();
    people::add(&setup, ADMIN, true)?;
    people::add(&setup, READER, false)?;
    people::add(&setup, GUEST, false)?;
    setup.start()?.stop()?;
    let script = dir.join("seed_sessions.py");
    std::fs::write(&script, SEED)?;
    let said = Cmd::new("python3")
        .arg(&script)
        .arg(setup.database())
        .args([expired.to_string(), active.to_string()])
        .read()?;
    say::line(said.trim());
    Ok(())
}

struct Run<'a> {
    ask: &'a Ask,
    seeded: &'a Path,
    dir: PathBuf,
    sweeps: bool,
}

struct Done {
    lanes: Vec<Walked>,
    took: Duration,
    expired: f64,
}

impl Run<'_> {
    /// Lets the crowd walk until no more than `until` expired sessions are left, or the time is over.
    fn go(&self, time: Duration, until: f64) -> Result<Done> {
        Cmd::new("cp").arg("-a").arg(self.seeded).arg(&self.dir).run()?;
        let every = if self.sweeps { "1s" } else { "1000d" };
        let mut setup = Setup::new(self.ask, &self.dir)?.without_limits();
        setup = setup.set("GALEN__SESSIONS__SWEEP_EVERY", every);
        let server = setup.start()?;
        let mut client = server.client();
        let admin = people::login(&mut client, ADMIN)?;
        let reader = people::login(&mut client, READER)?;
        let reader_id = people::user_id(&mut client, &reader)?;
        let publish = |number: u64| {
            let body = json!({"user_id": reader_id, "category": "proof", "level": "info", "title": format!("n {number}"), "body": "b"});
            admin.sign(Request::post("/api/admin/notifications", &body))
        };
        let read = |_: u64| reader.sign(Request::get("/api/notifications?limit=20"));
        let login = |_: u64| people::login_request(GUEST, PASSWORD);
        // In the order of LANES.
        let lanes = [
            Lane { per_second: 100.0, connections: 4, next: &read },
            Lane { per_second: 50.0, connections: 4, next: &publish },
            Lane { per_second: 5.0, connections: 4, next: &login },
        ];
        let began = Instant::now();
        let stop = AtomicBool::new(false);
        let database = setup.database();
        let (walked, expired) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| watch(&database, (began, time), until, &stop));
            let walked = crowd::walk(server.port, &lanes, time, &stop);
            (walked, watch.join())
        });
        let expired = expired.map_err(|_| anyhow::anyhow!("the watcher panicked"))??;
        let took = began.elapsed();
        server.stop()?;
        std::fs::remove_dir_all(&self.dir)?;
        Ok(Done { lanes: walked, took, expired })
    }
}

/// Looks once a second how many expired sessions are left, from a process of its own and read-only.
fn watch(
    database: &Path,
    (began, time): (Instant, Duration),
    until: f64,
    stop: &AtomicBool,
) -> Result<f64> {
    let ask = "import sqlite3, sys, time; \
               db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True); \
               sql = 'SELECT coalesce(sum(n), 0) FROM session_expiry_counts WHERE expires_at < ?'; \
               print(db.execute(sql, (int(time.time() * 1000) - 120000,)).fetchone()[0])";
    loop {
        let left = Cmd::new("python3").args(["-c", ask]).arg(database).read();
        let left = left
            .and_then(|text| text.trim().parse::<f64>().context("no count of expired sessions"));
        let over = began.elapsed() >= time;
        if over || left.as_ref().map_or(true, |left| *left <= until) {
            stop.store(true, Ordering::Relaxed);
            return left;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
