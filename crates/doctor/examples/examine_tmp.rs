//! Temporary: examines a target and prints the report.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "temporary"
)]
use std::sync::Arc;
use std::time::Instant;

use galen_core::{Clock, Entropy, UnixMs};
use galen_doctor::{ExamineRequest, Ports, Progress, Stage, Target, Thresholds};

struct Wall(Instant);
impl Clock for Wall {
    fn now(&self) -> UnixMs {
        UnixMs(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
                as i64,
        )
    }
    fn monotonic_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}
struct Seed;
impl Entropy for Seed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
struct Tell;
impl Progress for Tell {
    fn step(&self, stage: Stage, detail: &str) {
        eprintln!("  .. {stage:?} {detail}");
    }
}
#[tokio::main]
async fn main() -> std::process::ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|a| a == "__doctor-child") {
        return galen_doctor::probes::child_main(&args[2..]);
    }
    let words: Vec<String> = args[1..].iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let mut target = Target::stranger(words[0].clone());
    if let Some(db) = words.iter().position(|w| w == "--db") {
        target.database = Some(words[db + 1].clone().into());
    }
    if let Some(pid) = words.iter().position(|w| w == "--pid") {
        target.pid = words[pid + 1].parse().ok();
    }
    target.paths = words
        .iter()
        .skip(1)
        .filter(|w| w.starts_with('/') && !w.ends_with(".db") && !w.contains("report"))
        .cloned()
        .collect();
    let request = ExamineRequest {
        target,
        thresholds: Thresholds::default(),
        apply: false,
        previous: None,
        arguments: std::iter::once("galen doctor".to_owned()).chain(words.clone()).collect(),
    };
    let ports = Ports {
        clock: Arc::new(Wall(Instant::now())),
        entropy: Arc::new(Seed),
        progress: Arc::new(Tell),
        witness: None,
        repairer: None,
    };
    match galen_doctor::examine(request, ports).await {
        Ok(report) => {
            println!("{}", report.to_terminal(false, 100));
            std::fs::write("/tmp/report.html", report.to_html().unwrap()).unwrap();
            std::fs::write("/tmp/report.md", report.to_markdown().unwrap()).unwrap();
            std::fs::write(
                "/tmp/report.json",
                serde_json::to_string_pretty(&report.to_json()).unwrap(),
            )
            .unwrap();
            std::process::ExitCode::from(report.exit_code())
        }
        Err(error) => {
            println!("FAILED {error}");
            std::process::ExitCode::from(error.exit_code())
        }
    }
}
