//! What a notification may say: its fields are checked, all at once, and its retention is found.

use galen_core::model::{Action, Content};
use galen_core::preferences::OWN_CATEGORIES;
use galen_core::{Code, FieldError, UnixMs};
use sha2::{Digest as _, Sha256};

use crate::fields::{self, Fields};
use crate::policy::NoticePolicy;
use crate::{CategoryPolicy, Message};

const CATEGORY_CHARS_MAX: usize = 64;
const TITLE_CHARS_MAX: usize = 200;
const BODY_CHARS_MAX: usize = 4_000;
const LINK_OCTETS_MAX: usize = 2_048;
const OBJECT_OCTETS_MAX: usize = 4_096;
const ACTIONS_MAX: usize = 3;
const LABEL_CHARS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;

/// Checks a message; what is wrong with it is added to `wrong`.
pub(crate) fn check(
    message: Message,
    policy: &NoticePolicy,
    now: UnixMs,
    wrong: &mut Fields,
) -> Content {
    check_category(&message.category, policy, "/category", wrong);
    words(&message, wrong);
    wrong.require(
        message.link.as_deref().is_none_or(is_link),
        "/link",
        Code::FieldLink,
        "An https URL, or a path that begins with one slash, at most 2048 octets.",
    );
    actions(&message.actions, wrong);
    wrong.require(
        message.expires_at.is_none_or(|at| now < at),
        "/expires_at",
        Code::FieldPast,
        "A moment in the future.",
    );
    Content {
        category: message.category,
        level: message.level,
        params: object(message.params, "/params", wrong),
        code: message.code,
        title: message.title.trim().to_owned(),
        body: message.body,
        link: message.link,
        actions: message.actions,
        data: object(message.data, "/data", wrong),
        expires_at: message.expires_at,
    }
}

/// How long notifications of this category are kept, in milliseconds.
pub(crate) fn keep_ms(category: &str, policy: &NoticePolicy) -> i64 {
    let own = policy.categories.iter().find(|known| known.name == category);
    own.and_then(|known| known.keep_ms).unwrap_or(policy.keep_ms)
}

/// Checks that there may be notifications of a category.
pub(crate) fn check_category(
    category: &str,
    policy: &NoticePolicy,
    pointer: &str,
    wrong: &mut Fields,
) {
    let is_name = is_name(category);
    let detail = "1 to 64 characters of a-z, 0-9, `_`, `.` and `-`.";
    wrong.require(is_name, pointer, Code::FieldFormat, detail);
    let is_listed = |known: &CategoryPolicy| known.name == category;
    let is_known = policy.categories.is_empty()
        || OWN_CATEGORIES.contains(&category)
        || policy.categories.iter().any(is_listed);
    wrong.require(!is_name || is_known, pointer, Code::FieldCategory, Code::FieldCategory.fix());
}

fn words(message: &Message, wrong: &mut Fields) {
    let title = message.title.trim();
    let least = usize::from(message.code.is_none());
    wrong.require(
        (least..=TITLE_CHARS_MAX).contains(&title.chars().count()),
        "/title",
        Code::FieldLength,
        "1 to 200 characters; beside a code it may be left out.",
    );
    wrong.require(
        !title.chars().any(char::is_control),
        "/title",
        Code::FieldFormat,
        "One line, without control characters.",
    );
    wrong.require(
        message.body.chars().count() <= BODY_CHARS_MAX,
        "/body",
        Code::FieldLength,
        "At most 4000 characters.",
    );
    wrong.require(
        message.code.as_deref().is_none_or(is_name),
        "/code",
        Code::FieldFormat,
        "1 to 64 characters of a-z, 0-9, `_`, `.` and `-`.",
    );
    wrong.require(
        message.params.is_none() || message.code.is_some(),
        "/params",
        Code::FieldRequired,
        "Parameters belong to a code: give `code`, or use `data`.",
    );
}

