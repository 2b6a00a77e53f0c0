//! What a letter consists of, before anybody's name is in it.

use galen_core::post::{Language, LetterCode, LinkName};

use super::{en, fa};

/// The address somebody came from, where it is known: an empty fact is left out.
pub(super) const ADDRESS: &str = "{% if address is defined %}{{ address }}{% endif %}";
/// The device they used, where it is known.
pub(super) const DEVICE: &str = "{% if device is defined %}{{ device }}{% endif %}";

/// The words of one letter in one language. Each is a template over the letter's parameters; one
/// that comes out empty is left out.
pub(super) struct Words {
    /// The subject, without a line end.
    pub(super) subject: &'static str,
    /// The one sentence that says what happened.
    pub(super) heading: &'static str,
    /// Whether the reader is greeted by the parameter `name`.
    pub(super) greets: bool,
    /// The paragraphs before the facts and the button. A line end inside begins a new line, an empty
    /// line a new paragraph.
    pub(super) before: &'static [&'static str],
    /// What was seen, as label and value; a value that comes out empty is left out with its label.
    pub(super) facts: &'static [(&'static str, &'static str)],
    /// Where it leads.
    pub(super) button: Option<Button>,
    /// The paragraphs after the button.
    pub(super) after: &'static [&'static str],
}

/// The words on the one link of a letter.
pub(super) struct Button {
    /// Which link it is.
    pub(super) link: LinkName,
    /// What stands on it.
    pub(super) label: &'static str,
    /// Whether there is no letter without it.
    pub(super) needed: bool,
}

/// The words around every letter of one language.
pub(super) struct Frame {
    /// The greeting, a template over `name`, which may be empty.
    pub(super) greeting: &'static str,
    /// What stands before the bare link, for whom the button does not work.
    pub(super) bare_link: &'static str,
    /// What stands at the end, a template over `house`.
    pub(super) footer: &'static str,
    /// The link that ends such letters.
    pub(super) unsubscribe: &'static str,
    /// `ltr` or `rtl`, for `dir`.
    pub(super) direction: &'static str,
}

/// The words of a letter.
pub(super) const fn of(language: Language, code: LetterCode) -> &'static Words {
    match language {
        Language::En => en::words(code),
        Language::Fa => fa::words(code),
    }
}

/// The words around it.
pub(super) const fn frame(language: Language) -> &'static Frame {
    match language {
        Language::En => &en::FRAME,
        Language::Fa => &fa::FRAME,
    }
}
