//! Events as they are written: Server-Sent Events (WHATWG HTML §9.2.6), each encoded once for all.

use bytes::Bytes;
use galen_core::model::{InboxCounts, Notification, Step};
use galen_core::{NotificationId, Seq, SessionId};
use serde::Serialize;
use serde_json::json;

use crate::routes::NotificationView;

/// A comment, which readers pass over: it keeps proxies from closing what seems idle, and lets a
/// reader that has gone be noticed.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// How long a reader waits before it comes again, in milliseconds: usually, and when there is more
/// for it at once.
const RETRY_MS: u32 = 2_000;
const RETRY_SOON_MS: u32 = 50;

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bye {
    /// Its session was revoked or has expired.
    SessionEnded,
    /// It took too long to take what was sent: it resumes without loss.
    SlowReader,
    /// Its session opened as many others as it may.
    TooMany,
    /// More was missed than one answer holds: the next one goes on.
    More,
    /// The server stops.
    ShuttingDown,
}

impl Bye {
    const fn reason(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::SlowReader => "slow_reader",
            Self::TooMany => "too_many",
            Self::More => "more",
            Self::ShuttingDown => "shutting_down",
        }
    }
}

/// An event without a place.
fn plain<T: Serialize>(name: &str, data: &T) -> Bytes {
    // A structure of texts and numbers always serialises, and onto one line.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// A notification, whoever gets it; its place is the event's `id`.
pub(super) fn notification(notification: &Notification) -> Bytes {
    let data = serde_json::to_string(&NotificationView::from(notification)).unwrap_or_default();
    let seq = notification.seq.0;
    format!("id: {seq}\nevent: notification\ndata: {data}\n\n").into()
}

/// What a stream begins with: how to come again, where it goes on, and the counts.
pub(crate) fn ready(upto: Seq, counts: InboxCounts) -> String {
    let (seq, InboxCounts { unread, unseen }) = (upto.0, counts);
    let data = json!({ "seq": seq, "unread": unread, "unseen": unseen });
    format!("retry: {RETRY_MS}\nid: {seq}\nevent: ready\ndata: {data}\n\n")
}

/// A user's notifications took a step.
pub(super) fn marked(ids: &[NotificationId], step: Option<Step>, counts: InboxCounts) -> Bytes {
    let step = match step {
        None => "seen",
        Some(Step::Read) => "read",
        Some(Step::Archived) => "archived",
    };
    let InboxCounts { unread, unseen } = counts;
    let data = json!({ "step": step, "ids": ids, "all": ids.is_empty(),
        "unread": unread, "unseen": unseen });
    plain("marked", &data)
}

/// A broadcast was taken back: who has not read it has it no more.
pub(super) fn recalled(id: NotificationId) -> Bytes {
    plain("recalled", &json!({ "id": id }))
}

/// The counts changed otherwise: they are to be asked for.
pub(super) fn refresh() -> Bytes {
    plain("refresh", &json!({}))
}

/// Sessions of the user were opened or ended.
pub(super) fn sessions(opened: &[SessionId], ended: &[SessionId]) -> Bytes {
    plain("sessions", &json!({ "opened": opened, "ended": ended }))
}

/// Something for admins, under its topic's name.
pub(super) fn told(name: &str, data: &serde_json::Value) -> Bytes {
    plain(name, data)
}

/// The last event of a stream.
pub(super) fn bye(bye: Bye) -> Bytes {
    let retry_ms = if bye == Bye::More { RETRY_SOON_MS } else { RETRY_MS };
    let data = json!({ "reason": bye.reason() });
    format!("retry: {retry_ms}\nevent: bye\ndata: {data}\n\n").into()
}
