//! Every path that the documentation names exists.

use super::Fault;
use super::house::{House, Text};

/// What a path in the documents begins with; other backticked words are not paths of this tree.
const ROOTS: &[&str] = &[
    "crates/", "docs/", "deploy/", "tests/", "benches/", "xtask/", "web/", ".ci/", ".cargo/", "./",
    "../",
];

/// Endings that make a bare word in backticks a file of the root.
const ROOT_FILES: &[&str] = &[".md", ".toml"];

/// Files that speak of files of the reader's machine, by name, not of this tree.
const ELSEWHERE: &[&str] = &["galen.toml", "report.md"];

/// Holds every Markdown file except the generated reference.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    let kept =
        |text: &&Text| text.path.ends_with(".md") && !text.path.starts_with("docs/reference/");
    for text in house.texts.iter().filter(kept) {
        for (number, line) in text.text.lines().enumerate() {
            for named in named_paths(line) {
                if !exists(house, &text.path, &named) {
                    let place = format!("{}:{}", text.path, number + 1);
                    faults.push(Fault::at(place, format!("names `{named}`, which does not exist")));
                }
            }
        }
    }
    faults
}

/// The paths a line names: in backticks, or as the target of a link.
fn named_paths(line: &str) -> Vec<String> {
    let ticked = line.split('`').skip(1).step_by(2).filter(|word| {
        let bare = ROOT_FILES.iter().any(|end| word.ends_with(end)) && !word.contains('/');
        !word.contains(' ')
            && !ELSEWHERE.contains(word)
            && (bare || ROOTS.iter().any(|root| word.starts_with(root)))
    });
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let inside = linked.filter(|link| !link.contains("://") && !link.starts_with(['#', '/']));
    let without_anchor = |path: &str| path.split('#').next().unwrap_or(path).to_owned();
    ticked.chain(inside).map(without_anchor).flat_map(|path| spread(&path)).collect()
}

/// `a/{b,c}/d` names two paths.
fn spread(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let Some((inside, after)) = rest.split_once('}') else {
        return vec![path.to_owned()];
    };
    inside.split(',').flat_map(|one| spread(&format!("{before}{one}{after}"))).collect()
}

fn exists(house: &House, document: &str, named: &str) -> bool {
    // A placeholder (`routes/<noun>/<verb>.rs`, `docs/*.md`) must exist up to its first unknown part.
    let is_open = |part: &&str| part.contains(['<', '*', '…']);
    let known: Vec<&str> = named.split('/').take_while(|part| !is_open(part)).collect();
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from_root = tidied("", &known);
    let from_here = tidied(folder, &known);
    from_root.is_empty() || house.paths.contains(&from_root) || house.paths.contains(&from_here)
}

/// Joins and resolves `.` and `..` without looking at the disk.
fn tidied(folder: &str, parts: &[&str]) -> String {
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in parts {
        match *part {
            "" | "." => {}
            ".." => drop(path.pop()),
            // `src/main.rs:12` names a line of a file.
            other => path.push(other.split(':').next().unwrap_or(other)),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(document: &str) -> Vec<String> {
        let house = House::planted(&[
            ("docs/adding.md", document),
            ("docs/integrate.md", ""),
            ("README.md", ""),
            ("crates/http/src/routes/mod.rs", "//! x"),
        ]);
        judge(&house).into_iter().map(|fault| fault.says).collect()
    }

    #[test]
    fn a_path_that_does_not_exist_is_named() {
        assert_eq!(
            judged("see `crates/http/src/lost.rs`"),
            ["names `crates/http/src/lost.rs`, which does not exist"]
        );
        assert_eq!(judged("see [this](lost.md)").len(), 1);
        assert_eq!(judged("see `LOST.md`").len(), 1);
    }

    #[test]
    fn paths_are_found_from_the_root_and_from_the_document() {
        assert!(
            judged(
                "see `README.md`, [it](integrate.md#five), [up](../README.md), `docs/integrate.md`"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_placeholder_must_exist_up_to_its_first_unknown_part() {
        assert!(judged("write `crates/http/src/routes/<noun>/<verb>.rs`").is_empty());
        assert_eq!(judged("write `crates/http/src/paths/<noun>.rs`").len(), 1);
    }

    #[test]
    fn braces_name_several_paths() {
        assert_eq!(
            judged("`docs/{integrate,lost}.md`"),
            ["names `docs/lost.md`, which does not exist"]
        );
    }

    #[test]
    fn other_words_in_backticks_are_not_paths() {
        assert!(
            judged(
                "`galen serve`, `GET /api/me`, `X-Galen-User`, `galen.toml`, `https://x.y/z.md`"
            )
            .is_empty()
        );
    }
}
