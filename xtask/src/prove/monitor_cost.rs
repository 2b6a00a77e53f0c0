//! What the monitor costs on the request path: instructions and CPU time of `GET /api/me`, on against off.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::load::{Shot, shoot};
use super::people;
use super::server::{Galen, Setup, cpu_ms};
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::packages::{self, Occasion};
use crate::shell::Cmd;

pub(super) const USER: &str = "user@example.org";
pub(super) const SERVER_CORE: u32 = 0;
pub(super) const GENERATOR_CORE: u32 = 1;
/// On may cost this many times what off costs.
const GOAL: f64 = 1.02;

/// Counts instructions under callgrind, then CPU time under load, in alternating pairs.
///
/// # Errors
/// When a server does not start, or wrk or valgrind fails.
pub fn run(ask: &Ask) -> Result<Outcome> {
    if ask.profile != "release" {
        bail!("figures of a development build mean nothing; run this without --debug");
    }
    packages::ensure(Occasion::Prove)?;
    let dir = ground::clear("monitor-cost")?;
    let mut outcome = Outcome::default();
    instructions(ask, &dir, &mut outcome)?;
    cpu_time(ask, &dir, &mut outcome)?;
    outcome.note("off is `monitor.enabled = false`: nothing listens to requests, statements and commands; the samplers go on in both");
    Ok(outcome)
}

fn setup(ask: &Ask, dir: &Path, name: &str, enabled: bool) -> Result<Setup> {
    let dir = dir.join(name);
    std::fs::create_dir_all(&dir)?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    let setup = setup.set("GALEN__MONITOR__ENABLED", if enabled { "true" } else { "false" });
    people::add(&setup, USER, false)?;
    Ok(setup)
}

fn cpu_time(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let servers = [
        Side::start(setup(ask, dir, "cpu-on", true)?.on_core(SERVER_CORE))?,
        Side::start(setup(ask, dir, "cpu-off", false)?.on_core(SERVER_CORE))?,
    ];
    let (mut ratios, mut on_us) = (Vec::new(), Vec::new());
    for pair in 0..ask.rounds_of(12, 2) {
        let mut each = [0.0; 2];
        // Which one goes first alternates, so that a drift of the machine favours neither.
        let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            each[side] = servers[side].cpu_us_per_request()?;
        }
        ratios.push(each[0] / each[1]);
        on_us.push(each[0]);
    }
    let figure =
        Figure::new("CPU time a request, on / off", median(&ratios), "x", Goal::AtMost(GOAL));
    outcome.add(figure.spread(&ratios).beside(format!("{:.2} us a request", median(&on_us))));
    servers.into_iter().try_for_each(Side::stop)
}

/// One server under wrk.
pub(super) struct Side {
    galen: Galen,
    headers: Vec<String>,
}

impl Side {
    /// Starts it, with somebody signed in.
    pub(super) fn start(setup: Setup) -> Result<Self> {
        let galen = setup.start()?;
        let session = people::login(&mut galen.client(), USER)?;
        Ok(Self { galen, headers: vec![format!("Cookie: {}", session.cookie)] })
    }

    /// CPU time of the whole process by request, in microseconds, over five seconds of load.
    pub(super) fn cpu_us_per_request(&self) -> Result<f64> {
        let url = self.galen.url("/api/me");
        let shot = Shot {
            url: &url,
            headers: &self.headers,
            script: None,
            connections: 50,
            seconds: 5,
            core: GENERATOR_CORE,
        };
        let before = cpu_ms(self.galen.pid())?;
        let load = shoot(&shot)?;
        let spent = cpu_ms(self.galen.pid())? - before;
        anyhow::ensure!(load.refused + load.broken == 0, "some requests failed: {load:?}");
        Ok(spent * 1e3 / load.requests)
    }

    /// Stops it.
    pub(super) fn stop(self) -> Result<()> {
        self.galen.stop()
    }
}

fn instructions(ask: &Ask, dir: &Path, outcome: &mut Outcome) -> Result<()> {
    let rounds = ask.rounds_of(3, 1);
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        on.push(counted(setup(ask, dir, &format!("count-on-{round}"), true)?)?);
        off.push(counted(setup(ask, dir, &format!("count-off-{round}"), false)?)?);
    }
    let ratios: Vec<f64> = on.iter().zip(&off).map(|(on, off)| on / off).collect();
    let figure =
        Figure::new("instructions a request, on / off", median(&ratios), "x", Goal::AtMost(GOAL));
    outcome.add(figure.spread(&ratios).beside(format!(
        "{:.0} against {:.0} instructions",
        median(&on),
        median(&off)
    )));
    Ok(())
}

/// Requests whose instructions are counted.
const COUNTED: u32 = 4_000;

/// Requests before that: the list of the slowest of the last hour settles with the first thousands.
const SETTLING: u32 = 8_000;

/// Instructions a request, by callgrind, which counts nothing before and after.
fn counted(setup: Setup) -> Result<f64> {
    let out = setup.dir.join("callgrind.out");
    let under = setup.dir.join("counted.sh");
    let script = format!(
        "#!/bin/sh\nexec valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file='{}' '{}' \"$@\"\n",
        out.display(),
        setup.galen.display()
    );
    std::fs::write(&under, script)?;
    Cmd::new("chmod").arg("755").arg(&under).run()?;
    let galen = Setup { galen: under, ..setup }.start()?;
    let mut client = galen.client();
    let session = people::login(&mut client, USER)?;
    let me = session.sign(Request::get("/api/me"));
    let pid = galen.pid().to_string();
    send(&mut client, &me, SETTLING)?;
    Cmd::new("callgrind_control").args(["-i", "on", &pid]).read()?;
    send(&mut client, &me, COUNTED)?;
    Cmd::new("callgrind_control").args(["-i", "off", &pid]).read()?;
    galen.stop()?;
    let text = std::fs::read_to_string(&out).context("callgrind wrote nothing")?;
    let total = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    let total: f64 = total.context("callgrind counted nothing")?.trim().parse()?;
    Ok(total / f64::from(COUNTED))
}

fn send(client: &mut Client, request: &Request, times: u32) -> Result<()> {
    for _ in 0..times {
        let status = client.send(request)?.status;
        anyhow::ensure!(status == 200, "/api/me answered {status}");
    }
    Ok(())
}
