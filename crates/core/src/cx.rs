//! The context every call of a request or a task carries: its name, its ledger, its deadline.

use std::net::IpAddr;

use crate::post::Language;
use crate::{Clock, Ledger, RequestId};

/// How urgent the work is: live work is served before background work, which yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for the answer.
    Live,
    /// Nobody waits: sweeps, maintenance, canaries.
    Background,
}

/// A moment on the monotonic clock after which an answer is of no use, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub u64);

/// The context of one request or one run of a task. Passed by reference, never kept.
#[derive(Debug)]
pub struct Cx {
    /// The name of the request.
    pub request_id: RequestId,
    /// Where its time went.
    pub ledger: Ledger,
    /// When it stops being worth answering.
    pub deadline: Deadline,
    /// Whether somebody waits.
    pub urgency: Urgency,
    /// The client's address, after trusted proxies were taken into account.
    pub address: Option<IpAddr>,
    /// In which language its sender reads: that of the letters it owes.
    pub language: Language,
}

impl Cx {
    /// A context for live work that gives up `timeout_ns` nanoseconds from now.
    #[must_use]
    pub fn live(request_id: RequestId, clock: &dyn Clock, timeout_ns: u64) -> Self {
        Self::new(request_id, clock, timeout_ns, Urgency::Live)
    }

    /// A context for background work that gives up `timeout_ns` nanoseconds from now.
    #[must_use]
    pub fn background(request_id: RequestId, clock: &dyn Clock, timeout_ns: u64) -> Self {
        Self::new(request_id, clock, timeout_ns, Urgency::Background)
    }

    fn new(request_id: RequestId, clock: &dyn Clock, timeout_ns: u64, urgency: Urgency) -> Self {
        let deadline = Deadline(clock.monotonic_ns().saturating_add(timeout_ns));
        Self {
            request_id,
            ledger: Ledger::new(),
            deadline,
            urgency,
            address: None,
            language: Language::default(),
        }
    }
}
