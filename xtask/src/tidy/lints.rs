//! One lint configuration, and no exception from a lint without its reason.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Fault;
use super::house::House;

/// Holds the number of lint configurations and every attribute that quiets a lint.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    let is_configuration = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "clippy.toml" | ".clippy.toml")
    };
    for extra in house.paths.iter().filter(is_configuration).filter(|path| *path != "clippy.toml") {
        faults.push(Fault::at(
            extra,
            "a second clippy.toml replaces the one at the root instead of adding to it",
        ));
    }
    for source in &house.sources {
        let mut quiet = Quieted { path: &source.path, faults: &mut faults };
        quiet.visit_file(&source.syntax);
    }
    faults
}

struct Quieted<'a> {
    path: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl<'ast> Visit<'ast> for Quieted<'_> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let quiets = attribute.path().is_ident("allow") || attribute.path().is_ident("expect");
        let words =
            attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        if quiets && !words.contains("reason =") {
            let place = format!("{}:{}", self.path, attribute.span().start().line);
            self.faults.push(Fault::at(place, "quiets a lint without `reason = \"…\"`"));
        }
        visit::visit_attribute(self, attribute);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_without_its_reason_is_refused() {
        let house = House::planted(&[(
            "a.rs",
            "#[allow(dead_code)]\nfn a() {}\n#[expect(unused)]\nfn b() {}",
        )]);
        let places: Vec<String> = judge(&house).into_iter().map(|fault| fault.place).collect();
        assert_eq!(places, ["a.rs:1", "a.rs:3"]);
    }

    #[test]
    fn an_exception_with_its_reason_passes() {
        let text = "#[expect(dead_code, reason = \"kept for the next reader\")] fn a() {}";
        assert!(judge(&House::planted(&[("a.rs", text)])).is_empty());
    }

    #[test]
    fn a_second_clippy_configuration_is_refused() {
        let house = House::planted(&[("clippy.toml", ""), ("crates/x/clippy.toml", "")]);
        assert_eq!(judge(&house).len(), 1);
    }
}
