//! Two faults at once: exactly both are to be named, and nothing of what works beside them.

use anyhow::{Context, Result};

use super::access::mute_name_server;
use super::process::full_disk_beside;
use super::protocol::slow_service;
use super::{Group, STRICT_MS, Scenario, TARGET_MS, access, cause, hygiene};
use crate::patients::{Fault, Patient};
use crate::ward::{Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Pair,
    injected: &[],
    beside: &[],
    response_target_ms: STRICT_MS,
    twin: "fastapi",
    start: lock_and_index,
};

/// ALL pairs.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "pair-lock-index",
        injected: &[cause("F35"), cause("F41")],
        start: lock_and_index,
        ..ROW
    },
    Scenario {
        name: "pair-error-index",
        injected: &[cause("F68"), cause("F41")],
        start: error_and_index,
        ..ROW
    },
    Scenario {
        name: "pair-upstream-statistics",
        injected: &[cause("F64"), cause("F42")],
        start: upstream_and_statistics,
        ..ROW
    },
    Scenario {
        name: "pair-transaction-zombies",
        injected: &[cause("F36"), hygiene("F29")],
        start: transaction_and_zombies,
        ..ROW
    },
    Scenario {
        name: "pair-lock-bloat",
        injected: &[cause("F35"), hygiene("F43")],
        start: lock_and_bloat,
        ..ROW
    },
    Scenario {
        name: "pair-name-dial",
        injected: &[cause("F10"), cause("F11")],
        response_target_ms: TARGET_MS,
        twin: "sickroom",
        start: name_and_dial,
        ..ROW
    },
    Scenario {
        name: "pair-disk-limiter",
        injected: &[cause("F33"), cause("F16")],
        response_target_ms: TARGET_MS,
        twin: "sickroom",
        start: disk_and_limiter,
        ..ROW
    },
    Scenario {
        name: "pair-limiter-leak",
        injected: &[cause("F16"), hygiene("F26")],
        response_target_ms: TARGET_MS,
        twin: "sickroom",
        start: limiter_and_leak,
        ..ROW
    },
];

fn table(name: &str) -> Object {
    Object::Ends(format!("/dev.db#{name}"))
}

fn lock_beside(fault: Fault, object: Object) -> Result<Ward> {
    let patient = Patient::start_with(&[Fault::WriterLock, fault])?;
    let holder = patient.helper_pids().first().copied().context("a holder")?;
    Ok(Ward::with(patient).named(Object::pid(holder)).named(object))
}

fn lock_and_index() -> Result<Ward> {
    lock_beside(Fault::MissingIndex, table("notifications"))
}

fn lock_and_bloat() -> Result<Ward> {
    lock_beside(Fault::Bloat, Object::Ends("/dev.db".to_owned()))
}

fn error_and_index() -> Result<Ward> {
    let patient = Patient::start_with(&[Fault::HiddenError, Fault::MissingIndex])?;
    let ward = Ward::with(patient).named(Object::Is("/api/auth/csrf".to_owned()));
    Ok(ward.named(table("notifications")))
}

fn upstream_and_statistics() -> Result<Ward> {
    let chaos = slow_service(900)?;
    let address = chaos.address();
    let patient = Patient::start_with(&[Fault::Upstream(address.port()), Fault::StaleStats])?;
    let ward = Ward::empty().keeping(chaos).taking(patient);
    Ok(ward.named(Object::Is(address.to_string())).named(table("notifications")))
}

fn transaction_and_zombies() -> Result<Ward> {
    let patient = Patient::start_with(&[Fault::OwnLongTx, Fault::Zombies])?;
    let pid = Object::pid(patient.pid());
    Ok(Ward::with(patient).named(super::sqlite::nightly_report()?).named(pid))
}

fn name_and_dial() -> Result<Ward> {
    let environment = [("PATIENT_UPSTREAM", "127.0.0.9"), ("PATIENT_UPSTREAM_PORT", "9000")];
    let paths = ["/health", "/api/items", "/api/lookup", "/api/call"];
    let ward = mute_name_server(&paths, &environment)?;
    let ward = ward.named(Object::Is("127.0.0.57:53".to_owned()));
    Ok(ward.named(Object::Is("127.0.0.9:9000".to_owned())))
}

fn disk_and_limiter() -> Result<Ward> {
    let ward = full_disk_beside(&["/health", "/api/items", "/api/log", "/api/export"])?;
    Ok(ward.named(Object::Is("/api/export".to_owned())))
}

fn limiter_and_leak() -> Result<Ward> {
    let sick = access::app()?;
    let cart = Object::Is(format!("{} /api/cart", sick.pid()));
    let ward = Ward::of(sick, "127.0.0.1", &["/health", "/api/items", "/api/cart", "/api/export"]);
    Ok(ward.named(Object::Is("/api/export".to_owned())).named(cart))
}
