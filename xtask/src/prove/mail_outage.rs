//! The mail server is down for a while: nothing is lost, the queue is visible, all arrives once.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::server::{Galen, Setup};
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground, mailbox, patients, people};
use crate::place;
use crate::shell::{Cmd, Running};

/// Mails owed before and during the outage.
const BEFORE: usize = 5;
const DURING: usize = 30;
/// How long the server is down.
const OUTAGE: Duration = Duration::from_secs(60);
const QUICK_OUTAGE: Duration = Duration::from_secs(8);
/// How long the mails may take after it is back, and how long is waited for one too many.
const PATIENCE: Duration = Duration::from_secs(180);
const AFTERMATH: Duration = Duration::from_secs(10);

/// Sends through an outage.
///
/// # Errors
/// When Galen or the mail server does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("mail-outage")?;
    let mails = dir.join("mails");
    std::fs::create_dir_all(&mails)?;
    let port = ground::free_port()?;
    let setup = Setup::new(ask, &dir)?
        .without_limits()
        .set("GALEN__MAIL__HOST", "127.0.0.1")
        .set("GALEN__MAIL__PORT", &port.to_string())
        .set("GALEN__MAIL__SECURITY", "none")
        .set("GALEN__MAIL__FROM", "Galen <galen@example.org>");
    let smtp = mail_server(port, &mails)?;
    let server = setup.start()?;
    register(&server, 0..BEFORE)?;
    arrived(&mails, BEFORE)?;
    smtp.terminate()?;
    let outage = if ask.quick { QUICK_OUTAGE } else { OUTAGE };
    register(&server, BEFORE..BEFORE + DURING)?;
    std::thread::sleep(outage);
    let queue = mailbox::list(&setup, "queued")?;
    let waiting = queue["queues"].as_array().into_iter().flatten();
    let waiting: u64 = waiting.filter_map(|queue| queue["waiting"].as_u64()).sum();
    let shown = queue["mails"].as_array().into_iter().flatten();
    let said = shown.filter(|mail| mail["says"].as_str().is_some_and(|says| !says.is_empty()));
    let said = said.count() as u64;
    let back = Instant::now();
    let smtp = mail_server(port, &mails)?;
    arrived(&mails, BEFORE + DURING)?;
    let took_s = back.elapsed().as_secs_f64();
    std::thread::sleep(AFTERMATH);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for mail in read(&mails)? {
        *counts.entry(mail["to"][0].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let all = (BEFORE + DURING) as u64;
    let mut outcome = Outcome::default();
    let goal = Goal::AtLeast(DURING as f64);
    outcome.add(Figure::count("waiting in sight during the outage", waiting, goal));
    outcome.add(Figure::count("... with what went wrong beside them", said, Goal::AtLeast(1.0)));
    let lost = all - counts.len() as u64;
    outcome.add(Figure::count("mails lost", lost, Goal::AtMost(0.0)));
    let twice = counts.values().filter(|count| **count > 1).count() as u64;
    outcome.add(Figure::count("mails delivered more than once", twice, Goal::AtMost(0.0)));
    outcome.add(Figure::new("until the last one arrived", took_s, "s", Goal::Shown));
    server.stop()?;
    smtp.terminate()?;
    Ok(outcome)
}

fn register(server: &Galen, numbers: std::ops::Range<usize>) -> Result<()> {
    let mut client = server.client();
    for number in numbers {
        let email = format!("user{number}@example.org");
        let form = json!({ "email": email, "password": people::PASSWORD });
        let answer = client.send(&Request::post("/api/auth/register", &form))?;
        if answer.status != 202 {
            bail!("registering was answered {}: {}", answer.status, answer.body);
        }
    }
    Ok(())
}

/// A mail server that keeps what it takes over in a folder.
///
/// # Errors
/// When it does not start.
pub fn mail_server(port: u16, folder: &Path) -> Result<Running> {
    let python = patients::mail_server()?;
    let script = place::root().join("tests/smtp/server.py");
    let command = Cmd::new(python).arg(script).arg(port.to_string()).arg(folder).arg("plain");
    let running = command.log_to(&folder.join("smtp.log"))?.spawn()?;
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > until {
            bail!("the mail server does not listen");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(running)
}

/// What it has taken over so far.
///
/// # Errors
/// When a mail cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Value>> {
    let paths = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| serde_json::from_str(&std::fs::read_to_string(path)?).context("a mail"))
        .collect()
}

fn arrived(folder: &Path, count: usize) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while read(folder)?.len() < count {
        if Instant::now() > until {
            bail!("{} of {count} mails arrived", read(folder)?.len());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
