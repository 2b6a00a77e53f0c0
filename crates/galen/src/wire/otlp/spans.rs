//! A request as a span, by the semantic conventions for HTTP servers.
//!
//! The ledger's phases are sums over the whole request and no stretches of it, so they are attributes:
//! child spans would need beginnings that nobody measured. The raw path, the client's address and
//! the user are left out: a path can hold identifiers, and the others are nobody's affair outside;
//! `galen.request_id` leads to the line in the log.

use galen_core::{RequestClass, RequestOutcome, RequestRecord, SpanId, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::queue::Ended;
use super::words::{SCHEMA_URL, attribute, scope, text};

/// The flags of a span: sampled, and that it is known whether the parent is elsewhere, and that it is
/// (`SpanFlags` of trace.proto).
const SAMPLED: u32 = 1;
const PARENT_IS_KNOWN: u32 = 0x100;
const PARENT_IS_REMOTE: u32 = 0x200;

/// What all spans of a batch share.
pub struct Frame<'a> {
    /// Who we are.
    pub resource: &'a Resource,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    /// When the monotonic clock was at nothing, in nanoseconds since 1970.
    pub origin_ns: u64,
}

/// The message that exports these requests.
pub fn message(batch: &[Ended], frame: &Frame<'_>) -> Vec<u8> {
    let spans = ScopeSpans {
        scope: Some(scope()),
        spans: batch.iter().map(|ended| span(ended, frame)).collect(),
        schema_url: SCHEMA_URL.to_owned(),
    };
    let resource = ResourceSpans {
        resource: Some(frame.resource.clone()),
        scope_spans: vec![spans],
        schema_url: SCHEMA_URL.to_owned(),
    };
    ExportTraceServiceRequest { resource_spans: vec![resource] }.encode_to_vec()
}

/// How many spans the collector did not want, by its answer. One that cannot be read says nothing.
pub fn rejected(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).ok();
    let rejected = answer.and_then(|answer| answer.partial_success).map(|part| part.rejected_spans);
    rejected.map_or(0, |n| u64::try_from(n).unwrap_or(0))
}

fn span(ended: &Ended, frame: &Frame<'_>) -> Span {
    let record = &ended.record;
    let trace_id = record.trace.map_or(TraceId::of(record.request_id), |trace| trace.trace_id);
    let end_ns = frame.origin_ns.saturating_add(ended.at_ns);
    let remote = if record.trace.is_some() { PARENT_IS_REMOTE } else { 0 };
    // A slow or failed request is exported whatever its trace's lot was, and says so.
    Span {
        trace_id: trace_id.as_bytes().to_vec(),
        span_id: SpanId::of(record.request_id).as_bytes().to_vec(),
        parent_span_id: record
            .trace
            .map(|trace| trace.parent_id.as_bytes().to_vec())
            .unwrap_or_default(),
        flags: SAMPLED | PARENT_IS_KNOWN | remote,
        name: name(record),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: end_ns.saturating_sub(record.ledger.wall_ns),
        end_time_unix_nano: end_ns,
        attributes: attributes(record, frame.scheme),
        status: Some(status(record)),
        ..Span::default()
    }
}

/// `GET /api/me`; the method alone where no route matched.
fn name(record: &RequestRecord) -> String {
    // The conventions' word for a method that is not told.
    let method = if record.method == OTHER { "HTTP" } else { record.method };
    if record.route.is_empty() { method.to_owned() } else { format!("{method} {}", record.route) }
}

const OTHER: &str = "OTHER";

fn attributes(record: &RequestRecord, scheme: &'static str) -> Vec<KeyValue> {
    let method = if record.method == OTHER { "_OTHER" } else { record.method };
    let mut all = vec![
        text("http.request.method", method),
        text("url.scheme", scheme),
        text("galen.request_id", record.request_id.to_string()),
    ];
    if !record.route.is_empty() {
        all.push(text("http.route", record.route));
    }
    if record.status > 0 {
        all.push(attribute("http.response.status_code", Value::IntValue(record.status.into())));
    }
    if let Some(code) = record.code {
        all.push(text("galen.code", code));
    }
    if record.outcome != RequestOutcome::Answered {
        all.push(text("galen.outcome", class(record).text()));
    }
    all.extend(error_type(record).map(|kind| text("error.type", kind)));
    let ms = |ns: u64| Value::DoubleValue(galen_ms(ns));
    let phases = record.ledger.spent();
    all.extend(
        phases.map(|(phase, ns)| attribute(format!("galen.phase.{}_ms", phase.name()), ms(ns))),
    );
    all.push(attribute("galen.unexplained_ms", ms(record.ledger.unexplained_ns())));
    all
}

#[expect(clippy::cast_precision_loss, reason = "a part in 2^53 of a time does not matter")]
fn galen_ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn class(record: &RequestRecord) -> RequestClass {
    RequestClass::of(record.outcome, record.status, record.code)
}

