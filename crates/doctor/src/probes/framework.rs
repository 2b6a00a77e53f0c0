//! What kind of server a process is: recognised by its command line and executable.

use super::census::{Census, Member};
use super::defaults;
use super::process::has_word;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object};

/// THE list of servers that are recognised, by a word of the command line; the first that fits.
const ALL: &[&str] = &[
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "granian",
    "waitress-serve",
    "flask",
    "manage.py",
    "puma",
    "unicorn",
];

/// Publishes what was recognised.
pub fn publish(scene: &Scene<'_>, census: &Census, pid: u32) {
    let Some(member) = census.get(census.root_of(pid)) else { return };
    let name = object::process(pid);
    let source =
        Source::new("processes", format!("/proc/{pid}/cmdline and exe"), format!("ps -fp {pid}"));
    if let Some(recognised) = recognise(member) {
        scene.fact(FactKey::FrameworkName, &name, recognised, &source);
    }
    let defaults = defaults::of(recognise(member), member);
    if !defaults.is_empty() {
        let known = Source::new(
            "known defaults",
            "the documentation named with each, and the packages beside the interpreter",
            format!("ps -fp {pid}"),
        );
        scene.fact(FactKey::FrameworkDefaults, &name, defaults, &known);
    }
    scene.fact(FactKey::FrameworkLanguage, &name, language(member), &source);
    let workers = census.workers_of(census.root_of(pid)).len().max(1);
    scene.fact(
        FactKey::FrameworkWorkers,
        &name,
        configured_workers(member).unwrap_or(workers),
        &source,
    );
    let reload = ["--reload", "--debug", "--dev"].iter().any(|option| has_word(member, option));
    scene.fact(FactKey::FrameworkReload, &name, reload, &source);
}

/// Whether the process is a Python interpreter.
pub fn is_python(census: &Census, pid: u32) -> bool {
    census.get(pid).is_some_and(|member| executable(member).starts_with("python"))
}

fn executable(member: &Member) -> String {
    member
        .exe
        .as_ref()
        .and_then(|exe| exe.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn recognise(member: &Member) -> Option<&'static str> {
    let executable = executable(member);
    if executable == "galen" {
        return Some("galen");
    }
    let words = member.command.iter().take(8).filter_map(|word| word.rsplit('/').next());
    let mut words: Vec<&str> = words.collect();
    words.push(&executable);
    let known = ALL.iter().find(|name| words.contains(*name)).copied();
    known.or_else(|| executable.starts_with("node").then_some("node"))
}

fn language(member: &Member) -> String {
    let executable = executable(member);
    match executable.strip_prefix("python") {
        Some(version) => format!("python {version}").trim_end().to_owned(),
        None if executable.starts_with("node") => "node".to_owned(),
        None => "native".to_owned(),
    }
}

fn configured_workers(member: &Member) -> Option<usize> {
    let at = member.command.iter().position(|word| word == "--workers" || word == "-w")?;
    member.command.get(at + 1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn member(exe: &str, command: &[&str]) -> Member {
        Member {
            exe: Some(PathBuf::from(exe)),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..Member::default()
        }
    }

    #[test]
    fn uvicorn_is_recognised_by_module_and_by_script() {
        let module = member(
            "/usr/bin/python3.11",
            &["python", "-m", "uvicorn", "app:app", "--workers", "3"],
        );
        assert_eq!(recognise(&module), Some("uvicorn"));
        assert_eq!(
            (language(&module), configured_workers(&module)),
            ("python 3.11".to_owned(), Some(3))
        );
        let script = member("/usr/bin/python3.11", &["/v/bin/python", "/v/bin/uvicorn", "app:app"]);
        assert_eq!(recognise(&script), Some("uvicorn"));
    }

    #[test]
    fn a_native_stranger_is_native_and_nameless() {
        let stranger = member("/opt/thing", &["thing"]);
        assert_eq!((recognise(&stranger), language(&stranger).as_str()), (None, "native"));
        assert_eq!(recognise(&member("/usr/bin/galen", &["galen", "serve"])), Some("galen"));
    }
}
