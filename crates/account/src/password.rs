//! What a password must be: long enough, not easy to guess, nothing of its owner's own.
//!
//! There are no composition rules; any Unicode is a character; nothing is cut off
//! (NIST SP 800-63B-4 §3.1.1.2; ASVS 5.0 6.2.1, 6.2.4, 6.2.5, 6.2.8, 6.2.9, 6.2.11).

use galen_core::{Code, FieldError, Secret};
use unicode_normalization::UnicodeNormalization;

use crate::PasswordPolicy;
use crate::fold::fold;

/// The most octets that are looked at at all, before normalisation. It bounds the work a caller can
/// cause; [`CHARS_CEILING`] characters of any script fit into it.
pub(crate) const OCTETS_MAX: usize = 4_096;
/// The least a policy can ask for (ASVS 5.0 6.2.1).
const CHARS_FLOOR: u32 = 8;
/// The most characters a policy can allow.
const CHARS_CEILING: u32 = 1_024;
/// How much of a password the guess count looks at: its cost grows with the square of the length,
/// and what is strong after this many characters is strong.
const GUESSED_CHARS: usize = 64;
/// The shortest part of a name or an address that a password is searched for. Shorter ones stand in
/// too many words.
const PART_CHARS_MIN: usize = 4;

/// The form in which a password is counted, judged and hashed: NFC, so that one password typed on
/// two systems is one (RFC 8265 §4.2.2, OpaqueString; NIST SP 800-63B-4 §3.1.1.2 asks for a stable
/// normalisation before hashing). NFC changes no letter, no case and no width; it is not trimmed.
pub(crate) fn normal(password: &Secret<String>) -> Secret<String> {
    Secret::new(password.reveal().nfc().collect())
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    TooShort,
    TooLong,
    Personal,
    Common,
}

impl Flaw {
    /// The refusal of the field at `pointer`, with the limits and the way out.
    pub(crate) fn field(self, pointer: &str, policy: &PasswordPolicy) -> FieldError {
        let (code, detail) = match self {
            Self::TooShort => (
                Code::PasswordTooShort,
                format!(
                    "At least {} characters: a few words do, and are easy to remember.",
                    chars_min(policy)
                ),
            ),
            Self::TooLong => {
                (Code::PasswordTooLong, format!("At most {} characters.", chars_max(policy)))
            }
            Self::Personal => (
                Code::PasswordPersonal,
                "Leave your name and address out of it; a few other words do.".to_owned(),
            ),
            Self::Common => (
                Code::PasswordCommon,
                "It is among the first that are tried. A few words that do not belong together do."
                    .to_owned(),
            ),
        };
        FieldError { pointer: pointer.to_owned(), code, detail }
    }
}

fn chars_min(policy: &PasswordPolicy) -> u32 {
    policy.min_chars.max(CHARS_FLOOR).min(chars_max(policy))
}

fn chars_max(policy: &PasswordPolicy) -> u32 {
    policy.max_chars.clamp(CHARS_FLOOR, CHARS_CEILING)
}

/// Checks the length of a normal password, in code points. Costs next to nothing.
pub(crate) fn check_length(normal: &Secret<String>, policy: &PasswordPolicy) -> Result<(), Flaw> {
    let chars = normal.reveal().chars().count();
    if chars < chars_min(policy) as usize {
        Err(Flaw::TooShort)
    } else if chars > chars_max(policy) as usize || normal.reveal().len() > OCTETS_MAX {
        Err(Flaw::TooLong)
    } else {
        Ok(())
    }
}

/// What an attacker knows of the user, and tries first.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// The user's address.
    pub(crate) email: String,
    /// What the user is called.
    pub(crate) name: String,
}

/// Checks that a normal password holds nothing of its owner's and stands enough guesses. It takes
/// milliseconds, so it runs on the hashing threads.
pub(crate) fn check_guesses(
    normal: &Secret<String>,
    owner: &Owner,
    policy: &PasswordPolicy,
) -> Result<(), Flaw> {
    let parts = parts_of(owner);
    let folded = fold(normal.reveal());
    if parts
        .iter()
        .any(|part| part.chars().count() >= PART_CHARS_MIN && folded.contains(part.as_str()))
    {
        return Err(Flaw::Personal);
    }
    let mut context: Vec<&str> = vec!["galen"];
    context.extend(policy.context.iter().map(String::as_str));
    context.extend(parts.iter().map(String::as_str));
    let head: String = normal.reveal().chars().take(GUESSED_CHARS).collect();
    if zxcvbn::zxcvbn(&head, &context).guesses() < policy.min_guesses {
        return Err(Flaw::Common);
    }
    Ok(())
}

