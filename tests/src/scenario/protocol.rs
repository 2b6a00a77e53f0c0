//! Group E: applications and their protocol, in FastAPI and Express.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{Group, STRICT_MS, Scenario, cause, hygiene};
use crate::chaos::{self, Chaos, Toxic};
use crate::patients::{Fault, Patient};
use crate::redis::Redis;
use crate::ward::{Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Protocol,
    injected: &[],
    beside: &[],
    response_target_ms: STRICT_MS,
    twin: "fastapi",
    start: slow_upstream,
};

/// ALL scenarios of this group.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "one-by-one",
        injected: &[cause("F63")],
        twin: "express",
        start: one_by_one,
        ..ROW
    },
    Scenario { name: "slow-upstream", injected: &[cause("F64")], start: slow_upstream, ..ROW },
    Scenario {
        name: "slow-upstream-node",
        injected: &[cause("F64")],
        twin: "express",
        start: slow_upstream_node,
        ..ROW
    },
    Scenario {
        name: "given-up",
        injected: &[hygiene("F65")],
        // What makes them give up is a held lock.
        beside: &["F35"],
        start: given_up,
        ..ROW
    },
    Scenario { name: "shared-limiter", injected: &[hygiene("F66")], start: shared_limiter, ..ROW },
    Scenario { name: "wrong-origin", injected: &[hygiene("F67")], start: wrong_origin, ..ROW },
    Scenario { name: "hidden-error", injected: &[cause("F68")], start: hidden_error, ..ROW },
    Scenario { name: "session-memory", injected: &[hygiene("F69")], start: session_memory, ..ROW },
    Scenario {
        name: "secure-cookie",
        injected: &[hygiene("F70")],
        twin: "express",
        start: secure_cookie,
        ..ROW
    },
    Scenario {
        name: "large-answer",
        injected: &[cause("F72")],
        twin: "express",
        start: large_answer,
        ..ROW
    },
    Scenario { name: "streams", injected: &[cause("F73")], start: streams, ..ROW },
    Scenario {
        name: "held-store",
        injected: &[cause("F74")],
        twin: "express",
        start: held_store,
        ..ROW
    },
    Scenario { name: "first-slow", injected: &[hygiene("F75")], start: first_slow, ..ROW },
    Scenario { name: "copies", injected: &[hygiene("F79")], start: copies, ..ROW },
    Scenario { name: "stale-pid-file", injected: &[hygiene("F80")], start: stale_pid_file, ..ROW },
];

const CSRF: &str = "/api/auth/csrf";

fn path() -> Object {
    Object::Is(CSRF.to_owned())
}

fn ward(patient: Patient, object: Object) -> Result<Ward> {
    Ok(Ward::with(patient).named(object))
}

/// A service that answers so much later, and the proxy that makes it slow.
///
/// # Errors
/// When no port can be had.
pub fn slow_service(latency_ms: u64) -> Result<Chaos> {
    let service = chaos::ponging()?;
    Ok(Chaos::before(service, Toxic::Latency(Duration::from_millis(latency_ms)))?)
}

fn one_by_one() -> Result<Ward> {
    let chaos = slow_service(12)?;
    let patient = Patient::express(Fault::OneByOne(chaos.address().port()))?;
    Ok(Ward::empty().keeping(chaos).taking(patient).named(path()))
}

fn upstream(start: fn(Fault) -> Result<Patient>) -> Result<Ward> {
    let chaos = slow_service(900)?;
    let object = Object::Is(chaos.address().to_string());
    let patient = start(Fault::Upstream(chaos.address().port()))?;
    Ok(Ward::empty().keeping(chaos).taking(patient).named(object))
}

fn slow_upstream() -> Result<Ward> {
    upstream(Patient::start)
}

fn slow_upstream_node() -> Result<Ward> {
    upstream(Patient::express)
}

fn held_store() -> Result<Ward> {
    let redis = Redis::start()?;
    redis.hold_up(0.9)?;
    let object = Object::Is(format!("127.0.0.1:{}", redis.port()));
    let patient = Patient::express(Fault::Upstream(redis.port()))?;
    Ok(Ward::empty().keeping(redis).taking(patient).named(object))
}

fn given_up() -> Result<Ward> {
    let mut patient = Patient::start(Fault::WriterLock)?;
    patient.impatient(40, 120, CSRF)?;
    ward(patient, Object::Is("target".to_owned()))
}

fn shared_limiter() -> Result<Ward> {
    ward(Patient::start(Fault::Limiter)?, path())
}

fn wrong_origin() -> Result<Ward> {
    let patient = Patient::start(Fault::HiddenError)?;
    let origin = "https://app.example.org";
    let ward = ward(patient, Object::Is(origin.to_owned()))?;
    Ok(ward.asking(&["/health"]).telling(["--origin", origin]))
}

fn hidden_error() -> Result<Ward> {
    ward(Patient::start(Fault::HiddenError)?, path())
}

fn session_memory() -> Result<Ward> {
    ward(Patient::start(Fault::SessionInMemory)?, path())
}

fn secure_cookie() -> Result<Ward> {
    ward(Patient::express(Fault::SecureCookie)?, Object::Is("sid".to_owned()))
}

fn large_answer() -> Result<Ward> {
    ward(Patient::express(Fault::LargeAnswer)?, path())
}

fn streams() -> Result<Ward> {
    let object = Object::line("fastapi/app.py", "time.sleep(2.5)", "events")?;
    ward(Patient::start(Fault::Streams)?, object)
}

fn first_slow() -> Result<Ward> {
    ward(Patient::start(Fault::ColdStart)?, path())
}

fn copies() -> Result<Ward> {
    let patient = Patient::start(Fault::Copies)?;
    let second = patient.helper_pids().first().copied().context("a second copy")?;
    ward(patient, Object::pid(second))
}

fn stale_pid_file() -> Result<Ward> {
    ward(Patient::start(Fault::StalePidFile)?, Object::Ends("/app.pid".to_owned()))
}
