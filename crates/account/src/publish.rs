//! Publishing a notification to one user, once.

use galen_core::model::{NewNotification, Publication, Published};
use galen_core::{Code, Cx, NotificationId, Refusal, UserId};
use sha2::{Digest as _, Sha256};

use crate::email::Address;
use crate::fields::{self, Fields};
use crate::{Accounts, Caller, Publish, Recipient};

const CATEGORY_CHARS_MAX: usize = 64;
const TITLE_CHARS_MAX: usize = 200;
const BODY_CHARS_MAX: usize = 4_000;
const LINK_OCTETS_MAX: usize = 2_048;
const DATA_OCTETS_MAX: usize = 4_096;
const KEY_CHARS_MAX: usize = 128;

impl Accounts {
    /// Publishes a notification for `caller`, who must be an admin; `None` is the program itself.
    /// With an idempotency key it happens once however often it is asked for; the outcome is then
    /// [`Published::Now`] or [`Published::Before`].
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::InvalidFields`]; [`Code::UserNotFound`];
    /// [`Code::SessionEnded`]; [`Code::IdempotencyMismatch`] when the key was used for another content.
    pub async fn publish(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        form: Publish,
    ) -> Result<Published, Refusal> {
        caller.map(Caller::require_admin).transpose()?;
        let data = check(&form)?;
        let user_id = self.recipient(cx, &form.user).await?;
        let notification = NewNotification {
            id: NotificationId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            user_id,
            category: form.category,
            level: form.level,
            title: form.title.trim().to_owned(),
            body: form.body,
            link: form.link,
            data,
        };
        let publication = Publication {
            content_hash: content_hash(&notification),
            notification,
            idempotency_key: form.idempotency_key,
        };
        let act = match caller {
            Some(caller) => self.act_by_admin(cx, caller),
            None => self.act(cx, None),
        };
        let published = self
            .desk
            .write_for(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let published = desk.store.publish(cx, act, publication).await?;
                    if matches!(published, Published::Now(_)) {
                        desk.forget(&[], user_id);
                    }
                    Ok(published)
                })
            })
            .await?;
        match published {
            Published::Now(_) | Published::Before(_) => Ok(published),
            Published::KeyMismatch => Err(Refusal::new(Code::IdempotencyMismatch)),
            Published::UserNotFound => Err(Refusal::new(Code::UserNotFound)),
        }
    }

    async fn recipient(&self, cx: &Cx, user: &Recipient) -> Result<UserId, Refusal> {
        let email = match user {
            Recipient::Id(id) => return Ok(*id),
            Recipient::Email(email) => email,
        };
        let address =
            Address::parse_field(email, "/email").map_err(|field| Refusal::fields(vec![field]))?;
        let found = self.desk.store.credentials_by_email(cx, &address.key).await?;
        found.map(|credentials| credentials.user.id).ok_or_else(|| Refusal::new(Code::UserNotFound))
    }
}

/// Checks the fields. Gives the data as text.
fn check(form: &Publish) -> Result<Option<String>, Refusal> {
    let mut wrong = Fields::default();
    wrong.require(
        is_category(&form.category),
        "/category",
        Code::FieldFormat,
        "1 to 64 characters of a-z, 0-9, `_`, `.` and `-`.",
    );
    let title = form.title.trim();
    wrong.require(
        (1..=TITLE_CHARS_MAX).contains(&title.chars().count()),
        "/title",
        Code::FieldLength,
        "1 to 200 characters.",
    );
    wrong.require(
        !title.chars().any(char::is_control),
        "/title",
        Code::FieldFormat,
        "One line, without control characters.",
    );
    wrong.require(
        form.body.chars().count() <= BODY_CHARS_MAX,
        "/body",
        Code::FieldLength,
        "At most 4000 characters.",
    );
    wrong.require(
        form.link.as_deref().is_none_or(is_link),
        "/link",
        Code::FieldLink,
        "An https URL, or a path that begins with one slash, at most 2048 octets.",
    );
    wrong.require(
        form.idempotency_key.as_deref().is_none_or(is_key),
        "/idempotency_key",
        Code::FieldFormat,
        "1 to 128 visible ASCII characters.",
    );
    let data = form.data.as_ref().and_then(|data| {
        let text = data.to_string();
        let taken = if !data.is_object() {
            Err(fields::error("/data", Code::FieldType, "A JSON object."))
        } else if text.len() > DATA_OCTETS_MAX {
            let detail = "At most 4096 octets as JSON.";
            Err(fields::error("/data", Code::FieldLength, detail))
        } else {
            Ok(text)
        };
        wrong.take(taken)
    });
    wrong.finish()?;
    Ok(data)
}

fn is_category(text: &str) -> bool {
    (1..=CATEGORY_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
}

fn is_key(text: &str) -> bool {
    (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Whether a link leads where it says: a path of the application itself, or an https URL of a plain
/// host. Browsers drop tabs and line ends and read `\` as `/`, so neither may stand in it; a second
/// slash would begin another host (CVE-2024-56734 and its two sequels); a user name before the host
/// only serves to mislead.
fn is_link(link: &str) -> bool {
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
fn content_hash(notification: &NewNotification) -> [u8; 32] {
    let mut digest = Sha256::new();
    let parts: [Option<&[u8]>; 7] = [
        Some(notification.user_id.as_bytes()),
        Some(notification.category.as_bytes()),
        Some(notification.level.name().as_bytes()),
        Some(notification.title.as_bytes()),
        Some(notification.body.as_bytes()),
        notification.link.as_deref().map(str::as_bytes),
        notification.data.as_deref().map(str::as_bytes),
    ];
    for part in parts {
        digest.update([u8::from(part.is_some())]);
        let part = part.unwrap_or_default();
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use galen_core::Id;
    use galen_core::model::Level;

    use super::*;

    fn form() -> Publish {
        Publish {
            user: Recipient::Id(UserId(Id::from_bytes([1; 16]))),
            category: "billing.invoice".to_owned(),
            level: Level::Info,
            title: "Your invoice".to_owned(),
            body: String::new(),
            link: None,
            data: None,
            idempotency_key: None,
        }
    }

    fn pointers(form: &Publish) -> Vec<String> {
        match check(form) {
            Ok(_) => Vec::new(),
            Err(refusal) => refusal.fields.into_iter().map(|f| f.pointer).collect(),
        }
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
        assert_eq!(pointers(&form()), Vec::<String>::new());
        let wrong = Publish {
            category: "Bad Category".to_owned(),
            title: " ".to_owned(),
            body: "x".repeat(4_001),
            link: Some("//evil".to_owned()),
            data: Some(serde_json::json!([1])),
            idempotency_key: Some("a b".to_owned()),
            ..form()
        };
        assert_eq!(
            pointers(&wrong),
            ["/category", "/title", "/body", "/link", "/idempotency_key", "/data"]
        );
    }

    #[test]
    fn data_is_an_object_of_at_most_four_kibibytes() {
        let with = |data| Publish { data: Some(data), ..form() };
        assert!(pointers(&with(serde_json::json!({"id": 7}))).is_empty());
        let large = with(serde_json::json!({"x": "y".repeat(4_096)}));
        assert_eq!(pointers(&large), ["/data"]);
    }

    #[test]
    fn the_content_decides_whether_two_publishings_are_one() {
        let notification = |title: &str, body: &str, link: Option<&str>| NewNotification {
            id: NotificationId(Id::from_bytes([9; 16])),
            user_id: UserId(Id::from_bytes([1; 16])),
            category: "a".to_owned(),
            level: Level::Info,
            title: title.to_owned(),
            body: body.to_owned(),
            link: link.map(str::to_owned),
            data: None,
        };
        let hash = content_hash(&notification("ab", "c", None));
        assert_eq!(hash, content_hash(&notification("ab", "c", None)));
        assert_ne!(hash, content_hash(&notification("a", "bc", None)));
        assert_ne!(hash, content_hash(&notification("ab", "c", Some(""))));
    }
}
