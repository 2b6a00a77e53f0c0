//! Traces across programs: their names, and the header that hands them on (W3C Trace Context level 1).

use std::fmt;
use std::str::FromStr;

use crate::{Entropy, RequestId};

/// The length of a `traceparent` of version 00: `00-` 32 `-` 16 `-` 2 (§3.2.2).
const LENGTH: usize = 55;
/// The flag that says that the caller may have recorded the trace (§3.2.2.5.1).
const SAMPLED: u8 = 1;
/// How many of a trace's last bits are random, and so decide whether it is recorded (level 2, §3.3).
const RANDOM_BITS: u32 = 56;

/// The name of a trace, never all zero. It is written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// The trace that a request begins: it is called as the request is, so that each leads to the
    /// other. The last bytes of a request's name are random, as a trace's are to be.
    #[must_use]
    pub const fn of(request: RequestId) -> Self {
        Self(*request.as_bytes())
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The text is not the name of a trace: 32 lower-case hexadecimal digits, not all of them zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a trace: 32 lower-case hexadecimal digits are expected")]
pub struct TraceIdError;

impl FromStr for TraceId {
    type Err = TraceIdError;

    fn from_str(text: &str) -> Result<Self, TraceIdError> {
        let name = hex(text.as_bytes()).filter(|name| *name != [0; 16]);
        name.map(Self).ok_or(TraceIdError)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The name of a span, never all zero. It is written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

impl SpanId {
    /// The span of a request: the random half of the request's name.
    #[must_use]
    pub fn of(request: RequestId) -> Self {
        let mut half = [0; 8];
        half.copy_from_slice(&request.as_bytes()[8..]);
        Self(half)
    }

    /// The eight bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// Where in which trace a request was asked for: what `traceparent` says. Printed as that header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span that asks.
    pub parent_id: SpanId,
    /// Whether the one that asks may have recorded it.
    pub is_sampled: bool,
}

impl TraceContext {
    /// A trace that begins here.
    #[must_use]
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        entropy.fill(&mut trace);
        entropy.fill(&mut span);
        // All zeros is no name (§3.2.2.3, §3.2.2.4).
        let trace_id = TraceId(u128::from_be_bytes(trace).max(1).to_be_bytes());
        let parent_id = SpanId(u64::from_be_bytes(span).max(1).to_be_bytes());
        Self { trace_id, parent_id, is_sampled: true }
    }

    /// Reads a header's value; nothing when it is not valid, which the specification wants treated
    /// as none at all (§4.3).
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
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
        let [flags] = hex(&known[53..])?;
        let is_named = trace_id != [0; 16] && parent_id != [0; 8];
        let (trace_id, parent_id) = (TraceId(trace_id), SpanId(parent_id));
        let is_sampled = flags & SAMPLED != 0;
        is_named.then_some(Self { trace_id, parent_id, is_sampled })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", self.trace_id, self.parent_id)
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

/// How many of the traces that begin here are recorded. Whoever decides by the same share decides
/// alike, because the trace's own name decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceShare {
    /// Traces whose random bits, as a number, are below it are recorded.
    below: u64,
}

impl TraceShare {
    /// A share from 0, none, to 1, all.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 0 to 2^56, which floats hold"
    )]
    pub fn of(share: f64) -> Self {
        Self { below: (share.clamp(0.0, 1.0) * (1_u64 << RANDOM_BITS) as f64) as u64 }
    }

    /// Whether this trace is recorded.
    #[must_use]
    pub fn holds(self, trace: TraceId) -> bool {
        let random = u128::from_be_bytes(trace.0) as u64 & ((1 << RANDOM_BITS) - 1);
        random < self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_valid_header_names_the_trace_and_the_span_that_asked() {
        for (version, flags, rest, is_sampled) in [
            ("00", "01", "", true),
            ("00", "00", "", false),
            ("00", "ff", "", true),
            ("00", "02", "", false),
            ("01", "01", "", true),
            ("cc", "01", "-what-the-future-will-be-like", true),
            ("fe", "00", "-", false),
        ] {
            let text = format!("{version}-{TRACE}-{SPAN}-{flags}{rest}");
            let context = TraceContext::read(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(context.trace_id.to_string(), TRACE, "{text}");
            assert_eq!(context.parent_id.to_string(), SPAN, "{text}");
            assert_eq!(context.is_sampled, is_sampled, "{text}");
        }
        let small = format!("00-{}1-{SPAN}-00", "0".repeat(31));
        let zeros = TraceContext::read(small.as_bytes()).map(|context| context.to_string());
        assert_eq!(zeros, Some(small), "leading zeros are kept");
        assert_eq!(TRACE.parse::<TraceId>().map(|id| id.to_string()).as_deref(), Ok(TRACE));
        for wrong in ["", "0", &TRACE[1..], &TRACE.to_uppercase(), &"0".repeat(32)] {
            assert_eq!(wrong.parse::<TraceId>(), Err(TraceIdError), "{wrong}");
        }
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
            assert_eq!(TraceContext::read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_fresh_trace_is_read_back_as_it_was_and_never_nameless() {
        struct Zeros;
        impl Entropy for Zeros {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        let fresh = TraceContext::fresh(&Zeros);
        assert_eq!(TraceContext::read(fresh.to_string().as_bytes()), Some(fresh));
    }

    #[test]
    fn a_share_records_that_share_of_traces_and_the_same_ones_each_time() {
        let trace = |n: u64| {
            let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            TraceId((u128::from(u64::MAX) << 64 | u128::from(random)).to_be_bytes())
        };
        let held = |share: f64| {
            let share = TraceShare::of(share);
            (0..10_000).filter(|n| share.holds(trace(*n))).count()
        };
        assert_eq!((held(0.0), held(1.0)), (0, 10_000));
        assert!(held(0.25).abs_diff(2_500) < 100, "{}", held(0.25));
        let quarter = (0..10_000).filter(|n| TraceShare::of(0.25).holds(trace(*n)));
        assert!(quarter.into_iter().all(|n| TraceShare::of(0.5).holds(trace(n))));
    }
}
