//! Checking what was written into fields: every wrong one is named at once.

use galen_core::{Code, FieldError, Refusal, Secret};

use crate::PasswordPolicy;
use crate::fold::is_invisible;
use crate::password::{self, OCTETS_MAX};

/// The most characters of a user's name.
const NAME_CHARS_MAX: usize = 100;
/// The longest name of a time zone, in bytes; the longest there is has 32.
const TIME_ZONE_BYTES_MAX: usize = 64;
/// How many characters of a user agent are kept.
const USER_AGENT_CHARS: usize = 256;

/// The wrong fields found so far.
#[derive(Default)]
pub(crate) struct Fields(Vec<FieldError>);

impl Fields {
    /// The value of a field, or its error noted down.
    pub(crate) fn take<T>(&mut self, field: Result<T, FieldError>) -> Option<T> {
        field.map_err(|error| self.0.push(error)).ok()
    }

    /// Notes down that a field is wrong, unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, pointer: &str, code: Code, detail: &str) {
        if !holds {
            self.0.push(error(pointer, code, detail));
        }
    }

    /// The refusal of all the wrong fields.
    pub(crate) fn refusal(self) -> Refusal {
        Refusal::fields(self.0)
    }

    /// Refuses if a field was wrong.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(self.refusal()) }
    }
}

pub(crate) fn error(pointer: &str, code: Code, detail: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, detail: detail.to_owned() }
}

/// A user's name, without the white space around it. It may be empty, but it is one line and hides
/// nothing (control characters and bidirectional overrides would end up in logs and mails).
pub(crate) fn name(text: &str, pointer: &str) -> Result<String, FieldError> {
    let name = text.trim();
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(error(pointer, Code::FieldLength, "At most 100 characters."));
    }
    // Joiners are part of many scripts' and families' spelling; the other invisible ones are not.
    let hides =
        |c: char| c.is_control() || (is_invisible(c) && !matches!(c, '\u{200C}' | '\u{200D}'));
    if name.chars().any(hides) {
        return Err(error(
            pointer,
            Code::FieldFormat,
            "One line, without control or invisible characters.",
        ));
    }
    Ok(name.to_owned())
}

/// Whether a text has the form of a time zone's name in the IANA database (RFC 6557): which of them
/// there are is known to the device that shows times.
pub(crate) fn is_time_zone(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    text.len() <= TIME_ZONE_BYTES_MAX && text.split('/').all(is_part)
}

/// A password that is to be checked: normal, whatever the policy of today says of its length.
pub(crate) fn given_password(
    password: &Secret<String>,
    pointer: &str,
) -> Result<Secret<String>, FieldError> {
    let octets = password.reveal().len();
    if octets == 0 {
        Err(error(pointer, Code::FieldRequired, "Give a password."))
    } else if octets > OCTETS_MAX {
        Err(error(pointer, Code::FieldLength, "At most 4096 octets."))
    } else {
        Ok(password::normal(password))
    }
}

/// A password that is to be set: normal, and of a length the policy allows.
pub(crate) fn new_password(
    password: &Secret<String>,
    pointer: &str,
    policy: &PasswordPolicy,
) -> Result<Secret<String>, FieldError> {
    if password.reveal().len() > OCTETS_MAX {
        return Err(password::Flaw::TooLong.field(pointer, policy));
    }
    let normal = password::normal(password);
    password::check_length(&normal, policy).map_err(|flaw| flaw.field(pointer, policy))?;
    Ok(normal)
}

/// A user agent as it is kept: its first characters, without control characters.
pub(crate) fn user_agent(text: Option<String>) -> Option<String> {
    let kept: String = text?.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_taken_and_tricks_are_not() {
        for good in ["", "Anna", "José Ñuñez", "李小龍", "می‌خواهم", "O'Neill-Smith Jr."]
        {
            assert!(name(good, "/name").is_ok(), "{good}");
        }
        for bad in ["a\nb", "a\u{1b}[31m", "evil\u{202E}txt", &"x".repeat(101)] {
            assert!(name(bad, "/name").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_time_zone_has_a_name_and_nothing_else_does() {
        for good in ["UTC", "Asia/Tehran", "America/Argentina/Buenos_Aires", "Etc/GMT+3"] {
            assert!(is_time_zone(good), "{good}");
        }
        for bad in ["", "/", "Asia/", "../etc/passwd", "Asia/Teh ran", "+03:30", &"x".repeat(65)] {
            assert!(!is_time_zone(bad), "{bad}");
        }
    }

    #[test]
    fn a_user_agent_is_cut_and_cannot_write_lines_into_a_log() {
        let kept = user_agent(Some(format!("a\r\nb{}", "é".repeat(400))));
        let kept = kept.expect("something");
        assert!(kept.starts_with("abé") && kept.chars().count() == 256);
        assert_eq!(user_agent(Some("\n".to_owned())), None);
    }
}
