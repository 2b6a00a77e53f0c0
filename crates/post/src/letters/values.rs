//! Parameters as a reader sees them: numbers, times and foreign words, each in its own direction.

use galen_core::UnixMs;
use galen_core::post::{Language, Param};
use minijinja::Value;

/// Unicode's isolates (UAX #9 section 2.4.2): what stands between them does not turn its
/// surroundings around. They work in plain text, in HTML and in subjects alike.
pub(super) const LTR_ISOLATE: char = '\u{2066}';
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// A parameter as templates take it.
pub(super) fn value(param: &Param, language: Language) -> Value {
    match param {
        Param::Text(text) => Value::from(isolated(text, FIRST_STRONG_ISOLATE, language)),
        Param::Machine(text) => Value::from(isolated(text, LTR_ISOLATE, language)),
        // English tells one from many, so that its templates need the number itself.
        Param::Number(number) if language == Language::En => Value::from(*number),
        Param::Number(number) => Value::from(digits(&number.to_string(), language)),
        Param::Moment(at) => Value::from(isolated(&moment(*at), LTR_ISOLATE, language)),
        Param::Duration(ms) => Value::from(duration(*ms, language)),
    }
}

/// The text between isolates, when it may be of another direction than what it stands in. Those it
/// brings itself are dropped: one left open would swallow the rest of the line.
pub(super) fn isolated(text: &str, isolate: char, language: Language) -> String {
    let text: String = text.chars().filter(|c| !is_bidi_control(*c)).collect();
    let is_foreign = match language {
        Language::En => text.chars().any(is_right_to_left),
        Language::Fa => true,
    };
    if text.is_empty() || !is_foreign { text } else { format!("{isolate}{text}{POP_ISOLATE}") }
}

const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Hebrew, Arabic and their neighbours, and the presentation forms.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

fn moment(at: UnixMs) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        // Beyond the years -9999 to 9999 there is no date, only the number.
        Err(_) => format!("{} ms", at.0),
    }
}

/// Whole days, hours or minutes: the largest unit that says it without a remainder.
fn duration(ms: i64, language: Language) -> String {
    let minutes = (ms / 60_000).max(1);
    let (count, units) = match minutes {
        minutes if minutes % 1_440 == 0 => (minutes / 1_440, ("day", "days", "روز")),
        minutes if minutes % 60 == 0 => (minutes / 60, ("hour", "hours", "ساعت")),
        minutes => (minutes, ("minute", "minutes", "دقیقه")),
    };
    match language {
        Language::En if count == 1 => format!("{count} {}", units.0),
        Language::En => format!("{count} {}", units.1),
        Language::Fa => format!("{} {}", digits(&count.to_string(), language), units.2),
    }
}

/// The number in the digits of the language.
fn digits(number: &str, language: Language) -> String {
    match language {
        Language::En => number.to_owned(),
        Language::Fa => number
            .chars()
            .map(|c| c.to_digit(10).and_then(|d| char::from_u32(0x06F0 + d)).unwrap_or(c))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_its_largest_whole_unit() {
        for (ms, en, fa) in [
            (86_400_000, "1 day", "۱ روز"),
            (7_200_000, "2 hours", "۲ ساعت"),
            (5_400_000, "90 minutes", "۹۰ دقیقه"),
            (1, "1 minute", "۱ دقیقه"),
        ] {
            assert_eq!(duration(ms, Language::En), en);
            assert_eq!(duration(ms, Language::Fa), fa);
        }
    }

    #[test]
    fn foreign_words_are_isolated_and_cannot_break_out() {
        let text = |words: &str, language| {
            value(&Param::Text(words.to_owned()), language).as_str().unwrap().to_owned()
        };
        assert_eq!(text("Sara", Language::En), "Sara");
        assert_eq!(text("سارا", Language::En), "\u{2068}سارا\u{2069}");
        assert_eq!(text("Sara", Language::Fa), "\u{2068}Sara\u{2069}");
        assert_eq!(text("a\u{2069}b\u{202E}c", Language::Fa), "\u{2068}abc\u{2069}");
        assert_eq!(text("", Language::Fa), "");
    }
}
