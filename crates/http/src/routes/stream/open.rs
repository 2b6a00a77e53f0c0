//! `GET /api/stream`: what happens, as it happens (Server-Sent Events).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use bytes::Bytes;
use galen_core::{Code, Refusal, Seq};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;

use crate::answer::Answer;
use crate::caller::SignedIn;
use crate::connection::MS_NS;
use crate::extract::Query;
use crate::fault::Fault;
use crate::live::{self, Bye, StreamBody, Topic, Topics};
use crate::phases::Streaming;

/// The media type of a stream of events.
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Tells nginx to hand on what it gets at once.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The request's `Last-Event-ID`, if it has one: where a browser that comes again was.
pub(crate) struct LastEventId(Option<Seq>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let place = value.to_str().ok().and_then(|text| text.parse::<i64>().ok());
        match place.filter(|place| *place >= 0) {
            Some(place) => Ok(Self(Some(Seq(place)))),
            None => {
                let detail = "Last-Event-ID is the `id` of an event of this stream.";
                Err(Refusal::new(Code::MalformedRequest).with_detail(detail).into())
            }
        }
    }
}

/// Opens a stream of events: `ready` with the counts, `notification` (its `id` is its place),
/// `marked`, `recalled`, `refresh`, `sessions`, `alert`, `health`, and at last `bye` with a `reason`.
/// What was published after `Last-Event-ID`, or else after `after`, comes first.
#[utoipa::path(get, path = "/api/stream", tag = "notifications", security(("session" = [])), params(
    ("topics" = Option<String>, Query, description = "Of `notifications`, `sessions`, and for admins `alerts`, `health` and `examinations`, separated by commas; `notifications` if nothing is said."),
    ("after" = Option<i64>, Query, description = "A place, such as the `seq` of a list."),
    ("Last-Event-ID" = Option<i64>, Header, description = "As browsers send it when they come again; it counts more than `after`."),
), responses(
    (status = 200, description = "Events, until somebody leaves.", body = String, content_type = "text/event-stream"),
))]
pub(crate) async fn open(by: SignedIn, LastEventId(last): LastEventId, mut query: Query) -> Answer {
    let (topics, after) = (topics(&mut query), query.place("after"));
    query.finish()?;
    if topics.need_admin() {
        by.caller().require_admin()?;
    }
    let app = by.app();
    // The place is taken first and the session looked at afterwards: whatever ends it from now on
    // finds the stream.
    let place = app.hub.enter(by.shared_caller(), topics)?;
    if app.accounts.goes_on_until(by.cx(), by.caller()).await?.is_none() {
        return Err(Fault::new(Code::SessionEnded));
    }
    let is_told = topics.has(Topic::Notifications);
    let after = last.or(after).filter(|_| is_told);
    let (missed, events) = live::missed(app, by.cx(), by.caller(), after).await?;
    let head = format!("{events}{}", live::ready(missed.upto, missed.counts));
    place.client().goes_on_after(missed.upto);
    if missed.more {
        place.client().end(Bye::More);
    }
    let connection = Arc::clone(&by.visit().connection);
    let write_timeout_ns = app.settings.limits.write_timeout_ms * MS_NS;
    let body = StreamBody::new(place, connection, write_timeout_ns, Bytes::from(head));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, EVENTS);
    response.headers_mut().extend([UNBUFFERED]);
    response.extensions_mut().insert(Streaming);
    Ok(response)
}

fn topics(query: &mut Query) -> Topics {
    let Some(text) = query.text("topics") else {
        return Topics::default().with(Topic::Notifications);
    };
    live::read_topics(&text).unwrap_or_else(|| {
        let names: Vec<&str> = Topic::ALL.iter().map(|(name, _)| *name).collect();
        let detail = format!("Expected some of {}, separated by commas.", names.join(", "));
        query.refuse("topics", Code::FieldType, &detail);
        Topics::default()
    })
}
