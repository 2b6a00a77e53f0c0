#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "temporary"
)]
//! Temporary: runs the probes and prints the evidence.
use galen_core::{Clock, UnixMs};
use galen_doctor::evidence::Collector;
use galen_doctor::{Silent, Target};
use std::time::Instant;
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
#[tokio::main]
async fn main() -> std::process::ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|a| a == "__doctor-child") {
        return galen_doctor::probes::child_main(&args[2..]);
    }
    let mut target = Target::stranger(args[1].to_string_lossy().into_owned());
    if let Some(db) = args.get(2) {
        target.database = Some(db.into());
    }
    let clock = Wall(Instant::now());
    let collector = Collector::new();
    galen_doctor::probes::run(&target, &collector, &clock, &Silent).await;
    let took = clock.0.elapsed();
    let evidence = collector.seal(clock.now());
    for fact in evidence.facts() {
        let mut v = format!("{:?}", fact.value);
        if v.len() > 230 {
            v.truncate(230);
        }
        println!("{} {} | {} | {} n={}", fact.id, fact.key.name(), fact.object, v, fact.n);
    }
    for gap in evidence.gaps() {
        println!("GAP {} | {} | {}", gap.key.name(), gap.object, gap.reason);
    }
    println!("took {took:?} facts {}", evidence.facts().len());
    std::process::ExitCode::SUCCESS
}
