//! Eight faults are injected; the ledgers of the slow requests must add up and name the right phase.

mod faults;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::shell::Cmd;
use crate::{place, say};
use faults::{ALL, Fault};

const ADMIN: &str = "admin@example.org";
/// Signs in all the time. A user has a limited number of sessions, so it is nobody who reads.
const GUEST: &str = "guest@example.org";
/// From this wall time on a request counts as slow here.
const SLOW: &str = "50ms";
/// So much of a slow request's wall time must be explained, in so many of them.
const EXPLAINED: f64 = 0.95;
/// Fewer slow requests than this prove nothing.
const SAMPLES_MIN: usize = 20;

/// Builds Galen with its fault routes, injects one fault after the other, each on a server of its own,
/// and at last none.
///
/// # Errors
/// When Galen does not build or start, or a fault cannot be injected.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let galen = build()?;
    let mut outcome = Outcome::default();
    let (mut named, mut walls) = (0, 0);
    for fault in ALL {
        say::line(format_args!("fault: {}", fault.name));
        let seen = Field::prepare(ask, &galen, fault)?.suffer(fault)?;
        let right = seen.cause_is(fault);
        named += u64::from(right);
        walls += seen.slow.len();
        let share = seen.explained_share();
        outcome.add(
            Figure::new(format!("{}: explained", fault.name), share, "", Goal::AtLeast(EXPLAINED))
                .beside(format!("{} slow requests; {}", seen.slow.len(), seen.says())),
        );
        let enough = seen.slow.len() >= SAMPLES_MIN;
        outcome.add(Figure::holds(format!("{}: named, from enough", fault.name), right && enough));
    }
    outcome.add(Figure::count(
        "faults named by their phase",
        named,
        Goal::AtLeast(ALL.len() as f64),
    ));
    let control = Field::prepare(ask, &galen, &faults::NONE)?.suffer(&faults::NONE)?;
    outcome.add(
        Figure::count("causes named on the healthy control", control.causes, Goal::AtMost(0.0))
            .beside(format!("{} slow requests", control.slow.len())),
    );
    outcome.note(format!(
        "explained: the share of slow requests (wall from {SLOW} on) whose phases hold at least 95 % of their wall time; {walls} ledgers in all"
    ));
    Ok(outcome)
}

/// A development build with the routes that do what a bad handler would do; phases are shares, so its
/// speed does not matter.
fn build() -> Result<PathBuf> {
    let build = ["build", "--locked", "--package", "galen", "--features", "faults"];
    Cmd::cargo().args(build).dir(&place::root()).run()?;
    let kept = ground::clear("ledger-faults-program")?.join("galen");
    // The next ordinary build overwrites the program where it was built.
    std::fs::copy(place::galen("debug")?, &kept).context("cannot keep the program")?;
    Ok(kept)
}

/// A server with a fault, and who asks it.
struct Field {
    setup: Setup,
    galen: Galen,
    admin: Session,
}

impl Field {
    fn prepare(ask: &Ask, program: &Path, fault: &Fault) -> Result<Self> {
        let dir = ground::clear("ledger-faults")?;
        let mut setup = Setup::new(ask, &dir)?.without_limits();
        setup.galen = program.to_path_buf();
        let setup = setup.set("GALEN__MONITOR__SLOW", SLOW);
        let setup = fault.env.iter().fold(setup, |setup, (name, value)| setup.set(name, value));
        people::add(&setup, ADMIN, true)?;
        people::add(&setup, GUEST, false)?;
        (fault.before)(&setup)?;
        let galen = setup.start()?;
        let admin = people::login(&mut galen.client(), ADMIN)?;
        Ok(Self { setup, galen, admin })
    }

