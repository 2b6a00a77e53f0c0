//! Thousands of open streams: what each costs, and how soon all are told, beside bare axum.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::floor::Floor;
use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::place;
use crate::shell::Cmd;

const ADMIN: &str = "admin@example.org";
/// Streams one session may have.
const PER_SESSION: usize = 4;
/// Sessions one user has here, below the thousand it may have.
const PER_USER: usize = 900;

/// Galen with a crowd signed in, and the admin who tells it things.
struct Crowd {
    galen: Galen,
    admin: Session,
    users: Vec<String>,
    cookies: Vec<String>,
}

impl Crowd {
    /// As many sessions as `streams` want, of as few users as may have them, or of `users`.
    fn gather(ask: &Ask, dir: &Path, streams: usize, users: usize) -> Result<Self> {
        let setup = Setup::new(ask, dir)?
            .without_limits()
            .set("GALEN__SESSIONS__PER_USER_MAX", "1000")
            .set("GALEN__HTTP__MAX_CONNECTIONS_PER_ADDRESS", "16000");
        people::add(&setup, ADMIN, true)?;
        let names: Vec<String> = (0..users).map(|n| format!("u{n}@example.org")).collect();
        for name in &names {
            people::add(&setup, name, false)?;
        }
        let galen = setup.start()?;
        let mut client = galen.client();
        let admin = people::login(&mut client, ADMIN)?;
        let (mut ids, mut cookies) = (Vec::new(), Vec::new());
        for number in 0..streams.div_ceil(PER_SESSION) {
            let name = names.get(number % names.len()).context("no users")?;
            let session = people::login(&mut client, name)?;
            if ids.len() < names.len() {
                ids.push(people::user_id(&mut client, &session)?);
            }
            cookies.push(session.cookie);
        }
        Ok(Self { galen, admin, users: ids, cookies })
    }

    /// A job for this Galen: so many streams, and bodies to publish.
    fn job(&self, streams: usize, bodies: &[Value]) -> Value {
        let bodies: Vec<String> = bodies.iter().map(Value::to_string).collect();
        json!({
            "address": format!("127.0.0.1:{}", self.galen.port), "pid": self.galen.pid(),
            "path": "/api/stream", "cookies": self.cookies, "count": streams,
            "publish_path": "/api/admin/notifications",
            "publish_headers": [format!("cookie: {}", self.admin.cookie),
                format!("x-csrf-token: {}", self.admin.csrf)],
            "bodies": bodies,
        })
    }
}

/// 10,000 idle readers: memory of each, and a broadcast to all of them.
///
/// # Errors
/// When a server does not start or a stream is refused.
pub fn streams(ask: &Ask) -> Result<Outcome> {
    build_benches(ask)?;
    let dir = ground::clear("streams")?;
    let streams: usize = if ask.quick { 1_000 } else { 10_000 };
    let rounds = ask.rounds_of(10, 3);
    let users = streams.div_ceil(PER_SESSION).div_ceil(PER_USER);
    let crowd = Crowd::gather(ask, &dir, streams, users)?;
    let body = json!({"audience": {}, "category": "proof", "title": "@"});
    let job = with(crowd.job(streams, &[body]), rounds, 0, streams);
    let ours = galen_streams(&dir, &job)?;
    let panics = crowd.galen.panics();
    crowd.galen.stop()?;
    let floor = Floor::start(&dir.join("floor.db"), None)?;
    let job = json!({
        "address": format!("127.0.0.1:{}", floor.port), "pid": floor.running.pid(),
        "path": "/events", "cookies": [], "count": streams, "publish_path": "/broadcast",
        "publish_headers": [], "bodies": ["{\"title\":\"@\",\"body\":\"as long as a message is, more or less, with its identifiers and moments, so that what is sent is about as large as it is there: 0190163d-8694-739b-8d4a-5b3f4b1c2d3e, 2026-11-23T21:20:07.123Z, 2026-11-23T21:20:07.123Z, info, proof, unseen\"}"],
    });
    let bare = galen_streams(&dir, &with(job, rounds, 0, streams))?;
    floor.running.terminate()?;
    let mut outcome = Outcome::default();
    let each = |found: &Value| {
        (figure(found, "rss_open_kib") - figure(found, "rss_before_kib")) / figure(found, "open")
    };
    let beside = |text: f64, unit: &str| format!("bare axum: {text:.1} {unit}");
    outcome.add(
        Figure::new("memory of an idle stream", each(&ours), "KiB", Goal::AtMost(20.0))
            .beside(beside(each(&bare), "KiB")),
    );
    let all = figure(&ours, "rss_after_kib") / 1024.0;
    outcome.add(
        Figure::new("memory in all, after the broadcasts", all, "MiB", Goal::Shown)
            .beside(beside(figure(&bare, "rss_after_kib") / 1024.0, "MiB")),
    );
    latencies(&mut outcome, "a broadcast reaches a stream", (&ours, Some(&bare)), Goal::Shown);
    whole(&mut outcome, &ours);
    outcome.add(Figure::count("panics", panics, Goal::AtMost(0.0)));
    outcome.note(format!(
        "{streams} streams, {rounds} broadcasts; reader and server share the machine"
    ));
    Ok(outcome)
}

