//! The roof: the one binary, in which configuration, rooms and verbs come together.

mod cli;
mod config;
mod failure;
mod terminal;
mod units;
mod verbs;
mod wire;

use std::process::ExitCode;

/// Memory after a wave of sign-ins goes back to the system with it. It is built without transparent
/// huge pages (`no_thp`): with them an idle server held 32 MB instead of 16.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The doctor's children are this binary again; nothing else may happen in them first.
    if let Some(exit) = verbs::doctor::child() {
        return exit;
    }
    ExitCode::from(cli::run().code())
}
