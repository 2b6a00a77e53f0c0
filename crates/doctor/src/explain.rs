//! What the doctor knows about a cause, without examining anything: `galen doctor explain F13`.

mod meanings;

use crate::checks::{self, Cause, Nature};
use crate::evidence::FactKey;
use crate::repairs::{self, Class};

/// One line per cause: number, name, title.
pub fn list() -> Vec<String> {
    checks::ALL
        .iter()
        .map(|cause| format!("{}  {:<44} {}", cause.id, cause.slug, cause.title.english()))
        .collect()
}

/// Everything about one cause, by number or name, as lines of text; `None` for an unknown one.
pub fn cause(name: &str) -> Option<Vec<String>> {
    let cause = checks::by_name(name)?;
    let mut lines = vec![
        format!("{} {} ({})", cause.id, cause.title.english(), cause.slug),
        nature(cause.nature).to_owned(),
        String::new(),
    ];
    if let Some(meaning) = meanings::of(cause.id) {
        lines.extend([meaning.to_owned(), String::new()]);
    }
    lines.push("It is never named without:".to_owned());
    lines.extend(cause.required.iter().map(|keys| format!("  - {}", any_of(keys))));
    if !cause.supporting.is_empty() {
        lines.push("It is strengthened by:".to_owned());
        lines.extend(cause.supporting.iter().map(|key| format!("  - {}", fact(*key))));
    }
    lines.extend(look_alikes(cause));
    let answers = repairs::ALL.iter().filter(|repair| repair.causes.contains(&cause.id));
    let answers: Vec<String> = answers
        .map(|repair| format!("  - {}: {}", class(repair.class), repair.title.english()))
        .collect();
    if !answers.is_empty() {
        lines.push("Repairs:".to_owned());
        lines.extend(answers);
    }
    Some(lines)
}

fn look_alikes(cause: &Cause) -> Vec<String> {
    if cause.look_alikes.is_empty() {
        return Vec::new();
    }
    let name = |id: &&str| match checks::by_name(id) {
        Some(other) => format!("  - {} {}", other.id, other.title.english()),
        None => format!("  - {id} (not judged by this version)"),
    };
    let mut lines = vec!["It looks like, and is told apart from:".to_owned()];
    lines.extend(cause.look_alikes.iter().map(name));
    lines
}

fn any_of(keys: &[FactKey]) -> String {
    keys.iter().map(|key| fact(*key)).collect::<Vec<_>>().join("\n    or ")
}

fn fact(key: FactKey) -> String {
    format!("{}: {}", key.name(), key.meaning())
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Auto => "AUTO",
        Class::Ask => "ASK",
        Class::Tell => "TELL",
    }
}

fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Access => "Keeps requests out altogether.",
        Nature::Latency => "Makes endpoints slow; excluded when none is.",
        Nature::Both => "Makes endpoints slow, or is worth knowing when it does not.",
        Nature::Failure => "Makes requests fail, or is worth knowing when none does.",
        Nature::Hygiene => "Never explains a slow endpoint.",
        Nature::Measurement => "Says whether the measurement can be trusted.",
        Nature::Health => "Says that nothing is wrong.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_explains_itself() {
        assert_eq!(list().len(), checks::ALL.len());
        for one in checks::ALL {
            assert!(cause(one.slug).unwrap().len() > 4, "{}", one.id);
        }
        assert!(cause("F99").is_none());
    }
}
