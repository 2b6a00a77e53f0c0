//! `cargo xtask codegen`: files that are made from the types, and the check that none is stale.

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::{place, run, say};

/// One generated file.
struct Generated {
    /// Where it stands, from the repository's root.
    file: &'static str,
    /// What `galen __generate` calls it.
    name: &'static str,
}

/// ALL generated files; each is what the hidden verb `galen __generate NAME` prints.
const ALL: &[Generated] = &[
    Generated { file: "galen.example.toml", name: "example-config" },
    Generated { file: "docs/reference/openapi.json", name: "openapi" },
    Generated { file: "docs/reference/cli.md", name: "cli" },
    Generated { file: "docs/reference/configuration.md", name: "config-reference" },
    Generated { file: "docs/reference/checks.md", name: "checks" },
    Generated { file: "docs/reference/report.schema.json", name: "report-schema" },
    Generated { file: "docs/reference/alerts.md", name: "alerts" },
    Generated { file: "docs/reference/metrics.md", name: "metrics" },
];

/// Writes every generated file anew; with `--check` changes nothing and fails if one is stale.
///
/// # Errors
/// When Galen does not build, cannot print a file, or a file cannot be written.
pub fn run(args: &[String]) -> Result<bool> {
    run::build(false)?;
    if args.iter().any(|arg| arg == "--check") {
        return Ok(stale()?.is_empty());
    }
    for generated in ALL {
        let path = place::root().join(generated.file);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let text = fresh(generated)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", generated.file))?;
        say::line(format_args!("wrote {}", generated.file));
    }
    Ok(true)
}

/// The generated files that are not what the built Galen would print now, each said aloud.
///
/// # Errors
/// When Galen cannot print one of them.
pub fn stale() -> Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for generated in ALL {
        let kept = std::fs::read_to_string(place::root().join(generated.file)).unwrap_or_default();
        if kept != fresh(generated)? {
            say::fault(format_args!("{} is stale: run `cargo xtask codegen`", generated.file));
            stale.push(generated.file);
        }
    }
    Ok(stale)
}

fn fresh(generated: &Generated) -> Result<String> {
    let text = Cmd::new(place::galen("debug")?)
        .args(["__generate", generated.name])
        .dir(&place::root())
        .read()
        .with_context(|| format!("cannot make {}", generated.file))?;
    if text.trim().is_empty() {
        bail!("`galen __generate {}` printed nothing", generated.name);
    }
    Ok(text)
}