/// The parts of the owner's name and address that must not stand in the password, folded.
fn parts_of(owner: &Owner) -> Vec<String> {
    let name = fold(&owner.name);
    let email = fold(&owner.email);
    let mut parts: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
    parts.push(name.split_whitespace().collect());
    parts.push(name.trim().to_owned());
    if let Some((local, domain)) = email.split_once('@') {
        parts.push(local.to_owned());
        // `anna.larsson+galen`: each piece is somebody's name too.
        parts.extend(local.split(['.', '+', '-', '_']).map(str::to_owned));
        parts.push(domain.to_owned());
    }
    parts.push(email);
    parts.retain(|part| !part.is_empty());
    parts.sort();
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(password: &str) -> Result<(), Flaw> {
        let owner = Owner {
            email: "anna.larsson@hospital.example".to_owned(),
            name: "Anna Larsson".to_owned(),
        };
        let policy =
            PasswordPolicy { context: vec!["clinic".to_owned()], ..PasswordPolicy::default() };
        let password = normal(&Secret::new(password.to_owned()));
        check_length(&password, &policy)?;
        check_guesses(&password, &owner, &policy)
    }

    #[test]
    fn a_few_words_do() {
        for password in [
            "correct horse battery staple",
            "lantern under the old bridge",
            "kaffe smaker bäst på båten",
            "пять зелёных бутылок",
            "雨の日には本を読むのが好きです",
            "🌲🐎🔋📎 four pictures",
        ] {
            assert_eq!(judged(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn no_composition_is_asked_for_and_spaces_count() {
        assert_eq!(judged("velvet otter canoe"), Ok(()));
    }

    #[test]
    fn a_character_is_a_code_point_of_the_normal_form() {
        assert_eq!(judged("zxqvjkwpmrtbdh"), Err(Flaw::TooShort), "fourteen");
        // Fifteen letters, each typed as letter and accent: thirty code points, fifteen when normal.
        let decomposed = "e\u{301}".repeat(14);
        assert_eq!(judged(&decomposed), Err(Flaw::TooShort));
        assert_eq!(
            normal(&Secret::new("cafe\u{301}".to_owned())),
            normal(&Secret::new("café".to_owned()))
        );
    }

    #[test]
    fn long_ones_are_taken_to_the_limit_and_refused_beyond_it() {
        let words = "violin gravel seventeen umbrella ".repeat(8);
        let most: String = words.chars().take(256).collect();
        assert_eq!(judged(&most), Ok(()));
        assert_eq!(judged(&format!("{most}x")), Err(Flaw::TooLong));
    }

    #[test]
    fn easy_ones_are_refused_however_long() {
        for password in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "123456789012345",
            "qwertyuiopasdfgh",
            "abcdefghijklmnop",
            "galengalengalengalen",
            "clinicclinicclinic1",
            "iloveyouiloveyou",
        ] {
            assert_eq!(judged(password), Err(Flaw::Common), "{password}");
        }
    }

    #[test]
    fn what_holds_the_owners_name_or_address_is_refused_in_any_case_and_form() {
        for password in [
            "larsson eats seven pears",
            "my friend ANNA found it",
            "Ａnnalarsson violin gravel",
            "anna.larsson@hospital.example!",
            "the hospital.example door",
        ] {
            let flaw = judged(password);
            assert!(matches!(flaw, Err(Flaw::Personal | Flaw::Common)), "{password}: {flaw:?}");
        }
    }

    #[test]
    fn the_refusal_says_that_a_few_words_do() {
        let policy = PasswordPolicy::default();
        let field = Flaw::TooShort.field("/password", &policy);
        assert!(field.detail.contains("At least 15") && field.detail.contains("a few words do"));
    }
}
