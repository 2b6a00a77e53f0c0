//! The monitor: it listens to what the rooms record and keeps it small enough to be asked at any time.
//!
//! Records go to atomics; every ten seconds a tick makes a window of them, judges the rules on the
//! last windows, and writes both into the history. Asking reads the history, never the hot path.

mod alert;
mod ask;
mod cause;
mod causes;
mod cells;
mod exposition;
mod figures;
mod gauges;
mod histogram;
mod judge;
mod logs;
mod metric;
mod monitor;
mod names;
mod outbox;
mod outward;
mod point;
mod preview;
mod problems;
mod recorder;
mod rollup;
mod routes;
mod rules;
mod series;
mod sketches;
mod slowest;
#[cfg(test)]
mod tests;
mod thrift;
mod tick;
mod windows;

pub use alert::{
    Alert, AlertState, Delivery, RuleHealth, RulePreview, RuleView, Severity, Symptom, Telling,
};
pub use ask::{
    ErrorGroup, ErrorSample, LogPage, RouteCause, Series, SeriesAsk, Step, TopAsk, TopBy, TopRow,
};
pub use cells::{CommandStats, ConnectionCounts, StatementStats};
pub use histogram::Quantiles;
pub use metric::{Metric, MetricKind, Unit};
pub use monitor::{Monitor, MonitorParts, MonitorSettings, Orders, Situation, TickReport};
pub use outward::{MetricFamily, MetricSeries, MetricValue};
pub use recorder::Recorder;
pub use routes::RouteStats;
pub use rules::reference as rules_reference;
pub use slowest::SlowRequest;
pub use thrift::{Thrift, ThriftChange};
