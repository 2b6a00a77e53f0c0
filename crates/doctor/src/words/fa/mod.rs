//! The Persian texts of the codes, a file for each group; a test says which are missing.

mod access;
mod files;
mod inside;
mod never;
mod postgres;
mod process;
mod protocol;
mod whole;

use super::Code;

/// Declares the Persian texts of some codes; `{name}` is filled as in English.
macro_rules! persian {
    ($($name:ident: $text:literal;)+) => {
        /// The text of a code, if it is one of these.
        pub(super) fn of(code: $crate::words::Code) -> Option<&'static str> {
            match code {
                $($crate::words::Code::$name => Some($text),)+
                _ => None,
            }
        }
    };
}
use persian;

/// ALL groups.
const ALL: [fn(Code) -> Option<&'static str>; 7] =
    [whole::of, inside::of, access::of, process::of, files::of, protocol::of, postgres::of];

/// The Persian text of a code.
pub(super) fn of(code: Code) -> Option<&'static str> {
    ALL.iter().find_map(|group| group(code))
}

/// What the doctor never does.
pub(super) fn never() -> &'static [&'static str] {
    never::ALL
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::placeholders;

    #[test]
    fn what_is_never_done_is_said_line_by_line() {
        assert_eq!(never().len(), crate::repairs::NEVER.len());
    }

    #[test]
    fn every_sentence_has_a_persian_text_with_the_same_parameters() {
        let names = |text| placeholders(text).into_iter().collect::<BTreeSet<_>>();
        for code in Code::ALL.iter().copied() {
            let Some(text) = of(code) else { panic!("{} has no Persian text", code.name()) };
            assert_eq!(names(text), names(code.english()), "{}", code.name());
            let marks = |text: &str| text.matches('`').count() % 2;
            assert_eq!(marks(text), 0, "{}: a code span is open", code.name());
        }
    }
}
