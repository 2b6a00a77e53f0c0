//! The monitor put together: what it listens to, what it remembers, what it judges, what it answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_core::model::{RuleChange, Silence};
use galen_core::{
    AlertId, Annotation, Clock, Code, Entropy, Health, History, HistoryFacts, LogAsk, LogLine,
    Observer, Refusal, Tier, UnixMs,
};

use crate::alert::{Alert, Delivery, RulePreview, RuleView};
use crate::ask::{ErrorGroup, LogPage, RouteCause, Series, SeriesAsk, TopAsk, TopRow};
use crate::judge::{Judge, alert_of};
use crate::logs::Logs;
use crate::metric::Metric;
use crate::outbox::Outbox;
use crate::point::Point;
use crate::preview::preview;
use crate::recorder::{Nobody, Recorder};
use crate::rollup::Due;
use crate::series::{Fresh, Memory, Plan};
use crate::sketches::Sketches;
use crate::thrift::{CpuBudget, Thrift, ThriftChange};
use crate::windows::Ring;
use crate::{causes, exposition, outward};

/// How many lines a page of the log has at the most.
const LOG_LINES_MAX: u32 = 1_000;
/// How many alerts of the past are given at once.
const PAST_ALERTS_MAX: u32 = 200;

/// What the monitor is made of.
pub struct MonitorParts {
    /// Its memory on disk.
    pub history: Arc<dyn History>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness, for names.
    pub entropy: Arc<dyn Entropy>,
    /// What the installation decided.
    pub settings: MonitorSettings,
}

/// What an installation may decide about its monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorSettings {
    /// Whether requests, statements and commands are recorded at all.
    pub enabled: bool,
    /// From which wall time on a request is slow, in nanoseconds: its ledger is kept apart, to name
    /// the cause.
    pub slow_ns: u64,
    /// The most of one core the monitor may take, its work on the requests' path excluded, in
    /// percent. Beyond it does without one thing after the other; see [`Thrift`].
    pub cpu_percent_max: u32,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        Self { enabled: true, slow_ns: 250_000_000, cpu_percent_max: 5 }
    }
}

/// What a tick is told of the world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situation {
    /// The word of the last canary.
    pub health: Option<Health>,
    /// What admins ordered; nothing when it could not be read just now: what is known holds on.
    pub orders: Option<Orders>,
}

/// What admins ordered, as it was read from the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orders {
    /// Rules that they changed.
    pub rule_changes: Vec<RuleChange>,
    /// Silences in force.
    pub silences: Vec<Silence>,
    /// When reading began, on the monotonic clock in nanoseconds: of two readings the one that began
    /// later knows more, in whatever order they arrive.
    pub read_at_ns: u64,
}

/// What a tick came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TickReport {
    /// Points written.
    pub points: u64,
    /// Log lines written.
    pub log_lines: u64,
    /// What was let go to stay under the cap.
    pub shed: Vec<galen_core::Shed>,
    /// Windows that were lost since the last report, because the history could not be written for
    /// more than a minute.
    pub lost_windows: u64,
    /// What it does without from now on, or takes up again, to stay within its share of the CPU.
    pub thrift: Option<ThriftChange>,
    /// Time on it, in nanoseconds.
    pub took_ns: u64,
}

/// The monitor. Its recorder listens on the hot path; everything else happens in [`Monitor::tick`]
/// and when somebody asks.
pub struct Monitor {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) history: Arc<dyn History>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) logs: Logs,
    settings: MonitorSettings,
    state: Mutex<State>,
}

/// What changes with each tick. It is never locked across an await.
pub(crate) struct State {
    /// When the open window began.
    pub opened_at: UnixMs,
    /// The same on the monotonic clock, in nanoseconds.
    pub opened_ns: u64,
    /// What the monitor may cost.
    pub cpu: CpuBudget,
    /// The last closed windows.
    pub ring: Ring,
    /// What waits to be written.
    pub outbox: Outbox,
    /// The newest window that was written.
    pub written: Option<UnixMs>,
    /// What is to be rolled up.
    pub due: Due,
    /// What the history said of itself last, and in which minute.
    pub facts: HistoryFacts,
    pub facts_of: Option<UnixMs>,
    /// When it was last said that something of a kind was let go.
    pub shed_told: HashMap<(String, Option<Tier>), UnixMs>,
    /// Whether it is known what the run before left.
    pub is_taken_up: bool,
    pub judge: Judge,
}

