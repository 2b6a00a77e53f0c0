//! Export to an OpenTelemetry collector (OTLP over HTTP, protobuf): requests as spans, all metrics.
//!
//! On the request path an ended request is offered to a bounded queue, and nothing else. Two loops
//! empty it and tell the metrics; a collector that is away costs what the queue cannot hold, counted.

mod courier;
mod metrics;
mod queue;
mod spans;
mod words;

use std::sync::Arc;
use std::time::Duration;

use galen_core::{
    Clock, CommandRecord, ConnectionEvent, Observer, RequestClass, RequestId, RequestRecord,
    StatementRecord, TraceId, TraceShare,
};
use galen_doctor::http::{Client, HeaderName, HeaderValue, Trust, Url};
use galen_monitor::{Metric, Monitor};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::time::{MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use self::courier::{Courier, Sent};
use self::queue::{BATCH, Ended, Queue};
use super::clock::unix_ns;
use super::meter::Meter;
use super::pulse::Pulse;
use super::rooms::Rooms;
use super::settings;
use crate::config::{Config, headers};
use crate::failure::{Exit, Failure};

/// What we say we are.
const AGENT: &str = concat!("Galen/", env!("CARGO_PKG_VERSION"), " (otlp)");
/// How long a stop waits for what is still to be exported.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);
/// How long after a failure it is tried again: at first, and at the most.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// How often it is told how many were lost.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The export.
pub struct Otlp {
    queue: Queue,
    traces: Courier,
    metrics: Courier,
    /// Which traces that begin here are exported.
    share: TraceShare,
    /// From which wall time on a request is exported whatever its trace's lot, in nanoseconds.
    slow_ns: u64,
    scheme: &'static str,
    every: Duration,
    resource: Resource,
    /// When this process began, in nanoseconds since 1970.
    began_ns: u64,
    monitor: Arc<Monitor>,
    clock: Arc<dyn Clock>,
    meter: Meter,
}

impl Otlp {
    /// The export that the configuration wants, if it wants one. For an `https` collector the
    /// machine's trusted certificates are read, which blocks shortly.
    ///
    /// # Errors
    /// When the collector's address or the file with its headers cannot be read.
    pub fn open(
        config: &Config,
        rooms: &Rooms,
        meter: &Meter,
    ) -> Result<Option<Arc<Self>>, Failure> {
        let monitor = &config.monitor;
        let Some(collector) = &monitor.otlp_endpoint else { return Ok(None) };
        let is_secure = collector.as_str().starts_with("https:");
        let trust = if is_secure { Trust::Machine } else { Trust::Nobody };
        let client = Arc::new(Client::new(AGENT, trust));
        let kind = HeaderValue::from_static("application/x-protobuf");
        let mut headers = vec![(HeaderName::from_static("content-type"), kind)];
        if let Some(file) = &monitor.otlp_headers_file {
            headers.extend(headers::read(file).map_err(|says| wrong("otlp_headers_file", &says))?);
        }
        let courier = |signal: &'static str| -> Result<Courier, Failure> {
            Ok(Courier {
                client: Arc::clone(&client),
                monitor: Arc::clone(&rooms.monitor),
                signal,
                url: place(collector.as_str(), signal)?,
                headers: headers.clone(),
                pulse: Pulse::default(),
            })
        };
        let is_https = config.server.public_url.as_ref().is_some_and(|url| url.0.is_https());
        let instance = RequestId::mint(&*rooms.clock, &*rooms.entropy).to_string();
        Ok(Some(Arc::new(Self {
            queue: Queue::default(),
            traces: courier("traces")?,
            metrics: courier("metrics")?,
            share: settings::traces(config),
            slow_ns: monitor.slow.as_ms().saturating_mul(1_000_000),
            scheme: if is_https { "https" } else { "http" },
            every: monitor.otlp_every.as_duration(),
            resource: words::resource(&instance),
            began_ns: unix_ns(),
            monitor: Arc::clone(&rooms.monitor),
            clock: Arc::clone(&rooms.clock),
            meter: meter.clone(),
        })))
    }

    /// Listens on the way to `to`.
    pub fn before(self: &Arc<Self>, to: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Listener { otlp: Arc::clone(self), to })
    }

    /// Whether a request is exported. A client that began the trace decides for all of it; of those
    /// that begin here it is a share, and every slow and failed one.
    fn wants(&self, record: &RequestRecord) -> bool {
        if let Some(trace) = record.trace {
            return trace.is_sampled;
        }
        record.ledger.wall_ns >= self.slow_ns
            || RequestClass::of(record.outcome, record.status, record.code).is_failure()
            || self.share.holds(TraceId::of(record.request_id))
    }

    /// Exports until `stop` is cancelled, and then what is left, for a few seconds at the most.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = async { tokio::join!(self.export_spans(&stop), self.export_metrics(&stop)) };
        let too_late = async {
            stop.cancelled().await;
            sleep(FLUSH_WITHIN).await;
        };
        let telling = async {
            loop {
                sleep(TELL_EVERY).await;
                self.count("dropped", self.queue.take_lost());
            }
        };
        tokio::select! {
            _ = self.meter.measure(work) => {}
            () = too_late => tracing::warn!("the collector is too slow: what was left to export is lost"),
            () = telling => {}
        }
        self.count("dropped", self.queue.take_lost());
    }

    fn count(&self, outcome: &'static str, n: u64) {
        if n > 0 {
            self.monitor.add(Metric::OtlpSpans, outcome, n);
        }
    }

    async fn export_spans(&self, stop: &CancellationToken) {
        loop {
            let is_last = stop.run_until_cancelled(self.queue.wait()).await.is_none();
            loop {
                let batch = self.queue.take();
                let is_full = batch.len() == BATCH;
                if !batch.is_empty() {
                    self.deliver(&batch, stop).await;
                }
                if !is_full {
                    break;
                }
            }
            if is_last {
                return;
            }
        }
    }

    /// Sends a batch until it is taken or refused. While the server stops, each is tried once more.
    async fn deliver(&self, batch: &[Ended], stop: &CancellationToken) {
        let origin_ns = unix_ns().saturating_sub(self.clock.monotonic_ns());
        let frame = spans::Frame { resource: &self.resource, scheme: self.scheme, origin_ns };
        let message = spans::message(batch, &frame);
        let all = batch.len() as u64;
        let [mut pause, longest] = PAUSES;
        loop {
            match self.traces.send(message.clone()).await {
                Sent::Taken(answer) => {
                    let rejected = spans::rejected(&answer.body).min(all);
                    self.count("exported", all - rejected);
                    self.count("rejected", rejected);
                    return;
                }
                Sent::Later(after) if !stop.is_cancelled() => {
                    let pausing = sleep(after.unwrap_or(pause).clamp(PAUSES[0], longest));
                    let _or_stopped = stop.run_until_cancelled(pausing).await;
                    pause = (pause * 2).min(longest);
                }
                Sent::Later(_) | Sent::Refused => return self.count("dropped", all),
            }
        }
    }

    /// Tells all metrics at every turn, and once more at the end. What was not taken is in the next
    /// message: they are sums since the start.
    async fn export_metrics(&self, stop: &CancellationToken) {
        let first = tokio::time::Instant::now() + self.every;
        let mut turns = interval_at(first, self.every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_last = stop.run_until_cancelled(turns.tick()).await.is_none();
            let span = metrics::Span { from_ns: self.began_ns, until_ns: unix_ns() };
            let message = metrics::message(self.monitor.families(), span, &self.resource);
            self.metrics.send(message).await;
            if is_last {
                return;
            }
        }
    }
}

