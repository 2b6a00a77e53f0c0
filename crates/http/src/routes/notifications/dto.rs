//! How notifications look from outside.

use galen_core::model::{Action, Level, Marked, Notification};
use galen_core::{Id, NotificationId, Seq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::routes::me::dto::level_schema;
use crate::time::Time;

/// A notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: NotificationId,
    /// Its place in the order of all that was published: the `id` of its event in the stream.
    #[schema(value_type = i64)]
    seq: Seq,
    /// Whether others have it, too.
    broadcast: bool,
    /// What it is about.
    category: &'a str,
    /// How much it matters.
    #[schema(schema_with = level_schema)]
    level: Level,
    /// A stable code for clients to put into words, if it has one.
    code: Option<&'a str>,
    /// The code's parameters.
    #[schema(value_type = Option<Object>)]
    params: Option<Value>,
    /// Its one line; beside a code, what to show if the code is not known.
    title: &'a str,
    /// Its text; may be empty.
    body: &'a str,
    /// Where it leads, if anywhere: an https URL or a path.
    link: Option<&'a str>,
    /// What can be done about it.
    actions: Vec<ActionView<'a>>,
    /// The application's own data, if there is some.
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
    /// How far it has come: `unseen`, `seen`, `read` or `archived`.
    state: &'static str,
    /// Who published it: `user`, `api_key`, `system` or `monitor`.
    created_by: &'static str,
    /// When it was published.
    created_at: Time,
    /// When it says nothing any more, if it ever does.
    expires_at: Option<Time>,
    /// When it was read, if it was.
    read_at: Option<Time>,
    /// When it was put away, if it was.
    archived_at: Option<Time>,
}

/// Something a reader can do about a notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationAction)]
struct ActionView<'a> {
    /// What the button says.
    label: &'a str,
    /// Where it leads: an https URL or a path.
    link: &'a str,
}

impl<'a> From<&'a Action> for ActionView<'a> {
    fn from(it: &'a Action) -> Self {
        Self { label: &it.label, link: &it.link }
    }
}

const fn state_of(it: &Notification) -> &'static str {
    if it.archived_at.is_some() {
        "archived"
    } else if it.read_at.is_some() {
        "read"
    } else if it.is_seen {
        "seen"
    } else {
        "unseen"
    }
}

/// It was an object when it was published; were the row spoiled, there is none.
pub(crate) fn object(text: Option<&str>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

impl<'a> From<&'a Notification> for NotificationView<'a> {
    fn from(it: &'a Notification) -> Self {
        let content = &it.content;
        Self {
            id: it.id,
            seq: it.seq,
            broadcast: it.is_broadcast,
            category: &content.category,
            level: content.level,
            code: content.code.as_deref(),
            params: object(content.params.as_deref()),
            title: &content.title,
            body: &content.body,
            link: content.link.as_deref(),
            actions: content.actions.iter().map(Into::into).collect(),
            data: object(content.data.as_deref()),
            state: state_of(it),
            created_by: it.author.kind(),
            created_at: it.created_at.into(),
            expires_at: content.expires_at.map(Time),
            read_at: it.read_at.map(Time),
            archived_at: it.archived_at.map(Time),
        }
    }
}

/// What became of marking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Marked)]
pub(crate) struct MarkedView {
    /// How many took the step now.
    marked: u64,
    /// Unread ones that remain.
    unread: i64,
    /// Those of them that were not even seen.
    unseen: i64,
}

impl From<Marked> for MarkedView {
    fn from(it: Marked) -> Self {
        Self { marked: it.marked, unread: it.counts.unread, unseen: it.counts.unseen }
    }
}

/// Where the next page begins, as a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next(pub(crate) Id);

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