impl Monitor {
    /// A monitor that remembers nothing yet of this run. [`Monitor::resume`] follows.
    #[must_use]
    pub fn new(parts: MonitorParts) -> Arc<Self> {
        let MonitorParts { history, clock, entropy, settings } = parts;
        let state = State {
            opened_at: clock.now(),
            opened_ns: clock.monotonic_ns(),
            cpu: CpuBudget::new(f64::from(settings.cpu_percent_max) / 100.0),
            ring: Ring::default(),
            outbox: Outbox::default(),
            written: None,
            due: Due::default(),
            facts: HistoryFacts::default(),
            facts_of: None,
            shed_told: HashMap::new(),
            is_taken_up: false,
            judge: Judge::new(entropy),
        };
        let recorder = Arc::new(Recorder::new(Arc::clone(&clock), settings.slow_ns));
        let (logs, state) = (Logs::default(), Mutex::new(state));
        Arc::new(Self { recorder, history, clock, logs, settings, state })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means that a tick panicked; the next one goes on with what there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who listens to the rooms: the recorder, or nobody when the monitor is off.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        if self.settings.enabled {
            Arc::clone(&self.recorder) as Arc<dyn Observer>
        } else {
            Arc::new(Nobody)
        }
    }

    /// What was recorded since the start of the process.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Notes the value something stands at now. Unknown objects beyond the cap go under `(other)`.
    pub fn set(&self, metric: Metric, object: &str, value: f64) {
        self.recorder.gauges.set(metric, object, value);
    }

    /// Notes a value that held for `times` samples' time (see [`Monitor::set`]).
    pub fn set_over(&self, metric: Metric, object: &str, value: f64, times: u64) {
        self.recorder.gauges.set_over(metric, object, value, times);
    }

    /// Counts `n` more of something.
    pub fn add(&self, metric: Metric, object: &str, n: u64) {
        self.recorder.gauges.add(metric, object, n);
    }

    /// Counts one value of a histogram.
    pub fn time(&self, metric: Metric, object: &str, value: u64) {
        self.recorder.gauges.time(metric, object, value);
    }

    /// Takes a line of the log for the next flush. Beyond the cap of a flush (2,000 lines, 1 MiB)
    /// lines are counted and dropped, the least important first. Never waits for the history.
    pub fn log(&self, line: LogLine) {
        self.logs.push(line);
    }

    /// Notes something that explains a step in a chart.
    pub fn annotate(&self, annotation: Annotation) {
        self.state().outbox.annotation(annotation);
    }

    /// Takes over what admins ordered at once, without waiting for the next tick.
    pub fn refresh(&self, orders: Orders) {
        self.state().judge.take_orders(orders, self.clock.now());
    }

    /// A series over a range. The open window is in it, and so is what waits to be written.
    ///
    /// # Errors
    /// An unknown metric, a range that ends before it begins, or a history that cannot be read.
    pub async fn series(&self, ask: SeriesAsk) -> Result<Series, Refusal> {
        self.memory(named(&ask.metric)?).await?.series(&ask).await
    }

    /// A metric's objects over a range, the largest first.
    ///
    /// # Errors
    /// As [`Monitor::series`].
    pub async fn top(&self, ask: TopAsk) -> Result<Vec<TopRow>, Refusal> {
        self.memory(named(&ask.metric)?).await?.top(&ask).await
    }

    /// Errors over a range, grouped by code and route, the most frequent first.
    ///
    /// # Errors
    /// As [`Monitor::series`].
    pub async fn errors(&self, from: UnixMs, until: UnixMs) -> Result<Vec<ErrorGroup>, Refusal> {
        let problems = self.objects(Metric::Problems, from, until).await?;
        Ok(causes::errors(&problems, &self.recorder.newest_problems()))
    }

    /// Where the time of slow and failed requests went over a range: all together first, then by
    /// route, the one with most time first.
    ///
    /// # Errors
    /// As [`Monitor::series`].
    pub async fn causes(&self, from: UnixMs, until: UnixMs) -> Result<Vec<RouteCause>, Refusal> {
        let slow = self.objects(Metric::HttpSlowNs, from, until).await?;
        let queries = self.objects(Metric::QueryNs, from, until).await?;
        Ok(causes::causes(&slow, causes::most(&queries)))
    }

