//! The trace that an outgoing request begins.

use galen_core::{Entropy, TraceContext};
use galen_doctor::http::{HeaderName, HeaderValue};

/// A fresh trace: its name, 32 hexadecimal digits, and the header that carries it.
pub fn traced(entropy: &dyn Entropy) -> (String, (HeaderName, HeaderValue)) {
    let context = TraceContext::fresh(entropy);
    let value = HeaderValue::from_str(&context.to_string());
    // Hexadecimal digits and dashes always are a header's value.
    let value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
    (context.trace_id.to_string(), (HeaderName::from_static("traceparent"), value))
}
