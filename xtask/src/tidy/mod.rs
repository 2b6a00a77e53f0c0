//! The laws of the house, held mechanically: one file per law, one list of them all.

mod arrows;
mod checks;
mod docs;
mod house;
mod leftovers;
mod lengths;
mod lints;
mod names;
mod opening;
mod places;
mod registered;
mod served;
mod sql;

use anyhow::Result;

use crate::say;
use house::House;

/// One breach of a law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, with its line where there is one.
    pub place: String,
    /// What is wrong there and what the law asks instead.
    pub says: String,
}

impl Fault {
    fn at(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self { place: place.into(), says: says.into() }
    }
}

/// One law.
struct Law {
    name: &'static str,
    says: &'static str,
    judge: fn(&House) -> Vec<Fault>,
}

/// ALL laws; a new one is a file beside this one and a row here.
const ALL: &[Law] = &[
    Law { name: "syntax", says: "every source file parses", judge: |house| house.unparsed.clone() },
    Law {
        name: "arrows",
        says: "a room depends only on the rooms the table allows",
        judge: arrows::judge,
    },
    Law {
        name: "file-length",
        says: "files: 95 of 100 within 400 lines, none over 600",
        judge: lengths::files,
    },
    Law {
        name: "function-length",
        says: "functions: 95 of 100 within 40 lines, none over 70, at most 5 parameters",
        judge: lengths::functions,
    },
    Law {
        name: "opening",
        says: "every source file opens with one `//!` sentence",
        judge: opening::judge,
    },
    Law {
        name: "names",
        says: "no file is called utils, helpers, common or misc",
        judge: names::judge,
    },
    Law {
        name: "sql",
        says: "SQL text only in the store and the doctor's probes and repairs",
        judge: sql::judge,
    },
    Law {
        name: "registered",
        says: "every file is named by a `mod` line; every check and repair is in its list",
        judge: registered::judge,
    },
    Law {
        name: "checks",
        says: "every check has sentence tests where it is found and where it is ruled out",
        judge: checks::judge,
    },
    Law { name: "docs", says: "every path named in the documentation exists", judge: docs::judge },
    Law {
        name: "lints",
        says: "one clippy.toml; no exception from a lint without its reason",
        judge: lints::judge,
    },
    Law {
        name: "places",
        says: "environment, wall clock, randomness and spawning are each read in one place",
        judge: places::judge,
    },
    Law {
        name: "served-file",
        says: "the serving process opens a served SQLite file only through SQLite",
        judge: served::judge,
    },
    Law {
        name: "leftovers",
        says: "nothing unfinished is left in the tree",
        judge: leftovers::judge,
    },
];

/// Judges the tree by every law; `--list` only names them.
///
/// # Errors
/// When the tree cannot be read.
pub fn run(args: &[String]) -> Result<bool> {
    if args.iter().any(|arg| arg == "--list") {
        let row = |law: &Law| vec![law.name.to_owned(), law.says.to_owned()];
        let rows: Vec<Vec<String>> = ALL.iter().map(row).collect();
        say::columns(&rows).iter().for_each(say::line);
        return Ok(true);
    }
    let house = House::read()?;
    let mut count = 0_usize;
    for law in ALL {
        for fault in (law.judge)(&house) {
            count += 1;
            say::fault(format_args!("{}: {}: {}", law.name, fault.place, fault.says));
        }
    }
    let files = house.sources.len();
    say::line(format_args!("tidy: {files} source files, {} laws, {count} breaches", ALL.len()));
    Ok(count == 0)
}
