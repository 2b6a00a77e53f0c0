//! A million notifications: what one user's list costs, beside a database with ten thousand.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::number;
use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;
use crate::shell::Cmd;

const SEED: &str = include_str!("seed_notifications.py");
const READER: &str = "reader@example.org";
const USERS: u32 = 10_000;
/// Requests of one round to each database.
const ASKED: usize = 400;
/// Pages more than with ten thousand a statement may ask for, each run: it searches three trees, each
/// of which is at most two pages deeper.
const DEEPER: f64 = 6.0;
/// The statements of a list and of the counts.
const STATEMENTS: [&str; 2] = ["user.inbox", "notification.page"];

/// Measures both request by request in turns.
///
/// # Errors
/// When a database cannot be seeded or a server does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("inbox-scale")?;
    let many = if ask.quick { 100_000 } else { 1_000_000 };
    let small = House::open(ask, &dir.join("small"), 10_000)?;
    let large = House::open(ask, &dir.join("large"), many)?;
    let (mut few_ms, mut many_ms, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ask.rounds_of(9, 3) {
        let (few, many) = turn(&small, &large)?;
        // The first round reads what is asked for into memory, in both.
        if round > 0 {
            ratios.push(median(&many) / median(&few));
            few_ms.extend(few);
            many_ms.extend(many);
        }
    }
    let mut outcome = Outcome::default();
    let beside = format!("{} ms against {} ms", number(median(&many_ms)), number(median(&few_ms)));
    for name in STATEMENTS {
        let (few, many) = (small.statement(name)?, large.statement(name)?);
        let mut compare = |what: &str, few: f64, many: f64, most: f64| {
            let figure = Figure::new(format!("{name}: {what}"), many, "", Goal::AtMost(most));
            outcome.add(figure.beside(format!("{} with 10,000", number(few))));
        };
        compare("rows given, each run", few.rows, many.rows, few.rows);
        compare("rows visited by scans, each run", few.scanned, many.scanned, few.scanned);
        // A search tree of a hundred times as many rows is one or two pages deeper.
        compare("pages asked of the cache, each run", few.pages, many.pages, few.pages + DEEPER);
    }
    // The machine's time is not the database's: it is shown, and judges nothing.
    let time = Figure::new("a list with its counts: time", median(&ratios), "x", Goal::Shown);
    outcome.add(time.spread(&ratios).beside(beside));
    outcome.add(Figure::count("notifications", u64::from(many), Goal::AtLeast(1.0)));
    for house in [small, large] {
        house.galen.stop()?;
    }
    outcome.note("the reader has 100 notifications in both, scattered among all others");
    Ok(outcome)
}

/// Asks both in turns, request by request, so that whatever else the machine does meets both alike.
fn turn(small: &House, large: &House) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut few, mut many) = (small.galen.client(), large.galen.client());
    let (mut few_ms, mut many_ms) = (Vec::new(), Vec::new());
    for asked in 0..ASKED {
        // Whoever is asked first wakes a core that slept: each is, every other time.
        if asked % 2 == 0 {
            few_ms.push(small.ask(&mut few)?);
            many_ms.push(large.ask(&mut many)?);
        } else {
            many_ms.push(large.ask(&mut many)?);
            few_ms.push(small.ask(&mut few)?);
        }
    }
    Ok((few_ms, many_ms))
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
    pages: f64,
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

    /// Asks for the first page; gives the time in milliseconds.
    fn ask(&self, client: &mut Client) -> Result<f64> {
        let began = Instant::now();
        let answer = client.send(&self.reader.sign(Request::get("/api/notifications")))?;
        let took_ms = began.elapsed().as_secs_f64() * 1e3;
        let list = answer.json();
        let is_right = list["unread"] == 100 && list["items"].as_array().map_or(0, Vec::len) == 20;
        anyhow::ensure!(is_right, "the list is wrong: {}", answer.body);
        Ok(took_ms)
    }

    fn statement(&self, name: &str) -> Result<Did> {
        let text = self.setup.command(&["status", "--json"]).read()?;
        let status: Value = serde_json::from_str(&text).context("galen status gave no JSON")?;
        let statements = status["statements"].as_array().context("no statements")?;
        let found = statements.iter().find(|one| one["name"] == name);
        let found = found.with_context(|| format!("{name} was not counted"))?;
        let runs = found["run_ns"]["count"].as_f64().context("no count")?;
        let each = |what: &str| found[what].as_f64().map_or(f64::NAN, |sum| sum / runs);
        Ok(Did { rows: each("rows"), scanned: each("scanned_rows"), pages: each("pages") })
    }
}
