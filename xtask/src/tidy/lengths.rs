//! How long files and functions are, and how many parameters a function takes.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Fault;
use super::house::{House, marks_a_test};

const FILE_LINES_HARD: usize = 600;
const FILE_LINES_P95: usize = 400;
const FUNCTION_LINES_HARD: usize = 70;
const FUNCTION_LINES_P95: usize = 40;
const PARAMETERS: usize = 5;

/// Holds every file to the hard limit and all of them together to the 95th percentile.
pub fn files(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut lengths = Vec::new();
    for source in &house.sources {
        let lines = source.text.lines().count();
        lengths.push(lines);
        if lines > FILE_LINES_HARD {
            faults.push(Fault::at(
                &source.path,
                format!("{lines} lines; the limit is {FILE_LINES_HARD}: split it"),
            ));
        }
    }
    let p95 = percentile_95(&mut lengths);
    if p95 > FILE_LINES_P95 {
        faults.push(Fault::at(
            "all files",
            format!("p95 is {p95} lines; the goal is {FILE_LINES_P95}"),
        ));
    }
    faults
}

/// Holds every function to its limits; the percentile leaves tests out.
pub fn functions(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut lengths = Vec::new();
    for source in &house.sources {
        let mut found =
            Functions { path: &source.path, test: source.is_test(), ..Functions::default() };
        found.visit_file(&source.syntax);
        faults.append(&mut found.faults);
        lengths.append(&mut found.lengths);
    }
    let p95 = percentile_95(&mut lengths);
    if p95 > FUNCTION_LINES_P95 {
        faults.push(Fault::at(
            "all functions",
            format!("p95 is {p95} lines; the goal is {FUNCTION_LINES_P95}"),
        ));
    }
    faults
}

fn percentile_95(values: &mut [usize]) -> usize {
    values.sort_unstable();
    let rank = (values.len() * 95).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or(0)
}

/// Collects the functions of one file.
#[derive(Default)]
struct Functions<'a> {
    path: &'a str,
    test: bool,
    lengths: Vec<usize>,
    faults: Vec<Fault>,
}

impl Functions<'_> {
    fn weigh(&mut self, signature: &syn::Signature, block: &syn::Block, test: bool) {
        let from = signature.span().start().line;
        let lines = block.span().end().line.saturating_sub(from) + 1;
        let name = &signature.ident;
        if lines > FUNCTION_LINES_HARD {
            let says = format!("fn {name} has {lines} lines; the limit is {FUNCTION_LINES_HARD}");
            self.faults.push(Fault::at(format!("{}:{from}", self.path), says));
        }
        let typed = |input: &&syn::FnArg| matches!(input, syn::FnArg::Typed(_));
        let parameters = signature.inputs.iter().filter(typed).count();
        if parameters > PARAMETERS {
            let says = format!(
                "fn {name} takes {parameters} parameters; the limit is {PARAMETERS}: name a struct"
            );
            self.faults.push(Fault::at(format!("{}:{from}", self.path), says));
        }
        if !(test || self.test) {
            self.lengths.push(lines);
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outer = self.test;
        self.test |= marks_a_test(&item.attrs);
        visit::visit_item_mod(self, item);
        self.test = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.weigh(&item.sig, &item.block, marks_a_test(&item.attrs));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.weigh(&item.sig, &item.block, marks_a_test(&item.attrs));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.weigh(&item.sig, block, false);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        "\n    let _ = 1;".repeat(count)
    }

    #[test]
    fn a_file_over_the_hard_limit_is_named() {
        let long = "//! x\n".repeat(601);
        let faults = files(&House::planted(&[("crates/x/src/long.rs", &long)]));
        assert!(faults.iter().any(|f| f.place == "crates/x/src/long.rs"), "{faults:?}");
    }

    #[test]
    fn a_function_over_the_hard_limit_is_named_with_its_line() {
        let text = format!("//! x\nfn long() {{{}\n}}\n", lines(69));
        let faults = functions(&House::planted(&[("a.rs", &text)]));
        assert!(
            faults.iter().any(|f| f.place == "a.rs:2" && f.says.contains("71 lines")),
            "{faults:?}"
        );
    }

    #[test]
    fn the_percentile_leaves_tests_out() {
        let text = format!("#[cfg(test)] mod t {{ fn long() {{{}\n}} }}", lines(50));
        assert!(functions(&House::planted(&[("a.rs", &text)])).is_empty());
        let text = format!("fn long() {{{}\n}}", lines(50));
        assert_eq!(functions(&House::planted(&[("a.rs", &text)])).len(), 1);
    }

    #[test]
    fn self_is_not_a_parameter_and_a_sixth_one_is_too_many() {
        let good = "impl A { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {} }";
        assert!(functions(&House::planted(&[("a.rs", good)])).is_empty());
        let bad = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8) {}";
        assert_eq!(functions(&House::planted(&[("a.rs", bad)])).len(), 1);
    }

    #[test]
    fn the_percentile_is_the_value_that_95_of_100_stay_within() {
        let mut values: Vec<usize> = (1..=100).collect();
        assert_eq!(percentile_95(&mut values), 95);
        assert_eq!(percentile_95(&mut []), 0);
    }
}
