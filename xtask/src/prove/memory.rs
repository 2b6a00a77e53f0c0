//! The monitor's memory: its quantiles beside exact ones, and its size over four hundred busy days.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Ask, Figure, Goal, Outcome, ground};
use crate::place;
use crate::shell::Cmd;

/// Within this share of the exact value a quantile of the history must lie.
const ERROR_MAX: f64 = 0.02;
const MIB: f64 = 1_048_576.0;

/// Compares quantiles over ranges from ten minutes to twenty days.
///
/// # Errors
/// When the program that keeps the samples does not build or run.
pub fn quantiles(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("history-quantiles")?;
    let days = if ask.quick { "2" } else { "21" };
    let found = galen_memory(ask, &dir, &["quantiles", &path(&dir), days, &ask.seed.to_string()])?;
    let rows = found["rows"].as_array().context("no rows")?;
    let mut outcome = Outcome::default();
    let mut ranges: Vec<f64> = rows.iter().filter_map(|row| row["hours"].as_f64()).collect();
    ranges.sort_by(f64::total_cmp);
    ranges.dedup();
    for hours in ranges {
        let of_range = || rows.iter().filter(|row| row["hours"].as_f64() == Some(hours));
        let errors: Vec<f64> = of_range().filter_map(|row| row["error"].as_f64()).collect();
        let worst = errors.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let step_s = of_range().filter_map(|row| row["step_ms"].as_f64()).fold(0.0, f64::max) / 1e3;
        let n = of_range().filter_map(|row| row["n"].as_u64()).max().unwrap_or(0);
        let figure = Figure::new(
            format!("worst error of p50, p95, p99 over {hours:.2} h"),
            worst,
            "",
            Goal::AtMost(ERROR_MAX),
        );
        outcome.add(figure.spread(&errors).beside(format!("4 shapes, n {n}, steps of {step_s} s")));
    }
    let miscounted = rows.iter().filter(|row| row["counted"] != row["n"]).count() as u64;
    outcome.add(Figure::count(
        "ranges whose samples were miscounted",
        miscounted,
        Goal::AtMost(0.0),
    ));
    outcome.add(Figure::count("comparisons", rows.len() as u64, Goal::AtLeast(36.0)));
    outcome.note(format!("{} samples in all", found["samples"]));
    Ok(outcome)
}

/// Lets four hundred busy days pass and looks at the size on disk all along.
///
/// # Errors
/// As [`quantiles`].
pub fn days(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("history-cap")?;
    let days = if ask.quick { "20" } else { "400" };
    let cap = if ask.quick { "32" } else { "256" };
    let found = galen_memory(ask, &dir, &["days", &path(&dir), days, cap])?;
    let figure = |name: &str| found[name].as_f64().unwrap_or(f64::NAN);
    let mut outcome = Outcome::default();
    let cap_mib = figure("cap_bytes") / MIB;
    let largest = figure("bytes_max") / MIB;
    outcome.add(Figure::new("largest size on disk", largest, "MiB", Goal::AtMost(cap_mib)));
    outcome.add(Figure::new(
        "days that passed",
        figure("days"),
        "",
        Goal::AtLeast(days.parse().context("a number of days")?),
    ));
    for tier in ["fine", "minute", "hour"] {
        let reach = figure(&format!("{tier}_reaches_h"));
        // How far each grain reaches is what gives way; that none is empty must hold in the worst case.
        let name = format!("{tier} windows reach back");
        outcome.add(Figure::new(name, reach, "h", Goal::AtLeast(1.0)));
    }
    let newest = found["newest_age_ms"][0].as_f64().unwrap_or(f64::NAN);
    outcome.add(Figure::new("age of the newest window", newest / 1e3, "s", Goal::AtMost(20.0)));
    outcome.add(Figure::new("log lines kept", figure("log_lines"), "", Goal::AtLeast(1.0)));
    let each = figure("seconds") * 1e3 / figure("ticks");
    outcome.add(Figure::new("time to feed and write a window", each, "ms", Goal::Shown));
    outcome.note("48 routes, 60 statements, 20 commands, all busy in every window: a worst case");
    Ok(outcome)
}

fn path(dir: &Path) -> String {
    dir.to_string_lossy().into_owned()
}

fn galen_memory(ask: &Ask, dir: &Path, args: &[&str]) -> Result<Value> {
    if ask.profile != "release" {
        bail!("a development build takes too long for days to pass; run this without --debug");
    }
    let build = ["build", "--locked", "--release", "--package", "galen-benches"];
    Cmd::cargo().args(build).dir(&place::root()).run()?;
    let program = place::target()?.join("release").join("galen-memory");
    let text = Cmd::new(program).args(args).dir(dir).read()?;
    serde_json::from_str(text.trim()).context("galen-memory printed no JSON")
}
