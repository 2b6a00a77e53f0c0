//! Throughput, memory and cold start beside a bare axum server: the rows of performance.md so far.

mod bare;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::figures::number;
use super::load::{Load, Shot, shoot};
use super::people::{self, PASSWORD};
use super::server::{Galen, Setup, cpu_ms, memory_kib};
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::place;
use crate::shell::Cmd;
pub use bare::Floor;

const ADMIN: &str = "admin@example.org";
const READER: &str = "reader@example.org";
/// Signs in all the time. A user has a limited number of sessions, so it is nobody who reads.
const GUEST: &str = "guest@example.org";

/// The floor's one session.
const FLOOR_COOKIE: &str = "Cookie: galen_session=floor-session-token-of-43-characters-abcdef";

/// Servers keep to this core, the generator to the other.
const SERVER_CORE: u32 = 0;
const GENERATOR_CORE: u32 = 1;

/// Measures every row in alternating pairs.
///
/// # Errors
/// When a server does not start or wrk fails.
pub fn run(ask: &Ask) -> Result<Outcome> {
    if ask.profile != "release" {
        bail!("figures of a development build mean nothing; run this without --debug");
    }
    Cmd::cargo()
        .args(["build", "--locked", "--release", "--package", "galen-benches"])
        .dir(&place::root())
        .run()?;
    let dir = ground::clear("floor")?;
    let field = Field::prepare(ask, &dir)?;
    let mut outcome = Outcome::default();
    throughput(&field, &mut outcome)?;
    logins(&field, &mut outcome)?;
    under_logins(&field, &mut outcome)?;
    durable_writes(&field, &mut outcome)?;
    let Field { galen, floor, .. } = field;
    galen.stop()?;
    floor.running.terminate()?;
    memory(ask, &dir, &mut outcome)?;
    cold_start(ask, &dir, &mut outcome)?;
    outcome.note(
        "server and generator pinned to one core each; ratios are medians over alternating pairs",
    );
    outcome.note(format!(
        "load average at the end: {}",
        std::fs::read_to_string("/proc/loadavg")?.trim()
    ));
    Ok(outcome)
}

/// Both servers, running side by side; only one of them is under load at a time.
struct Field {
    galen: Galen,
    floor: Floor,
    signed: Vec<String>,
    admin: Vec<String>,
    reader_id: String,
    dir: PathBuf,
    pairs: u32,
    seconds: u32,
}

impl Field {
    fn prepare(ask: &Ask, dir: &Path) -> Result<Self> {
        let setup = Setup::new(ask, dir)?.without_limits().on_core(SERVER_CORE);
        people::add(&setup, ADMIN, true)?;
        people::add(&setup, READER, false)?;
        people::add(&setup, GUEST, false)?;
        let galen = setup.start()?;
        let mut client = galen.client();
        let admin = people::login(&mut client, ADMIN)?;
        let reader = people::login(&mut client, READER)?;
        let reader_id = people::user_id(&mut client, &reader)?;
        for turn in 0..20 {
            let text = "Some text that tells what happened and what can be done about it.";
            let body = json!({"user_id": reader_id, "category": "proof", "level": "info", "title": format!("A notification {turn}"), "body": text});
            let answer =
                client.send(&admin.sign(Request::post("/api/admin/notifications", &body)))?;
            anyhow::ensure!(
                answer.status < 300,
                "publishing answered {}: {}",
                answer.status,
                answer.body
            );
        }
        let headers = |session: &people::Session| {
            vec![format!("Cookie: {}", session.cookie), format!("X-CSRF-Token: {}", session.csrf)]
        };
        Ok(Self {
            floor: Floor::start(&dir.join("floor.db"), Some(SERVER_CORE))?,
            signed: headers(&reader),
            admin: headers(&admin),
            reader_id,
            galen,
            dir: dir.to_path_buf(),
            pairs: ask.rounds_of(5, 2),
            seconds: if ask.quick { 1 } else { 4 },
        })
    }

    fn shot<'a>(&self, url: &'a str, headers: &'a [String], script: Option<&'a Path>) -> Shot<'a> {
        Shot { url, headers, script, connections: 50, seconds: self.seconds, core: GENERATOR_CORE }
    }

    /// A wrk script that posts one JSON body.
    fn script(&self, name: &str, body: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        let text = format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = [[{body}]]\n"
        );
        std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        Ok(path)
    }
}

/// Answers that were refused or lost make a rate meaningless.
fn clean(load: Load, what: &str) -> Result<Load> {
    if load.refused + load.broken > 0 {
        bail!("{what}: {} refused, {} without an answer", load.refused, load.broken);
    }
    Ok(load)
}

