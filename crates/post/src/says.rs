//! Words for operators: what the other side said, cut to a line that can be stored and shown.

use galen_core::post::DeliveryFailure;
use galen_core::post::limits::SAYS_BYTES_MAX;

/// The words as one line without control characters, cut to [`SAYS_BYTES_MAX`] bytes at the end of a
/// character.
pub fn says(words: &str) -> String {
    // Cut first, so that an endless answer costs no more than a long one.
    let words = &words[..words.floor_char_boundary(4 * SAYS_BYTES_MAX)];
    let printable = words.replace(|c: char| c.is_control(), " ");
    let mut line = String::new();
    for word in printable.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.truncate(line.floor_char_boundary(SAYS_BYTES_MAX));
    line
}

/// A failure another attempt may overcome.
pub fn transient(words: &str) -> DeliveryFailure {
    DeliveryFailure::Transient { retry_after_ms: None, says: says(words) }
}

/// A failure no attempt will overcome.
pub fn permanent(words: &str) -> DeliveryFailure {
    DeliveryFailure::Permanent { says: says(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_says_becomes_one_short_line_without_control_characters() {
        assert_eq!(says("550\r\n no\tsuch \u{1b}[31m user\0"), "550 no such [31m user");
        let long = says(&"سلام ".repeat(1_000));
        assert!(long.len() <= SAYS_BYTES_MAX && long.starts_with("سلام"), "{long}");
    }
}
