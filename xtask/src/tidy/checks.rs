//! Every check of the doctor shows in its own tests where it is found and where it is ruled out.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Fault;
use super::house::{House, Source, marks_a_test};
use super::registered::constants_of;

const CHECKS: &str = "crates/doctor/src/checks/";

/// Holds every file that declares a cause.
pub fn judge(house: &House) -> Vec<Fault> {
    let is_check = |source: &&Source| {
        source.path.starts_with(CHECKS) && !constants_of(source, "Cause").is_empty()
    };
    let mut faults = Vec::new();
    for source in house.sources.iter().filter(is_check) {
        let lines: Vec<&str> = source.text.lines().collect();
        let mut tests = Tests { lines: &lines, found: false, ruled_out: false };
        tests.visit_file(&source.syntax);
        if !tests.found {
            faults.push(Fault::at(&source.path, "no sentence test shows where it is found"));
        }
        if !tests.ruled_out {
            let says = "no sentence test shows the look-alike where it is ruled out";
            faults.push(Fault::at(&source.path, says));
        }
    }
    faults
}

struct Tests<'a> {
    lines: &'a [&'a str],
    found: bool,
    ruled_out: bool,
}

impl<'ast> Visit<'ast> for Tests<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let name = item.sig.ident.to_string();
        // A sentence has at least three words.
        if marks_a_test(&item.attrs) && name.split('_').count() >= 3 {
            let from = item.sig.span().start().line.saturating_sub(1);
            let to = item.block.span().end().line.min(self.lines.len());
            let body = self.lines.get(from..to).unwrap_or_default().join("\n").to_lowercase();
            self.ruled_out |= body.contains("ruledout") || body.contains("ruled_out");
            self.found |= body.contains("found");
        }
        visit::visit_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(check: &str) -> House {
        let check = format!("const CAUSE: Cause = Cause {{}}; {check}");
        House::planted(&[("crates/doctor/src/checks/zombies.rs", &check)])
    }

    #[test]
    fn a_check_without_its_look_alike_is_refused() {
        let faults =
            judge(&house("#[test] fn a_zombie_is_seen() { assert!(judge().is_found()); }"));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].says.contains("look-alike"));
    }

    #[test]
    fn a_check_with_both_sentences_passes() {
        let both = "#[test] fn a_zombie_is_seen() { assert!(matches!(v, Found)); }
            #[test] fn a_living_child_is_no_zombie() { assert!(matches!(v, RuledOut)); }";
        assert!(judge(&house(both)).is_empty());
    }

    #[test]
    fn a_test_that_is_not_a_sentence_does_not_count() {
        assert_eq!(judge(&house("#[test] fn works() { Found; RuledOut; }")).len(), 2);
    }
}
