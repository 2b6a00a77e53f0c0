//! The patients without their faults: at rest, under load, beside a neighbour, just started. Nothing is to
//! be found.

use std::time::Duration;

use anyhow::{Context, Result};

use super::access::{self, PATHS};
use super::process::GUNICORN;
use super::{Group, Scenario, TARGET_MS, postgres};
use crate::client::Client;
use crate::galen::Galen;
use crate::patients::{Fault, Patient};
use crate::sickroom::{Helper, Sick, Start};
use crate::ward::Ward;

/// The conditions each healthy patient is examined under.
pub const CONDITIONS: &[&str] = &["rest", "load", "neighbour", "cold"];

/// What surrounds a healthy patient.
#[derive(Clone, Copy)]
enum Condition {
    /// It has answered before, and nobody asks.
    Rest,
    /// Four clients ask honestly.
    Load,
    /// Another program uses half a core.
    Neighbour,
    /// It was started a moment ago.
    Cold,
}

/// One healthy patient under its four conditions.
macro_rules! twin {
    ($start:expr, $rest:literal, $load:literal, $neighbour:literal, $cold:literal) => {
        [
            row($rest, || under($start, Condition::Rest)),
            row($load, || under($start, Condition::Load)),
            row($neighbour, || under($start, Condition::Neighbour)),
            row($cold, || under($start, Condition::Cold)),
        ]
    };
}

const fn row(name: &'static str, start: fn() -> Result<Ward>) -> Scenario {
    Scenario {
        name,
        group: Group::Healthy,
        injected: &[],
        beside: &[],
        response_target_ms: TARGET_MS,
        twin: "",
        start,
    }
}

const FASTAPI: [Scenario; 4] =
    twin!(fastapi, "fastapi-rest", "fastapi-load", "fastapi-neighbour", "fastapi-cold");
const EXPRESS: [Scenario; 4] =
    twin!(express, "express-rest", "express-load", "express-neighbour", "express-cold");
const SICKROOM: [Scenario; 4] =
    twin!(sickroom, "sickroom-rest", "sickroom-load", "sickroom-neighbour", "sickroom-cold");
const FLASK: [Scenario; 4] =
    twin!(flask, "gunicorn-rest", "gunicorn-load", "gunicorn-neighbour", "gunicorn-cold");
const SHOP: [Scenario; 4] = twin!(shop, "shop-rest", "shop-load", "shop-neighbour", "shop-cold");
const GALEN: [Scenario; 4] =
    twin!(galen, "galen-rest", "galen-load", "galen-neighbour", "galen-cold");

/// ALL healthy scenarios.
pub const ALL: &[Scenario] = &[
    FASTAPI[0],
    FASTAPI[1],
    FASTAPI[2],
    FASTAPI[3],
    EXPRESS[0],
    EXPRESS[1],
    EXPRESS[2],
    EXPRESS[3],
    SICKROOM[0],
    SICKROOM[1],
    SICKROOM[2],
    SICKROOM[3],
    FLASK[0],
    FLASK[1],
    FLASK[2],
    FLASK[3],
    SHOP[0],
    SHOP[1],
    SHOP[2],
    SHOP[3],
    GALEN[0],
    GALEN[1],
    GALEN[2],
    GALEN[3],
];

/// A healthy patient, and the paths its honest clients ask for.
type Healthy = (Ward, &'static [&'static str]);

fn under(start: fn() -> Result<Healthy>, condition: Condition) -> Result<Ward> {
    let (ward, paths) = start()?;
    let port = ward.url().rsplit(':').next().context("a port")?.to_owned();
    match condition {
        Condition::Cold => Ok(ward),
        Condition::Neighbour => {
            warm(ward.url(), paths)?;
            Ok(ward.keeping(Helper::start(&["burner.py", "0.5"])?))
        }
        Condition::Rest => {
            warm(ward.url(), paths)?;
            std::thread::sleep(Duration::from_millis(300));
            Ok(ward)
        }
        Condition::Load => {
            let mut words = vec!["../fastapi/load.py", port.as_str(), "4", "40"];
            words.extend(paths);
            Ok(ward.keeping(Helper::start(&words)?))
        }
    }
}

fn warm(url: &str, paths: &[&str]) -> Result<()> {
    let client = Client::new(url);
    for path in paths {
        client.get(path)?;
    }
    Ok(())
}

fn fastapi() -> Result<Healthy> {
    let paths = &["/health", "/api/me", "/api/notifications", "/api/auth/csrf"];
    Ok((Ward::with(Patient::start(Fault::None)?), paths))
}

fn express() -> Result<Healthy> {
    Ok((Ward::with(Patient::express(Fault::None)?), &["/health", "/api/auth/csrf"]))
}

fn sickroom() -> Result<Healthy> {
    Ok((access::healthy()?, PATHS))
}

fn flask() -> Result<Healthy> {
    let sick = Sick::start(Start { words: GUNICORN, ..Start::default() })?;
    sick.answers("/health")?;
    Ok((Ward::of(sick, "127.0.0.1", &["/health"]), &["/health"]))
}

fn shop() -> Result<Healthy> {
    Ok((postgres::healthy()?, postgres::PATHS))
}

fn galen() -> Result<Healthy> {
    let galen = Galen::start(&[])?;
    Ok((Ward::at(galen.url()).keeping(galen), &["/livez", "/readyz"]))
}
