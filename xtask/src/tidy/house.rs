//! The tree as the laws see it: source files parsed once, documents, file names, dependencies.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Fault;
use crate::place;

/// Folders that are not the house's own text.
const PASSED_OVER: &[&str] =
    &["target", ".git", "node_modules", "__pycache__", ".venv", ".pytest_cache"];

/// Endings of the files whose text the laws read.
const READ: &[&str] = &["rs", "md", "toml", "py", "sh", "sql", "lua", "service"];

/// Everything the laws may look at; they touch nothing else.
#[derive(Default)]
pub struct House {
    /// Every Rust file, parsed.
    pub sources: Vec<Source>,
    /// Every text file worth reading, Rust included.
    pub texts: Vec<Text>,
    /// Every path, files and folders, from the root.
    pub paths: BTreeSet<String>,
    /// Rust files that do not parse, as breaches already.
    pub unparsed: Vec<Fault>,
    /// Every package of the workspace.
    pub packages: Vec<Package>,
}

/// A text file.
pub struct Text {
    /// Its path from the root.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// A Rust source file.
pub struct Source {
    /// Its path from the root.
    pub path: String,
    /// Its content.
    pub text: String,
    /// Its syntax tree, with line numbers.
    pub syntax: syn::File,
    /// Whether its `mod` line says `#[cfg(test)]`.
    tests_only: bool,
}

/// A package and what it names as a dependency.
pub struct Package {
    /// Its name.
    pub name: String,
    /// Names of its ordinary and build dependencies.
    pub uses: Vec<String>,
    /// Names of its development dependencies.
    pub tries: Vec<String>,
}

impl Source {
    /// Whether the whole file is test code: by folder, by name, or by its `mod` line.
    pub fn is_test(&self) -> bool {
        let path = &self.path;
        self.tests_only
            || path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
    }