/// A ratio row: the medians of both sides' values, and the median of their ratios pair by pair.
fn ratio(outcome: &mut Outcome, name: &str, ours: &[f64], theirs: &[f64], goal: Goal) {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    let beside = format!("{} against {}", number(median(ours)), number(median(theirs)));
    outcome.add(Figure::new(name, median(&ratios), "x", goal).spread(&ratios).beside(beside));
}

/// One target of the throughput rows: a server's process, a path, and who asks.
struct Target<'a> {
    name: &'static str,
    pid: u32,
    url: String,
    headers: &'a [String],
}

/// What a target's pairs measured.
#[derive(Default, Clone)]
struct Measured {
    per_second: Vec<f64>,
    per_cpu_second: Vec<f64>,
}

/// Requests a second, and a second of the server's own processor time. The goals are held against
/// the latter: on a core of one's own they are the same ratio, and on a shared one only the latter
/// is about the program.
fn throughput(field: &Field, outcome: &mut Outcome) -> Result<()> {
    let none: &[String] = &[];
    let floor_cookie = vec![FLOOR_COOKIE.to_owned()];
    let (galen, floor) = (&field.galen, &field.floor);
    let ours =
        |name, path, headers| Target { name, pid: galen.pid(), url: galen.url(path), headers };
    let theirs = |name, path, headers| Target {
        name,
        pid: floor.running.pid(),
        url: floor.url(path),
        headers,
    };
    let targets = [
        ours("me", "/api/me", &field.signed),
        ours("csrf", "/api/auth/csrf", none),
        ours("notifications", "/api/notifications?limit=20", &field.signed),
        theirs("floor hello", "/hello", none),
        theirs("floor me", "/me", &floor_cookie),
        theirs("floor csrf", "/csrf", none),
        theirs("floor notifications", "/notifications", none),
    ];
    let mut measured = vec![Measured::default(); targets.len()];
    for _ in 0..field.pairs {
        for (target, measured) in targets.iter().zip(&mut measured) {
            let before_ms = cpu_ms(target.pid)?;
            let load = clean(shoot(&field.shot(&target.url, target.headers, None))?, target.name)?;
            let cpu_seconds = (cpu_ms(target.pid)? - before_ms) / 1000.0;
            measured.per_second.push(load.per_second);
            measured.per_cpu_second.push(load.requests / cpu_seconds);
        }
    }
    let [me, csrf, notifications, hello, floor_me, floor_csrf, floor_notifications] =
        measured.as_slice()
    else {
        bail!("a target without its row");
    };
    let rows = [
        ("me / floor hello", me, hello, 0.70),
        ("me / floor me", me, floor_me, 1.1),
        ("csrf / floor csrf", csrf, floor_csrf, 0.75),
        ("notifications / floor's", notifications, floor_notifications, 0.80),
    ];
    for (name, ours, theirs, goal) in rows {
        let by_cpu = format!("{name}, by processor time");
        ratio(outcome, &by_cpu, &ours.per_cpu_second, &theirs.per_cpu_second, Goal::AtLeast(goal));
        ratio(
            outcome,
            &format!("{name}, by the clock"),
            &ours.per_second,
            &theirs.per_second,
            Goal::Shown,
        );
    }
    Ok(())
}

/// Logins a second beside raw Argon2id on the same core.
fn logins(field: &Field, outcome: &mut Outcome) -> Result<()> {
    let script = field
        .script("login.lua", &format!("{{\"email\":\"{GUEST}\",\"password\":\"{PASSWORD}\"}}"))?;
    let url = field.galen.url("/api/auth/login");
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..field.pairs {
        let shot = Shot { connections: 8, ..field.shot(&url, &[], Some(&script)) };
        ours.push(clean(shoot(&shot)?, "login")?.per_second);
        raw.push(field.floor.raw_hashes(field.seconds)?);
    }
    ratio(outcome, "logins / raw Argon2id", &ours, &raw, Goal::AtLeast(0.97));
    Ok(())
}

