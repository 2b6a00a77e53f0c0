//! A million notifications: what one user's list costs, beside a database with ten thousand.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::number;
use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::statistics::median;
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;
use crate::shell::Cmd;

const SEED: &str = include_str!("seed_notifications.py");
const READER: &str = "reader@example.org";
const USERS: u32 = 10_000;
/// Requests of one turn; turns of both databases alternate.
const ASKED: usize = 400;
/// A list may cost this many times as much.
const GOAL: f64 = 1.2;
/// The statements of a list and of the counts.
const STATEMENTS: [&str; 2] = ["user.inbox", "notification.page"];

/// Measures both in alternating turns.
///
/// # Errors
/// When a database cannot be seeded or a server does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("inbox-scale")?;
    let many = if ask.quick { 100_000 } else { 1_000_000 };
    let small = House::open(ask, &dir.join("small"), 10_000)?;
    let large = House::open(ask, &dir.join("large"), many)?;
    let (mut few_ms, mut many_ms, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ask.rounds_of(9, 3) {
        let (few, many) = (small.turn()?, large.turn()?);
        ratios.push(median(&many) / median(&few));
        few_ms.extend(few);
        many_ms.extend(many);
    }
    let mut outcome = Outcome::default();
    let beside = format!("{} ms against {} ms", number(median(&many_ms)), number(median(&few_ms)));
    outcome.add(
        Figure::new("a list with its counts: time", median(&ratios), "x", Goal::AtMost(GOAL))
            .spread(&ratios)
            .beside(beside),
    );
    for name in STATEMENTS {
        let (few, many) = (small.statement(name)?, large.statement(name)?);
        let scanned = Figure::new(
            format!("{name}: rows visited by scans, each run"),
            many.scanned,
            "",
            Goal::AtMost(few.scanned),
        );
        outcome.add(scanned.beside(format!("{} with 10,000", number(few.scanned))));
        let rows =
            Figure::new(format!("{name}: rows given, each run"), many.rows, "", Goal::AtMost(21.0));
        outcome.add(rows.beside(format!("{} with 10,000", number(few.rows))));
    }
    outcome.add(Figure::count("notifications", u64::from(many), Goal::AtLeast(1.0)));
    for house in [small, large] {
        house.galen.stop()?;
    }
    outcome.note("the reader has 100 notifications in both, scattered among all others");
    Ok(outcome)
}

/// A Galen with so many notifications, and its reader signed in.
struct House {
    setup: Setup,
    galen: Galen,
    reader: Session,
}

/// What one statement did, each run.
struct Did {
    rows: f64,
    scanned: f64,
}

impl House {
    fn open(ask: &Ask, dir: &Path, notifications: u32) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let setup = Setup::new(ask, dir)?.without_limits();
        people::add(&setup, READER, false)?;
        setup.start()?.stop()?;
        let script = dir.join("seed_notifications.py");
        std::fs::write(&script, SEED)?;
        let words = [READER.to_owned(), USERS.to_string(), notifications.to_string()];
        let said = Cmd::new("python3").arg(&script).arg(setup.database()).args(words).read()?;
        say::line(said.trim());
        let galen = setup.start()?;
        let reader = people::login(&mut galen.client(), READER)?;
        Ok(Self { setup, galen, reader })
    }

    /// Asks for the first page again and again; gives the times in milliseconds.
    fn turn(&self) -> Result<Vec<f64>> {
        let mut client = self.galen.client();
        let mut times = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            let began = Instant::now();
            let answer = client.send(&self.reader.sign(Request::get("/api/notifications")))?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            let list = answer.json();
            let is_right =
                list["unread"] == 100 && list["items"].as_array().map_or(0, Vec::len) == 20;
            anyhow::ensure!(is_right, "the list is wrong: {}", answer.body);
        }
        Ok(times)
    }

    fn statement(&self, name: &str) -> Result<Did> {
        let text = self.setup.command(&["status", "--json"]).read()?;
        let status: Value = serde_json::from_str(&text).context("galen status gave no JSON")?;
        let statements = status["statements"].as_array().context("no statements")?;
        let found = statements.iter().find(|one| one["name"] == name);
        let found = found.with_context(|| format!("{name} was not counted"))?;
        let runs = found["run_ns"]["count"].as_f64().context("no count")?;
        let each = |what: &str| found[what].as_f64().map_or(f64::NAN, |sum| sum / runs);
        Ok(Did { rows: each("rows"), scanned: each("scanned_rows") })
    }
}
