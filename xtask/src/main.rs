//! The house's own tool: `cargo xtask` lists its verbs.

mod bench;
mod check;
mod codegen;
mod packages;
mod place;
mod prove;
mod run;
mod say;
mod shell;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

use anyhow::Result;

/// One verb of the tool.
struct Verb {
    name: &'static str,
    says: &'static str,
    example: &'static str,
    run: fn(&[String]) -> Result<bool>,
}

/// ALL verbs, in the order a newcomer meets them; each returns whether all is well.
const ALL: &[Verb] = &[
    Verb {
        name: "run",
        says: "build Galen and serve it on http://127.0.0.1:8000",
        example: "cargo xtask run -- --listen 127.0.0.1:9000",
        run: run::run,
    },
    Verb {
        name: "test",
        says: "everything: packages, check, build, tests; each step timed",
        example: "cargo xtask test",
        run: test::run,
    },
    Verb {
        name: "check",
        says: "formatting, lints, laws, generated files; changes nothing",
        example: "cargo xtask check",
        run: check::run,
    },
    Verb {
        name: "tidy",
        says: "only the laws of the house (seconds)",
        example: "cargo xtask tidy --list",
        run: tidy::run,
    },
    Verb {
        name: "web",
        says: "build the panels into web/dist, from web/src",
        example: "cargo xtask web",
        run: web::run,
    },
    Verb {
        name: "codegen",
        says: "write the generated files anew",
        example: "cargo xtask codegen",
        run: codegen::run,
    },
    Verb {
        name: "bench",
        says: "how often the doctor is right, in sealed runs beside three baselines",
        example: "cargo xtask bench doctor --only F13",
        run: bench::run,
    },
    Verb {
        name: "prove",
        says: "measure a promise beside its control; non-zero below the goal",
        example: "cargo xtask prove --list",
        run: prove::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        help();
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "-h" | "--help")
        || (name != "bench" && rest.iter().any(|a| a == "--help"))
    {
        help();
        return ExitCode::SUCCESS;
    }
    let Some(verb) = ALL.iter().find(|verb| verb.name == name) else {
        say::fault(format_args!("xtask has no verb `{name}`; `cargo xtask` lists them"));
        return ExitCode::from(64);
    };
    match (verb.run)(rest) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::fault(format_args!("xtask {name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn help() {
    say::line("The house's own tool.\n");
    let row =
        |verb: &Verb| vec![verb.name.to_owned(), verb.says.to_owned(), verb.example.to_owned()];
    let rows: Vec<Vec<String>> = ALL.iter().map(row).collect();
    for text in say::columns(&rows) {
        say::line(format_args!("  {text}"));
    }
    say::line(
        "\nA fresh machine needs a Rust toolchain; xtask installs the rest through apt as root,",
    );
    say::line("and otherwise says exactly what to install.");
}