fn actions(actions: &[Action], wrong: &mut Fields) {
    wrong.require(
        actions.len() <= ACTIONS_MAX,
        "/actions",
        Code::FieldLength,
        "At most three actions.",
    );
    for action in actions.iter().take(ACTIONS_MAX) {
        let label = action.label.trim();
        wrong.require(
            (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
                && !label.chars().any(char::is_control),
            "/actions",
            Code::FieldLength,
            "Each action has a label of one line, 1 to 50 characters.",
        );
        wrong.require(
            is_link(&action.link),
            "/actions",
            Code::FieldLink,
            "Each action leads to an https URL or a path that begins with one slash.",
        );
    }
}

fn object(value: Option<serde_json::Value>, pointer: &str, wrong: &mut Fields) -> Option<String> {
    let value = value?;
    let text = value.to_string();
    let taken: Result<String, FieldError> = if !value.is_object() {
        Err(fields::error(pointer, Code::FieldType, "A JSON object."))
    } else if text.len() > OBJECT_OCTETS_MAX {
        Err(fields::error(pointer, Code::FieldLength, "At most 4096 octets as JSON."))
    } else {
        Ok(text)
    };
    wrong.take(taken)
}

fn is_name(text: &str) -> bool {
    (1..=CATEGORY_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
}

/// Checks an idempotency key.
pub(crate) fn check_key(key: Option<&str>, wrong: &mut Fields) {
    let is_key = |key: &str| {
        (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
    };
    let detail = "1 to 128 visible ASCII characters.";
    wrong.require(key.is_none_or(is_key), "/idempotency_key", Code::FieldFormat, detail);
}

/// Whether a link leads where it says: a path of the application itself, or an https URL of a plain
/// host. Browsers drop tabs and line ends and read `\` as `/`, so neither may stand in it; a second
/// slash would begin another host (CVE-2024-56734 and its two sequels); a user name before the host
/// only serves to mislead.
pub(crate) fn is_link(link: &str) -> bool {
    if link.len() > LINK_OCTETS_MAX
        || link.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return false;
    }
    if let Some(rest) = link.strip_prefix("https://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return host.bytes().any(|b| b.is_ascii_alphanumeric())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    }
    link.starts_with('/') && !link.starts_with("//")
}

/// What makes two publishings the same: everything but their names. Each part with its length in
/// front, so that no two lists of parts run together.
pub(crate) struct ContentHash(Sha256);

impl ContentHash {
    /// The hash of what is said, in this way.
    pub(crate) fn of(way: &str, content: &Content) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(Some(way.as_bytes()));
        for part in [&content.category, content.level.name(), &content.title, &content.body] {
            hash.part(Some(part.as_bytes()));
        }
        for part in [&content.code, &content.params, &content.link, &content.data] {
            hash.part(part.as_deref().map(str::as_bytes));
        }
        hash.part(Some(&content.actions.len().to_be_bytes()));
        for action in &content.actions {
            hash.part(Some(action.label.as_bytes()));
            hash.part(Some(action.link.as_bytes()));
        }
        hash.moment(content.expires_at);
        hash
    }

    /// Adds a part.
    pub(crate) fn part(&mut self, part: Option<&[u8]>) {
        self.0.update([u8::from(part.is_some())]);
        let part = part.unwrap_or_default();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// Adds a moment.
    pub(crate) fn moment(&mut self, moment: Option<UnixMs>) {
        self.part(moment.map(|at| at.0.to_be_bytes()).as_ref().map(|bytes| &bytes[..]));
    }

    /// The hash.
    pub(crate) fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use galen_core::model::Level;

    use super::*;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    pub(super) fn message() -> Message {
        Message {
            category: "billing.invoice".to_owned(),
            level: Level::Info,
            code: None,
            params: None,
            title: "Your invoice".to_owned(),
            body: String::new(),
            link: None,
            actions: Vec::new(),
            data: None,
            expires_at: None,
        }
    }

    fn pointers_under(message: Message, policy: &NoticePolicy) -> Vec<(String, &'static str)> {
        let mut wrong = Fields::default();
        check(message, policy, NOW, &mut wrong);
        match wrong.finish() {
            Ok(()) => Vec::new(),
            Err(refusal) => {
                refusal.fields.into_iter().map(|f| (f.pointer, f.code.text())).collect()
            }
        }
    }

    fn pointers(message: Message) -> Vec<String> {
        let found = pointers_under(message, &NoticePolicy::default());
        found.into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn links_lead_to_the_application_or_to_https() {
        for good in [
            "/",
            "/invoices/7?x=1#y",
            "/%2f/still-a-path",
            "https://example.org",
            "https://example.org:8443/a?b#c",
            "https://[2001:db8::1]/",
        ] {
            assert!(is_link(good), "{good}");
        }
    }

    #[test]
    fn lesson_21_no_link_leads_elsewhere_than_it_says() {
        for bad in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            "http://example.org",
            "HTTPS://example.org",
            "https:example.org",
            "https:///evil",
            "https://",
            "https://user@evil.example",
            "https://example.org\\@evil.example",
            "https://exa mple.org",
            "javascript:alert(1)",
            "data:text/html,x",
            " javascript:alert(1)",
            "https://\u{202E}gro.elpmaxe",
            "vbscript:x",
            "//",
            "https://?x",
            "https://..",
        ] {
            assert!(!is_link(bad), "{bad:?}");
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(pointers(message()), Vec::<String>::new());
        let action = |link: &str| Action { label: "Go".to_owned(), link: link.to_owned() };
        let wrong = Message {
            category: "Bad Category".to_owned(),
            title: " ".to_owned(),
            body: "x".repeat(4_001),
            link: Some("//evil".to_owned()),
            params: Some(serde_json::json!({})),
            actions: vec![action("javascript:alert(1)")],
            data: Some(serde_json::json!([1])),
            expires_at: Some(NOW),
            ..message()
        };
        assert_eq!(
            pointers(wrong),
            [
                "/category",
                "/title",
                "/body",
                "/params",
                "/link",
                "/actions",
                "/expires_at",
                "/data"
            ]
        );
        let four = Message { actions: vec![action("/"); 4], ..message() };
        assert_eq!(pointers(four), ["/actions"]);
    }

    #[test]
    fn data_is_an_object_of_at_most_four_kibibytes() {
        let with = |data| Message { data: Some(data), ..message() };
        assert!(pointers(with(serde_json::json!({"id": 7}))).is_empty());
        let large = with(serde_json::json!({"x": "y".repeat(4_096)}));
        assert_eq!(pointers(large), ["/data"]);
    }

    #[test]
    fn a_code_may_stand_for_the_title() {
        let coded = Message {
            code: Some("order.shipped".to_owned()),
            params: Some(serde_json::json!({"order": 7})),
            title: String::new(),
            ..message()
        };
        assert!(pointers(coded).is_empty());
    }

    #[test]
    fn where_categories_are_listed_no_other_is_taken_and_each_has_its_time() {
        let listed = |name: &str, keep_ms| CategoryPolicy { name: name.to_owned(), keep_ms };
        let policy = NoticePolicy {
            categories: vec![listed("billing.invoice", Some(5)), listed("news", None)],
            keep_ms: 9,
            ..NoticePolicy::default()
        };
        assert!(pointers_under(message(), &policy).is_empty());
        let other = Message { category: "other".to_owned(), ..message() };
        let unknown = vec![("/category".to_owned(), "field.category")];
        assert_eq!(pointers_under(other, &policy), unknown);
        let own = Message { category: "alert".to_owned(), ..message() };
        assert!(pointers_under(own, &policy).is_empty());
        let kept = ["billing.invoice", "news", "alert"].map(|name| keep_ms(name, &policy));
        assert_eq!(kept, [5, 9, 9]);
    }

    #[test]
    fn the_content_decides_whether_two_publishings_are_one() {
        let hash = |title: &str, body: &str, link: Option<&str>| {
            let message = Message {
                title: title.to_owned(),
                body: body.to_owned(),
                link: link.map(str::to_owned),
                ..message()
            };
            let content = check(message, &NoticePolicy::default(), NOW, &mut Fields::default());
            ContentHash::of("some", &content).done()
        };
        assert_eq!(hash("ab", "c", None), hash("ab", "c", None));
        assert_ne!(hash("ab", "c", None), hash("a", "bc", None));
        assert_ne!(hash("ab", "c", None), hash("ab", "c", Some("/")));
    }
}
