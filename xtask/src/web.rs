//! `cargo xtask web`: builds the panels into `web/dist`, which is committed, so that cargo alone builds Galen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::packages::{self, Occasion};
use crate::shell::{self, Cmd};
use crate::{place, run as program, say};

/// Where the panels' sources are.
pub fn folder() -> PathBuf {
    place::root().join("web")
}

/// Installs the packages, makes the types, checks, lints and builds; `--install` only installs, `--test`
/// runs the browser suite.
///
/// # Errors
/// When npm or one of the tools fails.
pub fn run(args: &[String]) -> Result<bool> {
    if !shell::on_path("npm") {
        packages::ensure(Occasion::Test)?;
    }
    install()?;
    if args.iter().any(|arg| arg == "--install") {
        return Ok(true);
    }
    if args.iter().any(|arg| arg == "--test") {
        return browser();
    }
    npm("types")?;
    npm("check")?;
    npm("build")?;
    Ok(true)
}

/// Installs exactly what the lock file names, without running scripts of packages. Nothing is done when
/// that was done for this very lock file.
///
/// # Errors
/// When npm fails.
pub fn install() -> Result<()> {
    let web = folder();
    let wanted = std::fs::read_to_string(web.join("package-lock.json"))
        .context("cannot read web/package-lock.json")?;
    let mark = web.join("node_modules/.galen-lock");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    Cmd::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .dir(&web)
        .run()?;
    std::fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

/// Runs a script of `web/package.json`.
///
/// # Errors
/// When it fails.
pub fn npm(script: &str) -> Result<()> {
    Cmd::new("npm").args(["run", "--silent", script]).dir(&folder()).run()
}

/// The panels in a real browser, against the development build.
///
/// # Errors
/// When the build or a test fails.
pub fn browser() -> Result<bool> {
    install()?;
    program::build(false)?;
    Cmd::new("npm")
        .args(["run", "--silent", "test"])
        .env("GALEN_BINARY", place::galen("debug")?)
        .dir(&folder())
        .run()?;
    Ok(true)
}

/// Builds anew and compares: whether the committed `web/dist` is what the sources give.
///
/// # Errors
/// When something fails on the way.
pub fn is_fresh() -> Result<bool> {
    let kept = files(&folder().join("dist"))?;
    run(&[])?;
    let made = files(&folder().join("dist"))?;
    if kept == made {
        return Ok(true);
    }
    let differs = |path: &&String| kept.get(*path) != made.get(*path);
    let mut paths: Vec<&String> = kept.keys().chain(made.keys()).filter(differs).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        say::fault(format_args!("web/dist/{path} was stale; it is made anew now: commit it"));
    }
    Ok(false)
}

/// All files below `dir`, by their paths.
fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_path_buf()];
    while let Some(folder) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap_or(&path).display().to_string();
                let bytes =
                    std::fs::read(&path).with_context(|| format!("cannot read web/dist/{name}"))?;
                found.insert(name, bytes);
            }
        }
    }
    Ok(found)
}
