//! What the doctor starts again for its SQLite children when a test is not the galen binary, and
//! an examination in a process of its own, for tests whose patient lives in another namespace.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use galen_core::{Clock, UnixMs};
use galen_doctor::{ExamineRequest, Ports, Silent, Target, Thresholds, examine};
use galen_testkit::SeededEntropy;
use galen_tests::report::EXAMINE;

/// The real time: what real processes say is judged by it.
struct Wall(Instant);

#[expect(clippy::disallowed_methods, reason = "a test's own clock is the real one")]
impl Clock for Wall {
    fn now(&self) -> UnixMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixMs(since.ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0))
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    match words.get(1).and_then(|word| word.to_str()) {
        Some(verb) if verb == galen_doctor::probes::child::VERB => {
            galen_doctor::probes::child_main(&words[2..])
        }
        Some(EXAMINE) => {
            let words: Vec<String> = std::env::args().skip(2).collect();
            report(&words)
        }
        _ => ExitCode::from(64),
    }
}

/// Prints the report on a URL as JSON, and as for a terminal on the standard error.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the test reads")]
fn report(words: &[String]) -> ExitCode {
    let [url, deadline_s, paths @ ..] = words else { return ExitCode::from(64) };
    let mut target = Target::stranger(url.clone());
    target.paths = paths.to_vec();
    target.caps.request_deadline = Duration::from_secs(deadline_s.parse().unwrap_or(10));
    let request = ExamineRequest {
        target,
        thresholds: Thresholds::default(),
        apply: false,
        previous: None,
        arguments: vec!["galen".to_owned(), "doctor".to_owned()],
    };
    let ports = Ports {
        clock: Arc::new(Wall(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        progress: Arc::new(Silent),
        witness: None,
        repairer: None,
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::from(70);
    };
    match runtime.block_on(examine(request, ports)) {
        Ok(report) => {
            eprintln!("{}", report.to_terminal(false, 120));
            println!("{}", report.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}
