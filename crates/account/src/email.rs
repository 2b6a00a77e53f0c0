//! E-mail addresses: which texts are one, and the one canonical form under which each is unique.

use galen_core::model::EmailKey;
use galen_core::{Code, FieldError};

use crate::fold::{fold, is_invisible};

/// The most octets an address may have: what fits between the brackets of an SMTP path
/// (RFC 5321 §4.5.3.1.3, erratum 1690).
const ADDRESS_OCTETS_MAX: usize = 254;
/// The most octets before the `@` (RFC 5321 §4.5.3.1.1).
const LOCAL_OCTETS_MAX: usize = 64;
/// The most octets of one label of a domain (RFC 1035 §2.3.4).
const LABEL_OCTETS_MAX: usize = 63;

/// An address that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was written, without the white space around it. Mail goes here.
    pub(crate) written: String,
    /// The canonical form, under which it is unique.
    pub(crate) key: EmailKey,
}

impl Address {
    /// Reads an address: a dot-atom, an `@` and a domain (RFC 5321 §4.1.2 without quoted strings and
    /// address literals, which no mailbox of a person has), with any visible Unicode in both (RFC
    /// 6531). Its folded form must be an address too, so that no compatibility form brings in a
    /// second `@`, a space or nothing at all.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let written = text.trim();
        if written.len() > ADDRESS_OCTETS_MAX || !is_address(written) {
            return None;
        }
        let key = fold(written);
        (key.len() <= ADDRESS_OCTETS_MAX && is_address(&key))
            .then(|| Self { written: written.to_owned(), key: EmailKey(key) })
    }

    /// Reads an address, or says what is wrong with the field at `pointer`.
    pub(crate) fn parse_field(text: &str, pointer: &str) -> Result<Self, FieldError> {
        Self::parse(text).ok_or_else(|| {
            let (code, detail) = if text.trim().is_empty() {
                (Code::FieldRequired, "Give an e-mail address.")
            } else {
                (Code::FieldEmail, "Write it as name@example.org, at most 254 octets.")
            };
            FieldError { pointer: pointer.to_owned(), code, detail: detail.to_owned() }
        })
    }
}

/// The canonical form of an address that is kept already, and so was checked when it came.
pub(crate) fn key_of_kept(address: &str) -> EmailKey {
    EmailKey(fold(address.trim()))
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    is_local(local) && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= LOCAL_OCTETS_MAX
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

/// `atext` of RFC 5322 §3.2.3, and visible characters beyond ASCII (RFC 6531 §3.3).
fn is_atom_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        is_visible(c)
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= LABEL_OCTETS_MAX
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| {
                    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '-' } else { is_visible(c) }
                })
        })
}

fn is_visible(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        Address::parse(text).map(|address| address.key.0)
    }

    #[test]
    fn addresses_that_a_case_fold_confuses_share_one_key() {
        let mike = key("mike@example.org");
        assert!(mike.is_some());
        for other in [
            "Mike@Example.ORG",
            "  mike@example.org\n",
            "mıke@example.org",
            "MİKE@EXAMPLE.ORG",
            "mi\u{212A}e@example.org",
            "ｍｉｋｅ@example.org",
            "mike@ｅxample.org",
        ] {
            assert_eq!(key(other), mike, "{other}");
        }
        assert_eq!(key("e\u{FB00}ie@x.org"), key("effie@x.org"));
        assert_ne!(key("mike@example.com"), mike);
    }

    #[test]
    fn an_address_keeps_its_spelling_for_the_mail() {
        let address = Address::parse(" Mıke@Example.org ").expect("an address");
        assert_eq!(address.written, "Mıke@Example.org");
        assert_eq!(key_of_kept(&address.written), address.key);
    }

    #[test]
    fn ordinary_addresses_are_taken() {
        for text in [
            "a@b",
            "admin@localhost",
            "first.last+tag@sub.example.org",
            "o'neill@example.org",
            "用户@例子.公司",
            "user@xn--bcher-kva.example",
        ] {
            assert!(key(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_label = format!("a@{}.org", "b".repeat(64));
        let long = format!("a@{}", "b.".repeat(126) + "com");
        for text in [
            "",
            " ",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "a b@c",
            "a@b c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@b.",
            "a@.b",
            "a@-b",
            "a@b-",
            "a@[127.0.0.1]",
            "\"a b\"@c",
            "a@b\u{0}",
            "a\r\n@b",
            "a\u{200B}b@c",
            "a\u{202E}b@c",
            "a\u{AD}@b",
            "a＠b@c",
            "a\u{A8}b@c",
            "a@b,c@d",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(key(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_that_grows_too_long_when_folded_is_refused() {
        // U+FDFA folds to eighteen characters.
        let text = format!("a@{}.org", "\u{FDFA}".repeat(20));
        assert_eq!(key(&text), None);
    }
}
