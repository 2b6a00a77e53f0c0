//! THE list of what is measured: each metric's name, unit, kind and meaning.

use serde::Serialize;

/// What a metric's values are, and so how its points merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Values whose distribution is kept: count, sum, extremes and cells for quantiles.
    Histogram,
    /// Something that is counted: the sum in a window, and so the rate.
    Counter,
    /// Something that stands at a value: least, mean, most and last in a window.
    Gauge,
}

/// The unit of a metric's values, as they are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Bytes.
    Bytes,
    /// A share, from 0 to 1.
    Ratio,
    /// Things.
    Count,
}

macro_rules! metrics {
    ($($name:ident = $text:literal, $kind:ident, $unit:ident, $detail:literal, $by:literal, $help:literal;)*) => {
        /// A metric. Its text is its name in the history, the API and, with a prefix, `/metrics`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum Metric { $(#[doc = $help] $name,)* }

        impl Metric {
            /// ALL metrics.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What its values are.
            #[must_use]
            pub const fn kind(self) -> MetricKind {
                match self { $(Self::$name => MetricKind::$kind),* }
            }

            /// Their unit.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit),* }
            }

            /// Whether it is let go first when the history must shrink.
            #[must_use]
            pub const fn is_detail(self) -> bool {
                match self { $(Self::$name => $detail),* }
            }

            /// What its objects are; empty when it has none.
            #[must_use]
            pub const fn by(self) -> &'static str {
                match self { $(Self::$name => $by),* }
            }

            /// What it means.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help),* }
            }
        }
    };
}