    /// The room (`crates/x`) this file belongs to, if it is in one.
    pub fn room(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

impl House {
    /// Reads the tree this xtask was built from.
    ///
    /// # Errors
    /// When a file cannot be read, or cargo cannot name the packages.
    pub fn read() -> Result<Self> {
        let mut house = Self { packages: packages(&place::metadata()?), ..Self::default() };
        house.enter(&place::root(), "")?;
        house.mark_test_modules();
        Ok(house)
    }

    /// Marks the files of modules that are declared under `#[cfg(test)]`.
    fn mark_test_modules(&mut self) {
        let declared = self.sources.iter().flat_map(|source| {
            let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let stem = source.path.trim_end_matches(".rs");
            let is_root = ["/mod", "/lib", "/main"].iter().any(|root| stem.ends_with(root));
            let below = if is_root { folder.to_owned() } else { stem.to_owned() };
            let modules = source.syntax.items.iter().filter_map(|item| match item {
                syn::Item::Mod(item) if item.content.is_none() && marks_a_test(&item.attrs) => {
                    Some(item.ident.to_string())
                }
                _ => None,
            });
            modules.map(move |name| format!("{below}/{name}")).collect::<Vec<_>>()
        });
        let declared: BTreeSet<String> = declared.collect();
        for source in &mut self.sources {
            let own = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
            source.tests_only =
                declared.iter().any(|test| own == test || own.starts_with(&format!("{test}/")));
        }
    }

    fn enter(&mut self, dir: &Path, name: &str) -> Result<()> {
        let entries =
            std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            if PASSED_OVER.contains(&file.as_str()) {
                continue;
            }
            let path = if name.is_empty() { file } else { format!("{name}/{file}") };
            let kind = entry.file_type()?;
            self.paths.insert(path.clone());
            if kind.is_dir() {
                self.enter(&entry.path(), &path)?;
            } else if kind.is_file() && READ.iter().any(|end| path.ends_with(&format!(".{end}"))) {
                let text = std::fs::read_to_string(entry.path())
                    .with_context(|| format!("cannot read {path}"))?;
                self.add(path, text);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: String, text: String) {
        if path.ends_with(".rs") {
            match syn::parse_file(&text) {
                Ok(syntax) => {
                    let (path, text) = (path.clone(), text.clone());
                    self.sources.push(Source { path, text, syntax, tests_only: false });
                }
                Err(error) => {
                    let line = error.span().start().line;
                    self.unparsed.push(Fault::at(format!("{path}:{line}"), error.to_string()));
                }
            }
        }
        self.texts.push(Text { path, text });
    }

    /// A house of a few planted files, to try a law on.
    #[cfg(test)]
    pub fn planted(files: &[(&str, &str)]) -> Self {
        let mut house = Self::default();
        for (path, text) in files {
            let mut folder = String::new();
            for part in path.split('/') {
                folder =
                    if folder.is_empty() { part.to_owned() } else { format!("{folder}/{part}") };
                house.paths.insert(folder.clone());
            }
            house.add((*path).to_owned(), (*text).to_owned());
        }
        house.mark_test_modules();
        house
    }
}

/// Reads the packages and their dependencies out of `cargo metadata`.
fn packages(metadata: &Value) -> Vec<Package> {
    let named = |list: &Value, development: bool| -> Vec<String> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let wanted = list.iter().filter(|one| (one["kind"] == "dev") == development);
        wanted.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
    };
    let all = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let package = |one: &Value| Package {
        name: one["name"].as_str().unwrap_or_default().to_owned(),
        uses: named(&one["dependencies"], false),
        tries: named(&one["dependencies"], true),
    };
    all.iter().map(package).collect()
}

/// Whether an item stands under `#[cfg(test)]` or is itself a test.
pub fn marks_a_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let last = path.segments.last().map(|segment| segment.ident.to_string());
        match last.as_deref() {
            Some("test" | "rstest") => true,
            Some("cfg") => attribute.meta.require_list().is_ok_and(|list| {
                let words = list.tokens.to_string();
                words == "test" || words.starts_with("all (test") || words.starts_with("any (test")
            }),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_told_apart_by_their_kind() {
        let text = r#"{"packages":[{"name":"a","dependencies":[
            {"name":"b","kind":null},{"name":"c","kind":"dev"},{"name":"d","kind":"build"}]}]}"#;
        let read = packages(&serde_json::from_str(text).unwrap());
        assert_eq!(read[0].uses, ["b", "d"]);
        assert_eq!(read[0].tries, ["c"]);
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_breach_and_hides_no_other() {
        let house = House::planted(&[("broken.rs", "fn a( {"), ("whole.rs", "fn a() {}")]);
        assert_eq!(house.sources.len(), 1);
        assert!(house.unparsed[0].place.starts_with("broken.rs:"));
    }

    #[test]
    fn a_file_whose_mod_line_is_for_tests_is_test_code() {
        let house = House::planted(&[
            ("crates/x/src/lib.rs", "#[cfg(test)] mod sample; mod real;"),
            ("crates/x/src/sample.rs", ""),
            ("crates/x/src/sample/bed.rs", ""),
            ("crates/x/src/real.rs", ""),
        ]);
        let tests: Vec<bool> = house.sources.iter().map(Source::is_test).collect();
        assert_eq!(tests, [false, true, true, false]);
    }

    #[test]
    fn a_module_of_tests_and_a_test_are_recognised() {
        let file =
            syn::parse_file("#[cfg(test)] mod t {} #[tokio::test] async fn a() {} fn b() {}")
                .unwrap();
        let marked: Vec<bool> = file
            .items
            .iter()
            .map(|item| match item {
                syn::Item::Mod(item) => marks_a_test(&item.attrs),
                syn::Item::Fn(item) => marks_a_test(&item.attrs),
                _ => false,
            })
            .collect();
        assert_eq!(marked, [true, true, false]);
    }
}
