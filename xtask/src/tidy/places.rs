//! The environment, the wall clock, randomness and process spawning are each read in one place.
//!
//! Clippy refuses the calls themselves (`disallowed-methods` in clippy.toml); this law refuses a new
//! exception from that refusal outside the table below.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Fault;
use super::house::{House, marks_a_test};

/// One place that may make such calls, by the start of its path.
struct Place {
    path: &'static str,
    reads: &'static str,
}

/// ALL places; a new row is a decision, not a convenience.
const ALL: &[Place] = &[
    Place {
        path: "crates/galen/src/wire/",
        reads: "the production clock, entropy and environment",
    },
    Place { path: "crates/galen/src/config/", reads: "the environment, as configuration" },
    Place {
        path: "crates/doctor/src/probes/child.rs",
        reads: "process spawning, for the doctor's children",
    },
    Place { path: "crates/http/build.rs", reads: "where cargo wants what a build makes" },
    Place { path: "crates/testkit/", reads: "whatever a test needs to start" },
    Place { path: "tests/", reads: "whatever a test needs to start" },
    Place { path: "benches/", reads: "whatever a measurement needs to start" },
    Place { path: "xtask/src/shell.rs", reads: "process spawning, for xtask" },
    Place { path: "xtask/src/place.rs", reads: "the environment, for xtask" },
];

/// Holds every exception from clippy's `disallowed_methods`.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in &house.sources {
        if source.is_test() || ALL.iter().any(|place| source.path.starts_with(place.path)) {
            continue;
        }
        let mut seen = Exceptions { path: &source.path, faults: &mut faults };
        seen.visit_file(&source.syntax);
    }
    faults
}

struct Exceptions<'a> {
    path: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl<'ast> Visit<'ast> for Exceptions<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !marks_a_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let words =
            attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        if words.contains("disallowed_methods") {
            let known: Vec<String> =
                ALL.iter().map(|place| format!("{} ({})", place.path, place.reads)).collect();
            let place = format!("{}:{}", self.path, attribute.span().start().line);
            let says = format!("is not one of the places that may: {}", known.join(", "));
            self.faults.push(Fault::at(place, says));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "#[expect(clippy::disallowed_methods, reason = \"x\")] fn a() { std::time::SystemTime::now(); }";

    #[test]
    fn a_second_wall_clock_is_refused() {
        let house = House::planted(&[("crates/account/src/a.rs", CALL)]);
        assert_eq!(judge(&house).len(), 1);
    }

    #[test]
    fn the_one_place_and_tests_may_read_it() {
        let test = format!("#[cfg(test)] mod tests {{ {CALL} }}");
        let house = House::planted(&[
            ("crates/galen/src/wire/clock.rs", CALL),
            ("crates/account/src/a.rs", &test),
        ]);
        assert!(judge(&house).is_empty());
    }
}