metrics! {
    HttpRequestNs = "http_request_ns", Histogram, Ns, false, "method route class", "Wall time of requests.";
    HttpPhaseNs = "http_phase_ns", Histogram, Ns, true, "method route class phase", "Time of requests by phase of the ledger; `unexplained` is the rest.";
    HttpSlowNs = "http_slow_ns", Counter, Ns, false, "method route phase", "Time by phase of slow and failed requests only: where their time went. `wall` is their wall time.";
    Problems = "problems", Counter, Count, false, "code method route", "Answers that were a problem, by their stable code.";
    Connections = "connections", Counter, Count, false, "event", "What became of connections: accepted, refused, reset, timed_out, closed.";
    ConnectionsOpen = "connections_open", Gauge, Count, false, "", "Connections open.";
    QueryNs = "query_ns", Histogram, Ns, false, "query", "Time of named statements.";
    QueryWaitNs = "query_wait_ns", Histogram, Ns, true, "query", "Wait for a reader or the writer before a named statement.";
    QueryRows = "query_rows", Counter, Count, true, "query", "Rows given or changed by named statements.";
    QueryScannedRows = "query_scanned_rows", Counter, Count, true, "query", "Rows visited by full scans of named statements.";
    QueryPages = "query_pages", Counter, Count, true, "query", "Pages asked of the page cache by named statements.";
    QueryFailed = "query_failed", Counter, Count, false, "query", "Named statements that failed.";
    CommandQueueNs = "command_queue_ns", Histogram, Ns, true, "command", "Wait of write commands in the writer's queue.";
    CommandLockNs = "command_lock_ns", Histogram, Ns, true, "command", "Wait of write commands for somebody else's lock.";
    CommandRunNs = "command_run_ns", Histogram, Ns, false, "command", "Time of write commands in their own statements.";
    CommandCommitNs = "command_commit_ns", Histogram, Ns, true, "command", "Time of write commands from their last statement to the durable commit.";
    CommandFailed = "command_failed", Counter, Count, false, "command", "Write commands that failed.";
    PoolUse = "pool_use", Gauge, Ratio, false, "", "Share of the time the readers were at work, weighted by time.";
    PoolSize = "pool_size", Gauge, Count, false, "", "Readers there are.";
    PoolWaiting = "pool_waiting", Gauge, Count, false, "", "Reads that wait for a reader.";
    PoolLongestNs = "pool_longest_ns", Gauge, Ns, false, "", "How long the reader at work longest has been.";
    WriteQueue = "write_queue", Gauge, Count, false, "", "Live commands that wait for the writer.";
    WriterBusyNs = "writer_busy_ns", Gauge, Ns, false, "", "How long the writer has been at what it does.";
    Sessions = "sessions", Gauge, Count, false, "state", "Sessions, active and expired, by kept counts.";
    Users = "users", Gauge, Count, false, "", "Accounts.";
    SessionsCached = "sessions_cached", Gauge, Count, false, "", "Sessions held in memory.";
    HashRunning = "hash_running", Gauge, Count, false, "", "Passwords being hashed.";
    HashWaiting = "hash_waiting", Gauge, Count, false, "", "Passwords waiting to be hashed.";
    HashRefused = "hash_refused", Counter, Count, false, "", "Passwords not hashed because the queue was full.";
    LoginFailures = "login_failures", Counter, Count, false, "", "Sign-ins that failed: wrong password, unknown address, limit reached.";
    Streams = "streams", Gauge, Count, false, "", "Open streams of Server-Sent Events.";
    PostWaiting = "post_waiting", Gauge, Count, false, "channel", "Mails and other messages that wait to leave.";
    PostOldestNs = "post_oldest_ns", Gauge, Ns, false, "channel", "How long the oldest of them has waited.";
    PostSent = "post_sent", Counter, Count, false, "channel", "Messages the other side took over.";
    PostFailures = "post_failures", Counter, Count, false, "channel", "Attempts to deliver a message that failed.";
    ProcessCpuNs = "process_cpu_ns", Counter, Ns, false, "", "Time of this process on the CPU.";
    ProcessRssBytes = "process_rss_bytes", Gauge, Bytes, false, "", "Memory of this process that is in RAM.";
    ProcessFds = "process_fds", Gauge, Count, false, "", "Open files of this process.";
    ProcessThreads = "process_threads", Gauge, Count, false, "", "Threads of this process.";
    RuntimeLagNs = "runtime_lag_ns", Histogram, Ns, false, "", "How late a timer of the runtime fires.";
    DiskFreeBytes = "disk_free_bytes", Gauge, Bytes, false, "", "Free space where the database lies, for this user.";
    DatabaseBytes = "database_bytes", Gauge, Bytes, false, "", "Size of the database.";
    WalBytes = "wal_bytes", Gauge, Bytes, false, "", "Size of its write-ahead log.";
    FreelistBytes = "freelist_bytes", Gauge, Bytes, false, "", "Pages of the database that hold nothing.";
    CheckConnectNs = "check_connect_ns", Histogram, Ns, true, "check", "Connect time of synthetic checks.";
    CheckFirstByteNs = "check_first_byte_ns", Histogram, Ns, true, "check", "Time to the first byte of synthetic checks.";
    CheckTotalNs = "check_total_ns", Histogram, Ns, false, "check", "Whole time of synthetic checks.";
    CheckRuns = "check_runs", Counter, Count, false, "check outcome", "Synthetic checks by outcome: ok, or what went wrong.";
    Ready = "ready", Gauge, Ratio, false, "", "1 when the canary found all resources working, else 0.";
    LogLines = "log_lines", Counter, Count, false, "level", "Lines of the log, dropped ones included.";
    LogDropped = "log_dropped", Counter, Count, false, "", "Lines of the log that were not kept because too many came.";
    OtlpSpans = "otlp_spans", Counter, Count, false, "outcome", "Spans by what became of them: exported, rejected by the collector, dropped because it was away or refused them.";
    OtlpExports = "otlp_exports", Counter, Count, false, "signal outcome", "Exports of traces and metrics by outcome: ok, or what went wrong.";
    MonitorCpuNs = "monitor_cpu_ns", Counter, Ns, false, "", "The monitor's own time on the CPU, the request path excluded.";
    MonitorThrift = "monitor_thrift", Gauge, Count, false, "", "What the monitor does without to stay within its share of the CPU: 0 nothing, 1 detail, 2 lines of the log, 3 samples.";
    MonitorBytes = "monitor_bytes", Gauge, Bytes, false, "", "What the monitor keeps in memory, as it counts itself.";
    HistoryBytes = "history_bytes", Gauge, Bytes, false, "", "Size of the history on disk.";
    HistoryFlushNs = "history_flush_ns", Histogram, Ns, false, "", "Time to write a window into the history.";
}

impl Metric {
    /// The metric of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_name_of_its_own_that_ends_in_its_unit() {
        let mut names = std::collections::HashSet::new();
        for metric in Metric::ALL {
            let text = metric.text();
            assert!(names.insert(text), "{text} stands twice");
            assert_eq!(Metric::named(text), Some(*metric));
            assert_eq!(text.ends_with("_ns"), metric.unit() == Unit::Ns, "{text}");
            assert_eq!(text.ends_with("_bytes"), metric.unit() == Unit::Bytes, "{text}");
        }
    }
}
