//! Kill -9 while notifications are carried on to mail: each is in the outbox once for each reader.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::statistics::Dice;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, mail_outage, mailbox};
use crate::say;
use crate::shell::Cmd;

const SEED: &str = include_str!("seed_readers.py");
const COUNT: &str = include_str!("count_parcels.py");
const ADMIN: &str = "admin@example.org";
/// Users with a proven address: two slices of an audience and a part of one.
const READERS: u64 = 250;
/// Notifications to single users, published beside each broadcast.
const DIRECT: u64 = 10;
/// How long everything may take to leave after the last kill.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the kills of this slice.
///
/// # Errors
/// When Galen or the mail server does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let rounds = u64::from(ask.rounds_of(20, 3));
    let dir = ground::clear(&format!("channels-{}", ask.slice.0))?;
    let mails = dir.join("mails");
    std::fs::create_dir_all(&mails)?;
    let port = ground::free_port()?;
    let setup = Setup::new(ask, &dir)?
        .without_limits()
        .set("GALEN__NOTIFICATIONS__EMAIL", "*")
        .set("GALEN__MAIL__HOST", "127.0.0.1")
        .set("GALEN__MAIL__PORT", &port.to_string())
        .set("GALEN__MAIL__SECURITY", "none")
        .set("GALEN__MAIL__FROM", "Galen <galen@example.org>");
    people::add(&setup, ADMIN, true)?;
    setup.start()?.stop()?;
    say::line(python(&dir, "seed_readers.py", SEED, &setup, &[READERS.to_string()])?.trim());
    let smtp = mail_outage::mail_server(port, &mails)?;
    let mut server = setup.start()?;
    let admin = people::login(&mut server.client(), ADMIN)?;
    let mut dice = Dice::new(ask.seed.wrapping_add(u64::from(ask.slice.0)));
    for round in 1..=rounds {
        publish(&server, &admin, round)?;
        // The first run of a start follows it after a tenth of a second: some kills meet it, some the
        // walk through the audience, some the mails on their way.
        std::thread::sleep(Duration::from_millis(dice.between(50, 1_500)));
        server.kill_nine()?;
        server = setup.start()?;
    }
    let (killed, began) = (rounds, Instant::now());
    let wanted = rounds * (READERS + DIRECT);
    let left = drained(&setup, &mails, wanted)?;
    let took_s = began.elapsed().as_secs_f64();
    let panics = server.panics();
    server.stop()?;
    smtp.terminate()?;
    let said = python(&dir, "count_parcels.py", COUNT, &setup, &[])?;
    let found: Value = serde_json::from_str(&said).context("the count is no JSON")?;
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("kills", killed, Goal::AtLeast(1.0)));
    judge(&mut outcome, &found, wanted)?;
    outcome.add(Figure::count(
        "mails that never arrived",
        wanted - left.len() as u64,
        Goal::AtMost(0.0),
    ));
    let again = left.values().filter(|times| **times > 1).count() as u64;
    // What was being handed over at the kill goes once more, under the same name.
    outcome.add(Figure::count("mails handed over again after a kill", again, Goal::Shown));
    outcome.add(Figure::count("panics", panics, Goal::AtMost(0.0)));
    outcome.add(Figure::new("until the last one arrived", took_s, "s", Goal::Shown));
    Ok(outcome)
}

/// What the outbox holds, against what was published.
fn judge(outcome: &mut Outcome, found: &Value, wanted: u64) -> Result<()> {
    let number = |value: &Value| value.as_u64().context("no number");
    let parcels = number(&found["parcels"])?;
    outcome.add(Figure::count("parcels in the outbox", parcels, Goal::AtLeast(wanted as f64)));
    outcome.add(Figure::count(
        "... beyond one for each reader",
        parcels.saturating_sub(wanted),
        Goal::AtMost(0.0),
    ));
    let twice = number(&found["twice"])?;
    outcome.add(Figure::count("parcels owed twice", twice, Goal::AtMost(0.0)));
    let done = &found["walks"]["done"];
    let (queued, sent) = (number(&done["queued"])?, number(&done["sent"])?);
    let apart = "parcels of broadcasts that the kept progress does not count as delivered";
    outcome.add(Figure::count(apart, queued.abs_diff(sent), Goal::AtMost(0.0)));
    Ok(())
}

/// A broadcast to everybody but the admin, and notifications to single users beside it.
fn publish(server: &Galen, admin: &Session, round: u64) -> Result<()> {
    let mut client = server.client();
    let title = format!("Round {round}");
    let all = json!({ "audience": { "role": "user" }, "category": "proof", "title": title });
    send(&mut client, admin, &all)?;
    for number in 0..DIRECT {
        let email = format!("reader{}@example.org", round * 7 % (READERS - DIRECT) + number);
        send(&mut client, admin, &json!({ "email": email, "category": "proof", "title": title }))?;
    }
    Ok(())
}

fn send(client: &mut Client, admin: &Session, body: &Value) -> Result<()> {
    let answer = client.send(&admin.sign(Request::post("/api/admin/notifications", body)))?;
    anyhow::ensure!(answer.status == 201, "publishing answered {}: {}", answer.status, answer.body);
    Ok(())
}

/// Waits until so many mails have arrived and nothing waits; gives how often each did, by its name.
fn drained(setup: &Setup, mails: &Path, wanted: u64) -> Result<BTreeMap<String, u64>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
        for mail in mail_outage::read(mails)? {
            *arrived.entry(message_id(&mail)?).or_default() += 1;
        }
        let queues = mailbox::list(setup, "queued")?["queues"].clone();
        let waiting = queues.as_array().into_iter().flatten();
        let waiting: u64 = waiting.filter_map(|queue| queue["waiting"].as_u64()).sum();
        if waiting == 0 && arrived.len() as u64 >= wanted {
            return Ok(arrived);
        }
        if Instant::now() > until {
            bail!("{} of {wanted} mails arrived, {waiting} wait", arrived.len());
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn message_id(mail: &Value) -> Result<String> {
    let data = mail["data"].as_str().context("a mail without data")?;
    let line = data.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    Ok(line.context("a mail without a name")?.trim().to_owned())
}

/// Runs a script on the stopped server's database.
fn python(dir: &Path, name: &str, text: &str, setup: &Setup, words: &[String]) -> Result<String> {
    let script = dir.join(name);
    std::fs::write(&script, text)?;
    Cmd::new("python3").arg(&script).arg(setup.database()).args(words).read()
}