/// 200 publishes a second for 1,000 open streams: from publishing to the screen.
///
/// # Errors
/// As [`streams`].
pub fn latency(ask: &Ask) -> Result<Outcome> {
    build_benches(ask)?;
    let dir = ground::clear("publish-latency")?;
    let streams: usize = if ask.quick { 100 } else { 1_000 };
    let publishes = ask.rounds_of(6_000, 400);
    let users = streams / PER_SESSION;
    let crowd = Crowd::gather(ask, &dir, streams, users)?;
    let to = |id: &String| json!({"user_id": id, "category": "proof", "title": "@"});
    let bodies: Vec<Value> = crowd.users.iter().map(to).collect();
    let found = galen_streams(&dir, &with(crowd.job(streams, &bodies), publishes, 5, PER_SESSION))?;
    let panics = crowd.galen.panics();
    crowd.galen.stop()?;
    let mut outcome = Outcome::default();
    latencies(&mut outcome, "from publishing to the screen", (&found, None), Goal::AtMost(1_000.0));
    whole(&mut outcome, &found);
    outcome.add(Figure::count("panics", panics, Goal::AtMost(0.0)));
    outcome
        .note(format!("{streams} streams of {users} users, {publishes} publishes, one every 5 ms"));
    Ok(outcome)
}

fn with(mut job: Value, publishes: u32, interval_ms: u64, expected: usize) -> Value {
    job["publishes"] = json!(publishes);
    job["interval_ms"] = json!(interval_ms);
    job["expected"] = json!(expected);
    job
}

fn figure(found: &Value, name: &str) -> f64 {
    found[name].as_f64().unwrap_or(f64::NAN)
}

fn latencies(
    outcome: &mut Outcome,
    what: &str,
    (ours, bare): (&Value, Option<&Value>),
    goal: Goal,
) {
    for (name, key) in [("median", "p50_ms"), ("p99", "p99_ms"), ("max", "max_ms")] {
        let goal = if key == "max_ms" { Goal::Shown } else { goal };
        let shown = Figure::new(format!("{what}: {name}"), figure(ours, key), "ms", goal);
        outcome.add(match bare {
            Some(bare) => shown.beside(format!("bare axum: {:.1} ms", figure(bare, key))),
            None => shown,
        });
    }
}

/// Everything arrived, everywhere, once.
fn whole(outcome: &mut Outcome, found: &Value) {
    let missing = figure(found, "wanted") - figure(found, "arrived");
    outcome.add(Figure::new("messages that did not arrive", missing, "", Goal::AtMost(0.0)));
    let uneven = figure(found, "uneven");
    outcome.add(Figure::new("messages some got not once", uneven, "", Goal::AtMost(0.0)));
}

fn build_benches(ask: &Ask) -> Result<()> {
    if ask.profile != "release" {
        bail!("figures of a development build mean nothing; run this without --debug");
    }
    let build = ["build", "--locked", "--release", "--package", "galen-benches"];
    Cmd::cargo().args(build).dir(&place::root()).run()
}

fn galen_streams(dir: &Path, job: &Value) -> Result<Value> {
    let file = dir.join("job.json");
    std::fs::write(&file, job.to_string()).context("the job cannot be written")?;
    let program = place::target()?.join("release").join("galen-floor");
    let text = Cmd::new(program).arg("streams").arg(&file).dir(dir).read()?;
    serde_json::from_str(text.trim()).with_context(|| format!("no JSON: {text}"))
}
