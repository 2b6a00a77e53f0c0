//! Sentences in another language: the text of a code, the parameters in it, and numbers as they are
//! written there.

use galen_core::post::Language;

use super::{Code, render_param};
use crate::evidence::redact;
use crate::figure::{Figure, Unit, print};
use crate::sentence::{Param, Sentence};

impl Code {
    /// Its text in a language, with `{name}` for each parameter. What has no translation yet is English,
    /// which a test refuses.
    pub fn text(self, language: Language) -> &'static str {
        match language {
            Language::En => self.english(),
            Language::Fa => super::fa::of(self).unwrap_or_else(|| self.english()),
        }
    }
}

/// What the doctor never does.
pub fn never(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => crate::repairs::NEVER,
        Language::Fa => super::fa::never(),
    }
}

/// Renders a sentence.
pub fn render_in(sentence: &Sentence, language: Language) -> String {
    fill(sentence.code.text(language), |name, is_code| {
        let param = sentence.params.iter().find(|(known, _)| *known == name);
        let text = param.map(|(_, param)| render_param_in(param, language))?;
        let is_name = matches!(param, Some((_, Param::Name(_) | Param::Setting(_))));
        Some(if is_name && !is_code { isolated(text, language) } else { text })
    })
}

/// Renders one parameter.
pub fn render_param_in(param: &Param, language: Language) -> String {
    match (param, language) {
        (Param::Figure(figure), _) => figure_in(figure, language),
        (Param::Word(code), _) => code.text(language).to_owned(),
        (Param::Setting(text), Language::Fa) => number_in(&redact::printable(text), language),
        _ => render_param(param),
    }
}

/// A figure as it is printed.
pub fn figure_in(figure: &Figure, language: Language) -> String {
    value_in(figure.value, figure.unit, language)
}

/// A number with its unit. A PID or a port is a name that is typed again, and keeps its digits.
pub fn value_in(value: f64, unit: Unit, language: Language) -> String {
    match unit {
        Unit::Id => print(value, unit),
        _ => number_in(&print(value, unit), language),
    }
}

/// A name in a text that runs the other way, isolated so that neither reorders the other (Unicode
/// Standard Annex 9, section 2.4.2).
pub fn isolated(text: String, language: Language) -> String {
    match language {
        Language::En => text,
        Language::Fa => format!("\u{2068}{text}\u{2069}"),
    }
}

/// Fills the braces of a text in one pass, so that nothing a stranger wrote is read as one. `param` is
/// told whether the brace stands in a code span.
pub fn fill(text: &str, mut param: impl FnMut(&str, bool) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_code = false;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        is_code ^= before.matches('`').count() % 2 == 1;
        match after.split_once('}') {
            Some((name, more)) => {
                match param(name, is_code) {
                    Some(value) => out.push_str(&value),
                    None => out.push_str(&format!("{{{name}}}")),
                }
                rest = more;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Units as they are printed in English, and in Persian. The longer ones first.
const UNITS: [(&str, &str); 9] = [
    (" bytes", " بایت"),
    (" hours", " ساعت"),
    (" days", " روز"),
    (" kB", " کیلوبایت"),
    (" MB", " مگابایت"),
    (" GB", " گیگابایت"),
    (" ms", " میلی‌ثانیه"),
    (" s", " ثانیه"),
    (" %", "٪"),
];

/// A number that was printed with its unit, as it is written in a language: Persian digits, the Persian
/// signs for the decimal point and for thousands (Unicode, U+066B and U+066C), and the unit's name.
/// What is not a printed number stays as it is.
pub fn number_in(text: &str, language: Language) -> String {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '−');
    if language == Language::En || !is_number {
        return text.to_owned();
    }
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let number = unit.map_or(text, |(unit, _)| &text[..text.len() - unit.len()]);
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '−');
    if !number.chars().all(is_plain) {
        return text.to_owned();
    }
    let written: String = number.chars().map(sign).collect();
    format!("{written}{}", unit.map_or("", |(_, name)| *name))
}

/// A digit or sign of a number as Persian writes it.
fn sign(c: char) -> char {
    match c {
        '.' => '٫',
        ',' => '٬',
        '0'..='9' => char::from_u32(u32::from('۰') + u32::from(c) - u32::from('0')).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_persian_writes_them_and_names_are_not() {
        let fa = |text| number_in(text, Language::Fa);
        assert_eq!(fa("3.92 s"), "۳٫۹۲ ثانیه");
        assert_eq!(fa("1,010,000"), "۱٬۰۱۰٬۰۰۰");
        assert_eq!(fa("98 %"), "۹۸٪");
        assert_eq!(fa("14 ms"), "۱۴ میلی‌ثانیه");
        assert_eq!(fa("127.0.0.1:8000"), "127.0.0.1:8000");
        assert_eq!(fa("root"), "root");
    }

    #[test]
    fn braces_are_filled_once() {
        let filled =
            fill("{a} and {b}", |name, _| Some(if name == "a" { "{b}" } else { "x" }.to_owned()));
        assert_eq!(filled, "{b} and x");
        assert_eq!(fill("{ open", |_, _| None), "{ open");
    }
}
