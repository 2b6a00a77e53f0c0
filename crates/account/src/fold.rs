//! Case folding with compatibility forms: what makes two spellings of one text equal.

use unicode_normalization::UnicodeNormalization;

/// Folds `text` so that spellings which people, mail servers or databases take for one another
/// become equal: compatibility forms (NFKC: `ﬀ` is `ff`, the Kelvin sign is `k`), case in both
/// directions (so that `ß` is `ss`, and the dotless `ı` is `i`, which is what an upper-casing database
/// makes of it, CVE-2019-19844), and the dot that lower-casing `İ` leaves above an `i`.
///
/// This is close to Unicode's `toNFKC_Casefold` (Unicode 3.13, R5), coarser on purpose. The result is
/// a key for comparing, never a text to show or to mail to.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = fold_once(text);
    // Normalising can bring forth characters that fold again; three rounds reach the end for every
    // character there is (a test walks them all).
    for _ in 0..3 {
        let again = fold_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    folded
}

fn fold_once(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Character by character, so that no rule depends on the neighbours (Rust's whole-string
    // lower-casing has one for the final sigma).
    let lowered = text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    for c in lowered {
        if c == '\u{307}' && folded.ends_with('i') {
            continue;
        }
        folded.push(c);
    }
    folded.nfkc().collect()
}

/// Whether `c` shows nothing of itself: it could make two texts look alike that are not
/// (Unicode's `Default_Ignorable_Code_Point`, bidirectional controls included).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_twice_changes_nothing_more_for_any_character() {
        // Beyond these there are ideographs that fold to themselves, and nothing assigned.
        for c in ('\0'..='\u{1FFFF}').chain('\u{2F800}'..='\u{2FA1F}') {
            let once = fold(&format!("a{c}i"));
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn spellings_that_are_taken_for_one_another_are_equal() {
        for (one, other) in [
            ("MIKE", "mike"),
            ("mıke", "mike"),
            ("MİKE", "mike"),
            ("mi\u{212A}e", "mike"),
            ("e\u{FB00}ie", "effie"),
            ("straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ｍｉｋｅ", "mike"),
            ("cafe\u{301}", "café"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }
}