/// Where a signal goes: its path is added to the collector's address (OTLP 1.10, "OTLP/HTTP Request").
fn place(collector: &str, signal: &str) -> Result<Url, Failure> {
    let url = Url::parse(&format!("{}/v1/{signal}", collector.trim_end_matches('/')));
    url.map_err(|error| wrong("otlp_endpoint", &error.to_string()))
}

fn wrong(key: &str, says: &str) -> Failure {
    Failure::new(format!("`monitor.{key}`: {says}")).exit(Exit::Config)
}

/// Hands every record on, and offers requests to the export.
struct Listener {
    otlp: Arc<Otlp>,
    to: Arc<dyn Observer>,
}

impl Observer for Listener {
    fn request(&self, record: &RequestRecord) {
        if self.otlp.wants(record) {
            let at_ns = self.otlp.clock.monotonic_ns();
            self.otlp.queue.offer(Ended { record: record.clone(), at_ns });
        }
        self.to.request(record);
    }

    fn statement(&self, record: &StatementRecord) {
        self.to.statement(record);
    }

    fn command(&self, record: &CommandRecord) {
        self.to.command(record);
    }

    fn connection(&self, event: ConnectionEvent) {
        self.to.connection(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_its_place_below_the_collector() {
        for (collector, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://example.org/otlp/", "https://example.org/otlp/v1/traces"),
        ] {
            assert_eq!(
                place(collector, "traces").map(|url| url.to_string()).as_deref(),
                Ok(traces)
            );
        }
        assert!(place("http://exa mple.org", "traces").is_err());
    }
}
