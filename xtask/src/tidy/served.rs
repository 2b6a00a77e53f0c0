//! The serving process opens a served SQLite file only through SQLite.
//!
//! Opening, reading and closing such a file drops the process's own POSIX locks on it without a
//! word, and a second writer gets in. So the rooms that live in the serving process do not open
//! files at all, except in the places below, each of which names why its file is another one or
//! why no connection exists yet.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Fault;
use super::house::{House, marks_a_test};

/// Rooms whose code runs inside the serving process.
const SERVING: &[&str] = &["account", "monitor", "http", "store"];

/// A call in a file that may be made, and why it is safe there.
struct Opener {
    path: &'static str,
    call: (&'static str, &'static str),
    why: &'static str,
}

/// ALL openers; a new row is a decision that needs the reason written down.
const ALL: &[Opener] = &[
    Opener {
        path: "crates/store/src/drivers/sqlite/open.rs",
        call: ("OpenOptions", "new"),
        why: "makes the file exclusively (create_new), so no connection to it can exist yet",
    },
    Opener {
        path: "crates/store/src/drivers/sqlite/migrate.rs",
        call: ("File", "open"),
        why: "opens the folder, to make the snapshot's name durable",
    },
];

/// Calls that open a file, as `type or module :: function`.
const CALLS: &[(&str, &str)] = &[
    ("File", "open"),
    ("File", "create"),
    ("File", "options"),
    ("OpenOptions", "new"),
    ("fs", "read"),
    ("fs", "read_to_string"),
    ("fs", "copy"),
    ("fs", "write"),
    ("fs", "open"),
];

/// Holds every path expression of the serving rooms.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in &house.sources {
        let serving = source.room().is_some_and(|room| SERVING.contains(&room));
        // A build script runs before there is a server.
        let builds = source.path.ends_with("/build.rs");
        if !serving || builds || source.is_test() {
            continue;
        }
        let mut seen = Opens { path: &source.path, faults: &mut faults };
        seen.visit_file(&source.syntax);
    }
    faults
}

struct Opens<'a> {
    path: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Opens<'_> {
    fn weigh(&mut self, owner: &str, call: &str, line: usize) {
        let allowed = |opener: &&Opener| opener.path == self.path && opener.call == (owner, call);
        if let Some(opener) = ALL.iter().find(allowed) {
            debug_assert!(!opener.why.is_empty(), "an opener says why it is safe");
            return;
        }
        if CALLS.contains(&(owner, call)) {
            let says = format!(
                "{owner}::{call} in the serving process: opening a served database here would drop its locks"
            );
            self.faults.push(Fault::at(format!("{}:{line}", self.path), says));
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for window in trees.windows(4) {
            if let [
                TokenTree::Ident(owner),
                TokenTree::Punct(a),
                TokenTree::Punct(b),
                TokenTree::Ident(call),
            ] = window
                && a.as_char() == ':'
                && b.as_char() == ':'
            {
                self.weigh(&owner.to_string(), &call.to_string(), owner.span().start().line);
            }
        }
        for tree in trees {
            if let TokenTree::Group(group) = tree {
                self.tokens(group.stream());
            }
        }
    }
}

impl<'ast> Visit<'ast> for Opens<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !marks_a_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let names: Vec<&syn::Ident> =
            path.path.segments.iter().map(|segment| &segment.ident).collect();
        if let [.., owner, call] = names.as_slice() {
            self.weigh(&owner.to_string(), &call.to_string(), owner.span().start().line);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_a_file_in_the_store_is_refused() {
        let text =
            "fn a() {\n let f = std::fs::File::open(\"dev.db\");\n let b = fs::read(\"x\");\n}";
        let places: Vec<String> = judge(&House::planted(&[("crates/store/src/a.rs", text)]))
            .into_iter()
            .map(|fault| fault.place)
            .collect();
        assert_eq!(places, ["crates/store/src/a.rs:2", "crates/store/src/a.rs:3"]);
    }

    #[test]
    fn the_file_that_syncs_a_folder_may_open_it_and_do_nothing_else() {
        let path = "crates/store/src/drivers/sqlite/migrate.rs";
        let text = "fn a() { File::open(folder); }\nfn b() { fs::read(database); }";
        let faults = judge(&House::planted(&[(path, text)]));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].place.ends_with(":2"));
    }

    #[test]
    fn opening_inside_a_macro_is_seen() {
        let text = "fn a() { log!(\"{}\", std::fs::read(\"dev.db\")); }";
        assert_eq!(judge(&House::planted(&[("crates/http/src/a.rs", text)])).len(), 1);
    }

    #[test]
    fn tests_and_the_doctor_s_children_may_open_files() {
        let text = "fn a() { let f = File::open(\"x\"); }";
        let test = format!("#[cfg(test)] mod tests {{ {text} }}");
        let house = House::planted(&[
            ("crates/store/src/a.rs", &test),
            ("crates/store/tests/b.rs", text),
            ("crates/doctor/src/probes/sqlite_file.rs", text),
        ]);
        assert!(judge(&house).is_empty());
    }
}