/// The 99th percentile of cheap requests while 32 logins are in flight, beside the floor's.
fn under_logins(field: &Field, outcome: &mut Outcome) -> Result<()> {
    let ours_body = format!("{{\"email\":\"{GUEST}\",\"password\":\"{PASSWORD}\"}}");
    let ours = field.script("login-32.lua", &ours_body)?;
    let theirs = field.script("floor-login.lua", &format!("{{\"password\":\"{PASSWORD}\"}}"))?;
    let none: &[String] = &[];
    let floor_cookie = vec![FLOOR_COOKIE.to_owned()];
    let rows = [
        ("csrf", field.galen.url("/api/auth/csrf"), none, field.floor.url("/csrf"), none),
        (
            "me",
            field.galen.url("/api/me"),
            field.signed.as_slice(),
            field.floor.url("/me"),
            floor_cookie.as_slice(),
        ),
    ];
    for (name, our_url, our_headers, their_url, their_headers) in &rows {
        let (mut our_p99, mut their_p99) = (Vec::new(), Vec::new());
        for _ in 0..field.pairs {
            let calm = Shot { connections: 2, ..field.shot(our_url, our_headers, None) };
            our_p99.push(beside_logins(field, &calm, &field.galen.url("/api/auth/login"), &ours)?);
            let calm = Shot { connections: 2, ..field.shot(their_url, their_headers, None) };
            their_p99.push(beside_logins(field, &calm, &field.floor.url("/login"), &theirs)?);
        }
        let title = format!("{name} p99 with 32 logins / floor's");
        ratio(outcome, &title, &our_p99, &their_p99, Goal::AtMost(1.3));
    }
    Ok(())
}

fn beside_logins(field: &Field, calm: &Shot<'_>, login_url: &str, script: &Path) -> Result<f64> {
    let busy = Shot {
        connections: 32,
        seconds: field.seconds + 1,
        ..field.shot(login_url, &[], Some(script))
    };
    let (calm, busy) = std::thread::scope(|scope| {
        let busy = scope.spawn(|| shoot(&busy));
        std::thread::sleep(Duration::from_millis(500));
        (shoot(calm), busy.join())
    });
    busy.map_err(|_| anyhow::anyhow!("the generator panicked"))??;
    Ok(clean(calm?, "beside logins")?.p99_ms)
}

/// Acknowledged publishes a second, beside raw commits of one row and of as many as shared one.
fn durable_writes(field: &Field, outcome: &mut Outcome) -> Result<()> {
    let body = json!({"user_id": field.reader_id, "category": "proof", "level": "info", "title": "A notification",
        "body": "a row of about the size of a small notification, title and body"});
    let script = field.script("publish.lua", &body.to_string())?;
    let url = field.galen.url("/api/admin/notifications");
    let (mut ours, mut alone, mut grouped) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..field.pairs {
        let load = shoot(&field.shot(&url, &field.admin, Some(&script)))?;
        ours.push(clean(load, "publish")?.per_second);
        alone.push(field.floor.raw_rows(&field.dir.join("raw.db"), 1, field.seconds)?);
        grouped.push(field.floor.raw_rows(&field.dir.join("raw.db"), 50, field.seconds)?);
    }
    ratio(outcome, "publishes / a commit per request", &ours, &alone, Goal::Shown);
    ratio(outcome, "publishes / raw commits of 50 rows", &ours, &grouped, Goal::Shown);
    Ok(())
}

fn memory(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let setup = Setup::new(ask, dir)?.without_limits();
    let galen = setup.start()?;
    let floor = Floor::start(&dir.join("floor.db"), None)?;
    std::thread::sleep(Duration::from_secs(3));
    let resident = |pid| memory_kib(pid, "VmRSS").map(|kib| kib / 1024.0);
    let (idle, floor_idle) = (resident(galen.pid())?, resident(floor.running.pid())?);
    let figure = Figure::new("idle memory", idle, "MiB", Goal::AtMost(20.0));
    outcome.add(figure.beside(format!("floor {} MiB", number(floor_idle))));
    let anonymous = memory_kib(galen.pid(), "RssAnon")? / 1024.0;
    outcome.add(Figure::new("... of it not backed by a file", anonymous, "MiB", Goal::Shown));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| galen.client().send(&people::login_request(GUEST, PASSWORD)).is_ok());
            scope.spawn(|| {
                Client::new(floor.port)
                    .send(&Request::post("/login", &json!({"password": PASSWORD})))
                    .is_ok()
            });
        }
    });
    std::thread::sleep(Duration::from_secs(1));
    let (busy, floor_busy) = (resident(galen.pid())?, resident(floor.running.pid())?);
    let figure = Figure::new("memory after 32 logins", busy, "MiB", Goal::AtMost(60.0));
    outcome.add(figure.beside(format!("floor {} MiB", number(floor_busy))));
    galen.stop()
}

fn cold_start(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let setup = Setup::new(ask, dir)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ask.rounds_of(20, 3) {
        let galen = setup.start()?;
        ours.push(galen.ready_after.as_secs_f64() * 1000.0);
        galen.stop()?;
        let floor = Floor::start(&dir.join("floor.db"), None)?;
        theirs.push(floor.ready_after.as_secs_f64() * 1000.0);
        floor.running.kill_nine()?;
    }
    let figure = Figure::new("cold start to first answer", median(&ours), "ms", Goal::AtMost(15.0));
    outcome.add(figure.spread(&ours).beside(format!("floor {} ms", number(median(&theirs)))));
    Ok(())
}
