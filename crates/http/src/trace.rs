//! W3C Trace Context on requests: which trace one belongs to, and what is handed on of it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use galen_core::{SpanId, TraceContext, TraceId};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use crate::phases::Visit;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The most of a `tracestate` that is handed on, in bytes: 512 are owed (§3.3.1.5), and what an
/// answer carries must fit the header buffers of proxies. A longer one is left out as a whole, for
/// half of it would be wrong.
const STATE_BYTES_MAX: usize = 2_048;

/// The request's trace, as its client said. A header that is not valid, or stands twice, is as good as
/// none: the specification wants a fresh trace then, never a refusal (§4.3).
pub(crate) fn of(headers: &HeaderMap) -> Option<TraceContext> {
    TraceContext::read(parent_in(headers)?.as_bytes())
}

fn parent_in(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut all = headers.get_all(TRACEPARENT).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { Some(first) }
}

impl Visit {
    /// The trace it belongs to: its client's, or one of its own when spans are exported.
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        let of_client = self.trace.map(|trace| trace.trace_id);
        of_client.or_else(|| self.app.settings.traces.map(|_| TraceId::of(self.cx.request_id)))
    }
}

/// The headers of the trace, for whoever goes on with the request.
#[derive(Debug, Default)]
pub(crate) struct HandedOn {
    parent: Option<HeaderValue>,
    /// As the client sent it, header by header (§3.3: it is handed on unchanged).
    state: Vec<HeaderValue>,
}

impl HandedOn {
    /// Where spans are exported the request's own span is the parent of what follows. Elsewhere
    /// nobody would ever see that span, and the client's header is handed on as it came.
    fn by(visit: &Visit, headers: &HeaderMap) -> Self {
        let parent = match (visit.app.settings.traces, visit.trace) {
            (None, None) => None,
            (None, Some(_)) => parent_in(headers).cloned(),
            (Some(share), trace) => {
                let request = visit.cx.request_id;
                let trace_id = trace.map_or_else(|| TraceId::of(request), |trace| trace.trace_id);
                let is_sampled = trace.map_or(share.holds(trace_id), |trace| trace.is_sampled);
                let own = TraceContext { trace_id, parent_id: SpanId::of(request), is_sampled };
                HeaderValue::from_str(&own.to_string()).ok()
            }
        };
        // Without a valid parent the state means nothing (§3.3).
        let state = if visit.trace.is_some() { state_in(headers) } else { Vec::new() };
        Self { parent, state }
    }

    /// Puts them into an answer.
    pub(crate) fn put(self, headers: &mut HeaderMap) {
        if let Some(parent) = self.parent {
            headers.insert(TRACEPARENT, parent);
        }
        for state in self.state {
            headers.append(TRACESTATE, state);
        }
    }
}

fn state_in(headers: &HeaderMap) -> Vec<HeaderValue> {
    let all: Vec<_> = headers.get_all(TRACESTATE).iter().cloned().collect();
    let bytes: usize = all.iter().map(HeaderValue::len).sum();
    if bytes <= STATE_BYTES_MAX { all } else { Vec::new() }
}

impl<S: Sync> FromRequestParts<S> for HandedOn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let visit = parts.extensions.get::<std::sync::Arc<Visit>>();
        Ok(visit.map(|visit| Self::by(visit, &parts.headers)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).expect("a header's value"));
        }
        headers
    }

    #[test]
    fn a_trace_that_stands_twice_is_as_good_as_none() {
        assert!(of(&headers(TRACEPARENT, &[PARENT])).is_some());
        assert_eq!(of(&headers(TRACEPARENT, &[PARENT, PARENT])), None);
        assert_eq!(of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_state_is_handed_on_in_its_order_or_not_at_all() {
        assert_eq!(state_in(&headers(TRACESTATE, &["a=1,b=2", "c=3"])), ["a=1,b=2", "c=3"]);
        let long = "x=".to_owned() + &"1".repeat(STATE_BYTES_MAX);
        assert!(state_in(&headers(TRACESTATE, &["a=1", &long])).is_empty());
    }
}
