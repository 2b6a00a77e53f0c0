//! How notifications look from outside.

use galen_core::model::{Level, MarkedRead, Notification};
use galen_core::{Id, NotificationId};
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
    /// What it is about.
    category: &'a str,
    /// How much it matters.
    #[schema(schema_with = level_schema)]
    level: Level,
    /// Its one line.
    title: &'a str,
    /// Its text; may be empty.
    body: &'a str,
    /// Where it leads, if anywhere: an https URL or a path.
    link: Option<&'a str>,
    /// The application's own data, if there is some.
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
    /// When it was published.
    created_at: Time,
    /// When it was read, if it was.
    read_at: Option<Time>,
}

impl<'a> From<&'a Notification> for NotificationView<'a> {
    fn from(it: &'a Notification) -> Self {
        Self {
            id: it.id,
            category: &it.category,
            level: it.level,
            title: &it.title,
            body: &it.body,
            link: it.link.as_deref(),
            // It was an object when it was published; were the row spoiled, there is none.
            data: it.data.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            created_at: it.created_at.into(),
            read_at: it.read_at.map(Time),
        }
    }
}

/// What became of marking as read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkedRead)]
pub(crate) struct MarkedReadView {
    /// How many were unread before and are read now.
    marked: u64,
    /// Unread ones that remain.
    unread: i64,
}

impl From<MarkedRead> for MarkedReadView {
    fn from(it: MarkedRead) -> Self {
        Self { marked: it.marked, unread: it.unread }
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
