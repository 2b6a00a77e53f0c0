//! What the doctor starts again for its SQLite children when a test is not the galen binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    match words.get(1) {
        Some(verb) if verb == galen_doctor::probes::child::VERB => {
            galen_doctor::probes::child_main(&words[2..])
        }
        _ => ExitCode::from(64),
    }
}
