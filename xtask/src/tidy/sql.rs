//! SQL text exists only in the store and in the doctor's probes and repairs.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Fault;
use super::house::{House, marks_a_test};

/// Where SQL may stand; tests may hold it everywhere.
const ALLOWED: &[&str] =
    &["crates/store/", "crates/doctor/src/probes/", "crates/doctor/src/repairs/"];

/// Holds every string literal of the rooms.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    let held = house.sources.iter().filter(|source| {
        source.room().is_some()
            && !source.is_test()
            && !ALLOWED.iter().any(|allowed| source.path.starts_with(allowed))
    });
    for source in held {
        let mut found = Literals { path: &source.path, faults: &mut faults };
        found.visit_file(&source.syntax);
    }
    faults
}

/// Whether a literal is a statement, judged by how statements begin and go on.
fn is_sql(text: &str) -> bool {
    // A sentence for people may begin with a statement; it ends with a full stop, as no SQL does.
    if text.trim_end().ends_with('.') {
        return false;
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let begins = |start: &str| words.starts_with(start);
    let upper = text.trim_start().starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .split_whitespace()
            .next()
            .is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    (begins("select ") && (words.contains(" from ") || upper))
        || begins("insert into ")
        || begins("insert or ")
        || (begins("update ") && words.contains(" set "))
        || begins("delete from ")
        || (begins("with ") && words.contains(" as (") && words.contains("select "))
        || (upper
            && ["create table", "create index", "create unique index"].iter().any(|s| begins(s)))
        || (upper && ["alter table ", "drop table ", "drop index "].iter().any(|s| begins(s)))
        || (upper && begins("pragma ") && words.contains('='))
        || begins("begin immediate")
}

struct Literals<'a> {
    path: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Literals<'_> {
    fn weigh(&mut self, literal: &syn::LitStr) {
        if is_sql(&literal.value()) {
            let place = format!("{}:{}", self.path, literal.span().start().line);
            self.faults
                .push(Fault::at(place, "SQL text: it belongs to the store, a probe or a repair"));
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse2::<syn::LitStr>(TokenTree::Literal(literal).into())
                    {
                        self.weigh(&text);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Literals<'_> {
    // Doc comments are attributes, and may speak of SQL.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !marks_a_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.weigh(literal);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_in_a_handler_is_named_with_its_line() {
        let text = "//! x\nfn a() {\n let _ = \"SELECT id FROM users\";\n}";
        let faults = judge(&House::planted(&[("crates/http/src/a.rs", text)]));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "crates/http/src/a.rs:3");
    }

    #[test]
    fn a_statement_inside_a_macro_is_seen() {
        let text = "fn a() { run(format!(\"DELETE FROM {t}\", t = 1)); }";
        assert_eq!(judge(&House::planted(&[("crates/account/src/a.rs", text)])).len(), 1);
    }

    #[test]
    fn the_store_probes_and_tests_may_hold_sql() {
        let text = "fn a() { let _ = \"SELECT 1\"; }";
        let test = "#[cfg(test)] mod tests { fn a() { let _ = \"SELECT 1\"; } }";
        let house = House::planted(&[
            ("crates/store/src/a.rs", text),
            ("crates/doctor/src/probes/a.rs", text),
            ("crates/http/tests/a.rs", text),
            ("crates/http/src/b.rs", test),
        ]);
        assert!(judge(&house).is_empty());
    }

    #[test]
    fn plain_english_is_not_taken_for_sql() {
        for text in [
            "Select a user",
            "update your password",
            "VACUUM gains nothing here",
            "select one",
            "DROP INDEX brings the old state back.",
        ] {
            assert!(!is_sql(text), "{text}");
        }
        assert!(is_sql("UPDATE users SET role = $1"));
    }
}