/// What kind of error it was: the stable problem code, or the status. Only of what the server is to
/// blame for: a client's own error is none of a server's span.
fn error_type(record: &RequestRecord) -> Option<String> {
    is_error(record).then(|| match record.code {
        Some(code) => code.to_owned(),
        None if record.outcome == RequestOutcome::Panicked => "panic".to_owned(),
        None => record.status.to_string(),
    })
}

/// Whether the server failed. A refusal to protect others is answered with 503, and that is an error
/// by the conventions, which go by the status.
fn is_error(record: &RequestRecord) -> bool {
    class(record).is_failure() || record.status >= 500
}

fn status(record: &RequestRecord) -> Status {
    let code = if is_error(record) { StatusCode::Error } else { StatusCode::Unset };
    Status { message: String::new(), code: code.into() }
}

#[cfg(test)]
mod tests {
    use galen_core::{Ledger, Phase, RequestId, TraceContext};

    use super::*;
    use crate::wire::otlp::words::resource;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn record(status: u16, code: Option<&'static str>) -> RequestRecord {
        let ledger = Ledger::new();
        ledger.add(Phase::Query, 1_500_000);
        RequestRecord {
            request_id: RequestId::from_bytes([7; 16]),
            trace: TraceContext::read(PARENT.as_bytes()),
            user_id: None,
            route: "/api/me",
            method: "GET",
            status,
            code,
            outcome: RequestOutcome::Answered,
            ledger: ledger.snapshot(2_000_000),
        }
    }

    fn span_of(record: RequestRecord) -> Span {
        let resource = resource("one");
        let frame = Frame { resource: &resource, scheme: "https", origin_ns: 5_000_000_000 };
        span(&Ended { record, at_ns: 3_000_000 }, &frame)
    }

    fn value(span: &Span, key: &str) -> Option<Value> {
        let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
        found.value.clone()?.value
    }

    #[test]
    fn a_span_has_its_client_s_trace_its_own_times_and_the_phases_as_sums() {
        let span = span_of(record(200, None));
        assert_eq!(span.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
        assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        assert_eq!((span.span_id.as_slice(), span.flags), (&[7; 8][..], 0x301));
        assert_eq!(span.start_time_unix_nano, 5_001_000_000);
        assert_eq!(span.end_time_unix_nano, 5_003_000_000);
        assert_eq!((span.name.as_str(), span.kind), ("GET /api/me", 2));
        assert_eq!(value(&span, "galen.phase.query_ms"), Some(Value::DoubleValue(1.5)));
        assert_eq!(value(&span, "galen.unexplained_ms"), Some(Value::DoubleValue(0.5)));
        assert_eq!(value(&span, "galen.phase.hash_ms"), None);
        assert_eq!(value(&span, "error.type"), None);
        let fresh = span_of(RequestRecord { trace: None, ..record(200, None) });
        assert_eq!((fresh.trace_id, fresh.flags), (vec![7; 16], 0x101));
        assert!(fresh.parent_span_id.is_empty());
    }

    #[test]
    fn only_what_the_server_is_to_blame_for_is_an_error() {
        let text = |text: &str| Some(Value::StringValue(text.to_owned()));
        for (status, code, kind) in [
            (200, None, None),
            (401, Some("auth.not_signed_in"), None),
            (429, Some("limit.reached"), None),
            (500, None, Some("500")),
            (503, Some("server.overloaded"), Some("server.overloaded")),
        ] {
            let span = span_of(record(status, code));
            assert_eq!(value(&span, "error.type"), kind.and_then(text), "{status}");
            let is_error = span.status.as_ref().is_some_and(|s| s.code == 2);
            assert_eq!(is_error, kind.is_some(), "{status}");
        }
        let gone = RequestRecord { outcome: RequestOutcome::GivenUp, ..record(0, None) };
        let span = span_of(gone);
        assert_eq!(value(&span, "galen.outcome"), text("given_up"));
        assert_eq!(
            (value(&span, "error.type"), value(&span, "http.response.status_code")),
            (None, None)
        );
    }

    #[test]
    fn a_method_or_route_that_is_not_known_is_called_so() {
        let odd = RequestRecord { method: OTHER, route: "", ..record(405, None) };
        let span = span_of(odd);
        assert_eq!(span.name, "HTTP");
        assert_eq!(
            value(&span, "http.request.method"),
            Some(Value::StringValue("_OTHER".to_owned()))
        );
        assert_eq!(value(&span, "http.route"), None);
    }

    #[test]
    fn what_a_collector_rejects_is_read_and_a_strange_answer_says_nothing() {
        assert_eq!(rejected(&[]), 0);
        // partial_success { rejected_spans: 3 }
        assert_eq!(rejected(&[0x0a, 0x02, 0x08, 0x03]), 3);
        assert_eq!(rejected(b"<html>"), 0);
    }
}
