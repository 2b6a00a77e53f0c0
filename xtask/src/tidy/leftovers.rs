//! Nothing unfinished is left in the tree: what is missing is an issue, not a comment.

use super::Fault;
use super::house::House;

/// ALL words that mark unfinished work; put together here so that this file does not hold them.
const ALL: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];

/// Holds every line of every text.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    for text in &house.texts {
        for (number, line) in text.text.lines().enumerate() {
            let is_word = |word: &str| {
                line.split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
                    .any(|part| part == word || part.trim_end_matches(':') == word)
            };
            if let Some(word) = ALL.iter().find(|word| is_word(word)) {
                let place = format!("{}:{}", text.path, number + 1);
                faults.push(Fault::at(place, format!("{word}: finish it or open an issue")));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_is_named() {
        let text = format!("fn a() {{}}\n// {}: later\n", ALL[0]);
        let faults = judge(&House::planted(&[("a.rs", &text)]));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "a.rs:2");
    }

    #[test]
    fn a_longer_word_is_not_mistaken_for_one() {
        let text = format!("const {}_LIST: u8 = 1;", ALL[0]);
        assert!(
            judge(&House::planted(&[("b.py", "mastodon = 'todos'"), ("c.md", "methodology")]))
                .is_empty()
        );
        assert_eq!(judge(&House::planted(&[("a.md", &text)])).len(), 1);
    }
}