    /// What explains steps in charts, oldest first.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn annotations(
        &self,
        from: UnixMs,
        until: UnixMs,
    ) -> Result<Vec<Annotation>, Refusal> {
        let waiting: Vec<_> = self.state().outbox.annotations(from, until).cloned().collect();
        let mut all = self.history.annotations(from, until).await?;
        // One that was written since the look is in both.
        all.extend(waiting.into_iter().filter(|each| !all.contains(each)).collect::<Vec<_>>());
        all.sort_by_key(|annotation| annotation.at);
        Ok(all)
    }

    /// A page of the log, of at most a thousand lines. Lines that wait for the next flush are written
    /// first, so that they are in it; when that fails, the page is of what was written before.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn logs(&self, mut ask: LogAsk) -> Result<LogPage, Refusal> {
        // What fails here waits on, and the next tick tells of it.
        drop(self.flush_logs().await);
        ask.limit = ask.limit.clamp(1, LOG_LINES_MAX);
        let (limit, is_forward) = (ask.limit as usize, ask.after.is_some());
        let lines = self.history.logs(ask).await?;
        let last = lines.last().filter(|_| lines.len() >= limit && !is_forward);
        Ok(LogPage { next: last.map(|line| line.number), lines })
    }

    /// Facts of the history.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn history_facts(&self) -> Result<HistoryFacts, Refusal> {
        Ok(self.history.facts().await?)
    }

    /// Alerts that are not over, the worst first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.state().judge.alerts()
    }

    /// Alerts that are over, newest first, at most two hundred.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn past_alerts(
        &self,
        mut before: Option<AlertId>,
        limit: u32,
    ) -> Result<Vec<Alert>, Refusal> {
        let limit = limit.clamp(1, PAST_ALERTS_MAX);
        let mut past = Vec::new();
        // Alerts that go on stand among them; they are few, so a second page is rare.
        while past.len() < limit as usize {
            let kept = self.history.alerts(before, limit).await?;
            let Some(last) = kept.last() else { break };
            before = Some(last.id);
            let is_last = kept.len() < limit as usize;
            let over = kept.iter().filter(|alert| alert.resolved_at.is_some());
            past.extend(over.map(alert_of));
            if is_last {
                break;
            }
        }
        past.truncate(limit as usize);
        Ok(past)
    }

    /// The rules, as they stand.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleView> {
        self.state().judge.rules()
    }

    /// What a change of a rule would have done over the last 24 hours. Nothing is changed.
    ///
    /// # Errors
    /// An unknown rule, a threshold that is no number, or a history that cannot be read.
    pub async fn preview(&self, change: &RuleChange) -> Result<RulePreview, Refusal> {
        let settings = self.state().judge.settings().clone();
        preview(&*self.history, &settings, change, self.clock.now()).await
    }

    /// Whether a change of a rule may be kept.
    ///
    /// # Errors
    /// An unknown rule, an object where there are none, a threshold that is no number.
    pub fn check_change(&self, change: &RuleChange) -> Result<(), Refusal> {
        self.state().judge.check_change(change)
    }

    /// Messages that wait to be delivered.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state().judge.deliveries()
    }

    /// The message with this key was delivered.
    pub fn delivered(&self, key: &str) {
        let mut state = self.state();
        if let Some(alert) = state.judge.delivered(key) {
            state.outbox.alert(alert);
        }
    }

    /// All metrics in the Prometheus text exposition format, version 0.0.4, since the start. A gauge
    /// that could not be measured for a while is left out: its last value is not the current one.
    #[must_use]
    pub fn exposition(&self) -> String {
        self.logs.tell(&self.recorder.gauges);
        exposition::write(&self.recorder.drained().total, &self.recorder.gauges.stale())
    }

    /// All metrics since the start, as [`Monitor::exposition`] writes them.
    #[must_use]
    pub fn families(&self) -> Vec<outward::MetricFamily> {
        self.logs.tell(&self.recorder.gauges);
        outward::families(&self.recorder.drained().total, &self.recorder.gauges.stale())
    }

    /// What it does without just now, to stay within its share of the CPU.
    #[must_use]
    pub fn thrift(&self) -> Thrift {
        self.state().cpu.thrift()
    }

    /// Whether requests and statements are recorded.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.settings.enabled
    }

    /// By object: everything of a metric in a range merged.
    async fn objects(
        &self,
        metric: Metric,
        from: UnixMs,
        until: UnixMs,
    ) -> Result<BTreeMap<Arc<str>, Point>, Refusal> {
        let memory = self.memory(metric).await?;
        let plan = Plan::of(&memory.facts, (from, until), None)?;
        Ok(memory.objects(&plan).await?)
    }

    /// What is known of one metric, the open window included.
    async fn memory(&self, metric: Metric) -> Result<Memory<'_>, Refusal> {
        self.take_up().await?;
        // The state stays locked while the recorder is drained: a tick in between would count the
        // window that it closes twice.
        let state = self.state();
        let points = |sketches: &Sketches| -> Vec<_> {
            sketches.of(metric).map(|(object, p)| (Arc::clone(object), p.clone())).collect()
        };
        let is_rest = |at: UnixMs| state.written.is_some_and(|written| at <= written);
        let mut fresh: Vec<Fresh> = state
            .outbox
            .windows()
            .map(|w| Fresh { at: w.at, is_rest: is_rest(w.at), points: points(&w.points) })
            .collect();
        let at = Tier::Fine.window_of(state.opened_at);
        let open = points(&self.recorder.drained().window);
        fresh.push(Fresh { at, is_rest: is_rest(at), points: open });
        let (facts, due) = (state.facts.clone(), state.due);
        Ok(Memory { history: &*self.history, facts, due, metric, fresh })
    }
}

fn named(metric: &str) -> Result<Metric, Refusal> {
    Metric::named(metric).ok_or_else(|| {
        let detail = "there is no such metric; GET /api/admin/monitor/metrics lists them";
        Refusal::new(Code::NotFound).with_detail(detail)
    })
}