    /// Lets the requests of the fault run while it is there, and reads what the monitor made of it.
    fn suffer(self, fault: &Fault) -> Result<Seen> {
        let stop = AtomicBool::new(false);
        let scene = faults::Scene {
            setup: &self.setup,
            galen: &self.galen,
            admin: &self.admin,
            stop: &stop,
        };
        std::thread::scope(|scope| -> Result<()> {
            let injected = scope.spawn(|| (fault.during)(&scene));
            for _ in 0..fault.clients {
                scope.spawn(|| ask_on(&scene, fault));
            }
            std::thread::sleep(Duration::from_secs(fault.seconds));
            stop.store(true, Ordering::Relaxed);
            injected.join().map_err(|_| anyhow::anyhow!("the fault panicked"))?
        })?;
        // The window must close before its causes can be asked for; the current one is in the answer.
        let seen = self.read(fault)?;
        self.galen.stop()?;
        Ok(seen)
    }

    fn get(&self, path: &str) -> Result<Value> {
        let answer = self.galen.client().send(&self.admin.sign(Request::get(path)))?;
        if answer.status != 200 {
            bail!("{path} answered {}: {}", answer.status, answer.body);
        }
        Ok(answer.json())
    }

    fn read(&self, fault: &Fault) -> Result<Seen> {
        let slowest = self.get("/api/admin/monitor/slowest")?;
        let causes = self.get("/api/admin/monitor/causes")?;
        let requests = slowest["requests"].as_array().context("no list of slow requests")?;
        let of_fault = |request: &&Value| fault.route.is_empty() || request["route"] == fault.route;
        let slow = requests.iter().filter(of_fault).filter_map(Slow::read);
        let slow = slow.filter(|slow| slow.wall_ms >= 50.0).collect();
        let causes = causes["causes"].as_array().cloned().context("no list of causes")?;
        let named = causes.iter().filter(|cause| cause["cause"].is_string()).count() as u64;
        let wanted = format!("{} {}", fault.method, fault.route);
        let cause = causes.into_iter().find(|cause| cause["route"] == wanted.as_str());
        Ok(Seen { slow, cause, causes: named })
    }
}

/// Asks the fault's request again and again until told to stop.
fn ask_on(scene: &faults::Scene<'_>, fault: &Fault) {
    let mut client = Client::new(scene.galen.port);
    let mut number = 0;
    while !scene.stop.load(Ordering::Relaxed) {
        if let Some(request) = (fault.request)(scene, number) {
            // Refusals count too: a slow refusal is a slow request.
            let _ = client.send(&request);
        }
        std::thread::sleep(Duration::from_millis(fault.pause_ms));
        number += 1;
    }
}

/// The ledger of one slow request, as far as it is judged.
struct Slow {
    wall_ms: f64,
    explained: f64,
}

impl Slow {
    fn read(request: &Value) -> Option<Self> {
        let wall_ns = request["ledger"]["wall_ns"].as_f64()?;
        let unexplained_ns = request["ledger"]["unexplained_ns"].as_f64()?;
        Some(Self { wall_ms: wall_ns / 1e6, explained: 1.0 - unexplained_ns / wall_ns })
    }
}

struct Seen {
    slow: Vec<Slow>,
    cause: Option<Value>,
    causes: u64,
}

impl Seen {
    /// Which share of the slow requests is explained well enough.
    fn explained_share(&self) -> f64 {
        let well = self.slow.iter().filter(|slow| slow.explained >= EXPLAINED).count();
        well as f64 / self.slow.len() as f64
    }

    fn cause_is(&self, fault: &Fault) -> bool {
        let phase = self.cause.as_ref().and_then(|cause| cause["phase"].as_str());
        phase.is_some_and(|phase| fault.phases.contains(&phase))
    }

    fn says(&self) -> String {
        match &self.cause {
            Some(cause) => format!(
                "{} {:.0} %, cause {}",
                cause["phase"].as_str().unwrap_or("no phase"),
                cause["share"].as_f64().unwrap_or(0.0) * 100.0,
                cause["cause"].as_str().unwrap_or("not named")
            ),
            None => "no cause is given".to_owned(),
        }
    }
}
