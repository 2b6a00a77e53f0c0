//! The trace that an outgoing request begins (W3C Trace Context level 1, §3.2).

use galen_core::Entropy;
use galen_doctor::http::{HeaderName, HeaderValue};

/// A fresh trace: its name, 32 hexadecimal digits, and the header that carries it.
pub fn traced(entropy: &dyn Entropy) -> (String, (HeaderName, HeaderValue)) {
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    entropy.fill(&mut trace);
    entropy.fill(&mut span);
    // All zeros is no name (§3.2.2.3, §3.2.2.4).
    let trace = format!("{:032x}", u128::from_be_bytes(trace).max(1));
    let text = format!("00-{trace}-{:016x}-01", u64::from_be_bytes(span).max(1));
    let value = HeaderValue::from_str(&text);
    // Hexadecimal digits and dashes always are a header's value.
    let value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
    (trace, (HeaderName::from_static("traceparent"), value))
}
