//! Every letter in every language, and what must not become of a parameter.

use galen_core::post::{Language, LetterCode, Link, Param};

use super::words::Button;
use super::*;
use crate::samples;

fn render(letter: &Letter) -> Result<Rendered, String> {
    Letters::new().unwrap().render(letter)
}

fn with(letter: &mut Letter, name: &str, param: Param) {
    letter.params.retain(|(known, _)| known != name);
    letter.params.push((name.to_owned(), param));
}

fn shown(language: Language, codes: &[LetterCode], look: fn(&Rendered) -> String) -> String {
    let mut all = String::new();
    for code in codes {
        let letter = Letter { language, ..samples::letter(*code) };
        let rendered = render(&letter).unwrap();
        let (name, subject) = (code.text(), &rendered.subject);
        all.push_str(&format!("===== {name}\nSubject: {subject}\n\n{}\n", look(&rendered)));
    }
    all
}

fn text(rendered: &Rendered) -> String {
    rendered.text.reveal().clone()
}

fn page(rendered: &Rendered) -> String {
    rendered.html.reveal().clone()
}

#[test]
fn every_letter_reads_well_in_english() {
    insta::assert_snapshot!(shown(Language::En, LetterCode::ALL, text));
}

#[test]
fn every_letter_reads_well_in_persian() {
    insta::assert_snapshot!(shown(Language::Fa, LetterCode::ALL, text));
}

/// One with facts and a link that opens something, and one with a stranger's paragraphs.
const PAGES: &[LetterCode] = &[LetterCode::NewDevice, LetterCode::Notification];

#[test]
fn a_page_is_laid_out_from_left_to_right_in_english() {
    insta::assert_snapshot!(shown(Language::En, PAGES, page));
}

#[test]
fn a_page_is_laid_out_from_right_to_left_in_persian() {
    insta::assert_snapshot!(shown(Language::Fa, PAGES, page));
}

#[test]
fn a_page_says_every_word_its_text_says() {
    for language in Language::ALL {
        for code in LetterCode::ALL {
            let rendered = render(&Letter { language, ..samples::letter(*code) }).unwrap();
            let page = page(&rendered).replace("&#x2f;", "/").replace("&nbsp;", " ");
            let text = text(&rendered);
            for word in text.split_whitespace().map(|word| word.trim_end_matches(':')) {
                assert!(word == "--" || page.contains(word), "{}: {word}", code.text());
            }
        }
    }
}

#[test]
fn a_letter_is_written_out_alike_every_time() {
    let letter = samples::letter(LetterCode::NewDevice);
    assert_eq!(render(&letter), render(&letter));
}

#[test]
fn no_letter_goes_out_with_a_parameter_missing() {
    let words = |code| {
        let words = words::of(Language::En, code);
        let facts = words.facts.iter().map(|(_, value)| *value);
        let texts = [words.subject, words.heading].into_iter();
        texts.chain(words.before.iter().copied()).chain(facts).collect::<String>()
    };
    for code in LetterCode::ALL {
        let whole = samples::letter(*code);
        let (mut needed, words) = (0, words(*code));
        for (name, _) in &whole.params {
            let mut letter = whole.clone();
            letter.params.retain(|(known, _)| known != name);
            let is_optional = words.contains(&format!("{name} is defined"));
            if words.contains(&format!("{{{{ {name} }}}}")) && !is_optional {
                needed += 1;
                let error = render(&letter).unwrap_err();
                assert!(error.contains(code.text()), "{error}");
            }
        }
        assert!(needed > 0, "{} says nothing of its own", code.text());
    }
}

#[test]
fn a_letter_without_its_link_is_an_error_and_a_notification_that_leads_nowhere_is_none() {
    for code in LetterCode::ALL {
        let letter = Letter { links: Vec::new(), ..samples::letter(*code) };
        let needs =
            matches!(words::of(Language::En, *code).button, Some(Button { needed: true, .. }));
        assert_eq!(render(&letter).is_err(), needs, "{}", code.text());
    }
}

#[test]
fn what_a_stranger_wrote_is_shown_and_not_obeyed() {
    let evil = "<script>alert(1)</script> \"><img src=x onerror=y> {{ house }} {% raw %} & '";
    for language in Language::ALL {
        let mut letter = samples::letter(LetterCode::Notification);
        letter.language = language;
        with(&mut letter, "title", Param::Text(evil.to_owned()));
        with(&mut letter, "body", Param::Text(evil.to_owned()));
        let rendered = render(&letter).unwrap();
        let html = rendered.html.reveal();
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
        assert!(rendered.text.reveal().contains(evil), "{}", rendered.text.reveal());
        assert!(rendered.subject.contains("{{ house }}"), "{}", rendered.subject);
    }
}

#[test]
fn nobody_is_greeted_by_a_link() {
    for (name, greeting) in [
        ("Sara", "Hello Sara,"),
        ("J. R. Tolkien", "Hello J. R. Tolkien,"),
        ("", "Hello,"),
        ("You won! evil.example", "Hello,"),
        ("https://evil.example", "Hello,"),
        ("eve@evil.example", "Hello,"),
    ] {
        let mut letter = samples::letter(LetterCode::VerifyEmail);
        with(&mut letter, "name", Param::Text(name.to_owned()));
        let rendered = render(&letter).unwrap();
        assert!(rendered.text.reveal().contains(&format!("\n{greeting}\n")), "{name}");
    }
}

#[test]
fn what_is_not_known_of_an_address_or_a_device_is_left_out() {
    let mut letter = samples::letter(LetterCode::NewDevice);
    letter.params.retain(|(name, _)| name != "address" && name != "device");
    let rendered = render(&letter).unwrap();
    assert!(!rendered.text.reveal().contains("Device:"), "{}", rendered.text.reveal());
    assert!(rendered.text.reveal().contains("Time:"), "{}", rendered.text.reveal());
}

#[test]
fn a_subject_is_one_line_of_bounded_length() {
    let mut letter = samples::letter(LetterCode::Notification);
    with(&mut letter, "title", Param::Text(format!("a\r\nBcc: eve{}", " word".repeat(500))));
    let rendered = render(&letter).unwrap();
    assert!(rendered.subject.starts_with("a Bcc: eve word"), "{}", rendered.subject);
    assert_eq!(rendered.subject.chars().count(), SUBJECT_CHARS_MAX);
}

#[test]
fn only_links_of_the_web_are_written() {
    for url in ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://a b", ""] {
        let mut letter = samples::letter(LetterCode::ResetPassword);
        letter.links = vec![Link { name: LinkName::Act, url: Secret::new(url.to_owned()) }];
        assert!(render(&letter).is_err(), "{url}");
    }
}

#[test]
fn a_brief_never_has_a_link_that_opens_something() {
    let letters = Letters::new().unwrap();
    let brief = letters.brief(&samples::letter(LetterCode::ResetPassword)).unwrap();
    assert_eq!(brief.title, "Set a new password");
    assert!(!format!("{brief:?}").contains("k3y"), "{brief:?}");
}
