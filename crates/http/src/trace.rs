//! W3C Trace Context: the one header that says which trace a request belongs to.

use std::fmt;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The length of version 00: `00-` 32 `-` 16 `-` 2 (Trace Context level 1, §3.2.2).
const LENGTH: usize = 55;

/// The trace a request belongs to, as its client said (W3C Trace Context level 1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// The trace; never all zero.
    pub(crate) trace_id: TraceId,
    /// The span of the client that asked; never all zero.
    pub(crate) parent_id: SpanId,
}

/// The name of a span. It is written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanId([u8; 8]);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// The name of a trace. It is written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId([u8; 16]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl TraceContext {
    /// The request's trace. A header that is not valid, or stands twice, is as good as none: the
    /// specification wants a fresh trace then, never a refusal (§4.3).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let first = headers.get(TRACEPARENT)?;
        let mut all = headers.get_all(TRACEPARENT).iter();
        if all.nth(1).is_some() { None } else { Self::read(first) }
    }

    fn read(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let (known, rest) = bytes.split_at_checked(LENGTH)?;
        let [version] = hex(&known[..2])?;
        // 255 is forbidden. Version 00 ends here; of a later one the same beginning is read, when
        // what follows is set off by a dash (§3.2.2, §4.3).
        let is_whole = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let has_dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
        if !is_whole || !has_dashes {
            return None;
        }
        let trace_id = hex(&known[3..35])?;
        let parent_id = hex(&known[36..52])?;
        // Whether the client records the trace changes nothing here; that it says so is owed.
        let [_flags] = hex(&known[53..])?;
        let is_named = trace_id != [0; 16] && parent_id != [0; 8];
        let (trace_id, parent_id) = (TraceId(trace_id), SpanId(parent_id));
        is_named.then_some(Self { trace_id, parent_id })
    }
}

/// Lower-case hexadecimal digits as bytes; anything else is none.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(values: &[&str]) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).expect("a value"));
        }
        TraceContext::of(&headers)
    }

    #[test]
    fn a_valid_header_names_the_trace_and_the_span_that_asked() {
        for (version, flags, rest) in [
            ("00", "01", ""),
            ("00", "00", ""),
            ("00", "ff", ""),
            ("00", "02", ""),
            ("01", "01", ""),
            ("cc", "01", "-what-the-future-will-be-like"),
            ("fe", "00", "-"),
        ] {
            let text = format!("{version}-{TRACE}-{SPAN}-{flags}{rest}");
            let context = read(&[&text]).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(context.trace_id.to_string(), TRACE, "{text}");
            assert_eq!(context.parent_id.to_string(), SPAN, "{text}");
        }
        let small = format!("00-{}1-{SPAN}-00", "0".repeat(31));
        let zeros = read(&[&small]).map(|context| context.trace_id.to_string());
        assert_eq!(zeros, Some(format!("{}1", "0".repeat(31))), "leading zeros are kept");
    }

    #[test]
    fn a_header_that_is_not_valid_is_as_good_as_none() {
        let zeros = ("0".repeat(32), "0".repeat(16));
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00-{TRACE}-{SPAN}-011"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("0A-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-0A"),
            format!("00-{}-{SPAN}-01", zeros.0),
            format!("00-{TRACE}-{}-01", zeros.1),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{TRACE}-{SPAN}-zz"),
            format!("00-{}g-{SPAN}-01", &TRACE[1..]),
            format!(" 0-{TRACE}-{SPAN}-01"),
        ] {
            assert_eq!(read(&[&text]), None, "{text}");
        }
        let good = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(read(&[&good, &good]), None, "twice");
        assert_eq!(read(&[]), None);
    }
}
