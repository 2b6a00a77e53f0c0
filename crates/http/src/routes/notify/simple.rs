//! `POST /api/notify/{to}`: the simple form, for shells: the body is the message.

use axum::extract::{FromRequestParts, Path};
use galen_account::{Announce, Message, Publish};
use galen_core::model::{Audience, Level};
use galen_core::{Code, Refusal};
use http::HeaderMap;
use http::request::Parts;
use serde_json::json;

use super::answers::{self, PublishedView};
use super::form::{IdempotencyKey, Wanted, recipient};
use crate::answer::Answer;
use crate::application::Application;
use crate::extract::{Query, Text};
use crate::fault::Fault;

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 200;

/// The category of messages that name none.
const CATEGORY: &str = "message";

/// To whom everything goes.
const EVERYBODY: &str = "all";

/// How much a message matters, in the words and numbers of ntfy, and in our own.
const PRIORITIES: [(&str, Level); 14] = [
    ("1", Level::Info),
    ("2", Level::Info),
    ("3", Level::Info),
    ("4", Level::Warning),
    ("5", Level::Error),
    ("min", Level::Info),
    ("low", Level::Info),
    ("default", Level::Info),
    ("high", Level::Warning),
    ("urgent", Level::Error),
    ("info", Level::Info),
    ("success", Level::Success),
    ("warning", Level::Warning),
    ("error", Level::Error),
];

/// What is said beside the body: as query parameters, or as headers of the same name.
pub(crate) struct Beside {
    title: Option<String>,
    level: Level,
    category: String,
    link: Option<String>,
    tags: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Beside {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let mut query = Query::from_request_parts(parts, state).await.unwrap_or_default();
        let headers = &parts.headers;
        let mut said = |name: &'static str| {
            let asked = query.text(name);
            header(headers, name).map(|header| asked.or(header))
        };
        let title = said("title")?;
        let priority = said("priority")?;
        let category = said("category")?.unwrap_or_else(|| CATEGORY.to_owned());
        let (link, tags) = (said("link")?, said("tags")?);
        let level = match priority {
            None => Level::Info,
            Some(word) => {
                let word = word.to_ascii_lowercase();
                let known = PRIORITIES.iter().find(|(name, _)| *name == word);
                known.map(|(_, level)| *level).unwrap_or_else(|| {
                    let detail = "Expected 1 to 5, min, low, default, high, urgent, or a level.";
                    query.refuse("priority", Code::FieldType, detail);
                    Level::Info
                })
            }
        };
        query.finish()?;
        Ok(Self { title, level, category, link, tags })
    }
}

/// A header as text; one that is no text is refused.
fn header(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Fault> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) => {
            let detail = format!("The header `{name}` is not text in UTF-8.");
            Err(Refusal::new(Code::MalformedRequest).with_detail(detail).into())
        }
    }
}

impl Beside {
    /// The message: without a title of its own, its first line is the title.
    fn message(self, text: &str) -> Message {
        let text = text.trim();
        let (title, body) = match self.title {
            Some(title) => (title, text),
            None => {
                let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
                let is_title = first.chars().count() <= TITLE_CHARS_MAX;
                let title: String = first.trim().chars().take(TITLE_CHARS_MAX).collect();
                (title, if is_title { rest.trim() } else { text })
            }
        };
        let tags = self.tags.map(|tags| {
            let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            json!({ "tags": tags.collect::<Vec<_>>() })
        });
        Message {
            category: self.category,
            level: self.level,
            code: None,
            params: None,
            title,
            body: body.to_owned(),
            link: self.link,
            actions: Vec::new(),
            data: tags,
            expires_at: None,
        }
    }
}

/// Publishes the body as a message to one user, by identifier or address, or to `all`. Without a
/// title the first line is the title.
#[utoipa::path(post, path = "/api/notify/{to}", tag = "notify", security(("api_key" = [])), params(
    ("to" = String, Path, description = "A user's identifier or address, or `all`."),
    ("title" = Option<String>, Query, description = "Its one line; also as a header."),
    ("priority" = Option<String>, Query, description = "1 to 5, `min`, `low`, `default`, `high`, `urgent`, or a level; also as a header."),
    ("category" = Option<String>, Query, description = "What it is about; `message` if nothing is said; also as a header."),
    ("link" = Option<String>, Query, description = "Where it leads; also as a header."),
    ("tags" = Option<String>, Query, description = "Words separated by commas, kept in `data.tags`; also as a header."),
    ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$",
        description = "Makes the publishing happen once: 1 to 128 visible ASCII characters."),
), request_body(content = String, content_type = "text/plain", description = "The message."), responses(
    (status = 201, description = "Published.", body = PublishedView),
    (status = 200, description = "Published before, under this key.", body = PublishedView),
    (status = 404, description = "There is no such user."),
    (status = 409, description = "The key was used for another content, or there are too many broadcasts."),
    (status = 429, description = "Too many calls of this API key."),
))]
pub(crate) async fn simple(
    by: Application,
    Path(to): Path<String>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    beside: Beside,
    Text(text): Text,
) -> Answer {
    let message = beside.message(&text);
    let wanted = if to == EVERYBODY {
        let audience = Audience::default();
        Wanted::Many(Announce { audience, publish_at: None, message, idempotency_key })
    } else {
        Wanted::One(Publish { to: vec![recipient(to)], message, idempotency_key })
    };
    answers::publish(&by.anybody, by.publisher(), wanted).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(title: Option<&str>, text: &str) -> (String, String) {
        let beside = Beside {
            title: title.map(str::to_owned),
            level: Level::Info,
            category: CATEGORY.to_owned(),
            link: None,
            tags: Some("a, b,".to_owned()),
        };
        let message = beside.message(text);
        assert_eq!(message.data, Some(json!({"tags": ["a", "b"]})));
        (message.title, message.body)
    }

    #[test]
    fn the_first_line_is_the_title_unless_one_is_given_or_it_is_too_long() {
        let two = |title: &str, body: &str| (title.to_owned(), body.to_owned());
        assert_eq!(message(None, "The backup is done\n"), two("The backup is done", ""));
        assert_eq!(message(None, "Done\n\n7 files\n"), two("Done", "7 files"));
        assert_eq!(message(Some("Backup"), "7 files"), two("Backup", "7 files"));
        let long = "x".repeat(300);
        assert_eq!(message(None, &long), two(&"x".repeat(200), &long));
    }
}
