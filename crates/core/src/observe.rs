//! What the rooms tell the monitor: one record a request, a statement, a command, a connection.

use crate::{Code, LedgerSnapshot, RequestId, TraceContext, UserId};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestOutcome {
    /// It was answered.
    Answered,
    /// It ran past its deadline and was answered so.
    TimedOut,
    /// The client went away before the answer.
    GivenUp,
    /// Its handler panicked; it was answered with 500.
    Panicked,
}

/// What an answer was to whoever asked: errors of one kind are not those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum RequestClass {
    /// Answered below 400.
    Ok,
    /// Answered from 400 to 499: the client's own error.
    ClientError,
    /// Turned away to protect the server or others: 429, or 503 because a queue was full.
    Refused,
    /// Answered from 500 on, or broken.
    ServerError,
    /// Ran past its deadline.
    TimedOut,
    /// Its client went away before the answer.
    GivenUp,
}

impl RequestClass {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::ClientError,
        Self::Refused,
        Self::ServerError,
        Self::TimedOut,
        Self::GivenUp,
    ];

    /// The class as metrics print it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ClientError => "client_error",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::TimedOut => "timed_out",
            Self::GivenUp => "given_up",
        }
    }

    /// The class of what was answered.
    #[must_use]
    pub fn of(outcome: RequestOutcome, status: u16, code: Option<&str>) -> Self {
        match outcome {
            RequestOutcome::TimedOut => Self::TimedOut,
            RequestOutcome::GivenUp => Self::GivenUp,
            RequestOutcome::Panicked => Self::ServerError,
            RequestOutcome::Answered => match status {
                429 => Self::Refused,
                503 if code == Some(Code::Overloaded.text()) => Self::Refused,
                // The work was begun and its deadline passed in a queue.
                503 if code == Some(Code::DeadlineExceeded.text()) => Self::TimedOut,
                500.. => Self::ServerError,
                400..=499 => Self::ClientError,
                _ => Self::Ok,
            },
        }
    }

    /// Whether an operator counts it as an error of the server: 5xx and timeouts (S23).
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::ServerError | Self::TimedOut)
    }
}

/// One finished request.
#[derive(Clone, Debug)]
pub struct RequestRecord {
    /// The name of the request.
    pub request_id: RequestId,
    /// The trace it belongs to, if its client said so.
    pub trace: Option<TraceContext>,
    /// Whose request it was, when somebody was signed in.
    pub user_id: Option<UserId>,
    /// The matched route pattern (`/api/me/sessions/{id}`), never the raw path; `""` if none matched.
    pub route: &'static str,
    /// The method, upper case; `"OTHER"` for an unknown one.
    pub method: &'static str,
    /// The status answered; 0 when nothing was.
    pub status: u16,
    /// The stable problem code, when the answer was a problem.
    pub code: Option<&'static str>,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// Where its time went.
    pub ledger: LedgerSnapshot,
}

/// One run of one named statement.
#[derive(Clone, Copy, Debug)]
pub struct StatementRecord {
    /// The query's name, `noun.verb`.
    pub name: &'static str,
    /// Time its caller waited for a reader or the writer before it, in nanoseconds; 0 for every
    /// statement of a caller but the first.
    pub wait_ns: u64,
    /// Time in the statement, in nanoseconds.
    pub run_ns: u64,
    /// Rows given or changed.
    pub rows: u64,
    /// Rows visited by full scans (SQLite's `FULLSCAN_STEP`); 0 where the engine does not say.
    pub scanned_rows: u64,
    /// Pages asked of the page cache, found there or not; 0 where the engine does not say.
    pub pages: u64,
    /// Whether it failed.
    pub failed: bool,
}

/// One run of one named write command.
#[derive(Clone, Copy, Debug)]
pub struct CommandRecord {
    /// The command's name, `room.verb`.
    pub name: &'static str,
    /// Time in the writer's queue, in nanoseconds.
    pub queue_ns: u64,
    /// Time waiting for somebody else's lock, in nanoseconds.
    pub lock_ns: u64,
    /// Time in its own statements, in nanoseconds.
    pub run_ns: u64,
    /// Time from its last statement to the durable commit, in nanoseconds.
    pub commit_ns: u64,
    /// How many commands shared the commit.
    pub batch: u32,
    /// Whether it failed or its commit did.
    pub failed: bool,
}

/// Something that happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionEvent {
    /// It was accepted and is served.
    Accepted,
    /// It was closed at once, because a cap was reached.
    Refused,
    /// The peer reset it.
    Reset,
    /// It was closed because it was silent or slow for too long.
    TimedOut,
    /// It ended in the ordinary way.
    Closed,
}

/// Who listens to the records. Implementations are called on hot paths: they must not block,
/// allocate without bound or fail.
pub trait Observer: Send + Sync {
    /// A request ended.
    fn request(&self, record: &RequestRecord);
    /// A statement ran.
    fn statement(&self, record: &StatementRecord);
    /// A write command ran.
    fn command(&self, record: &CommandRecord);
    /// Something happened to a connection.
    fn connection(&self, event: ConnectionEvent);
}
