//! The tick: a window is closed, judged, written and rolled up. What cannot be written waits.

use galen_core::{Annotation, HistoryBatch, Shed, StoreError, Tier, UnixMs};

use crate::histogram::Quantiles;
use crate::metric::Metric;
use crate::monitor::{Monitor, Situation, State, TickReport};
use crate::point::as_float;
use crate::rollup::{Due, join, number};
use crate::sketches::Sketches;
use crate::thrift::{Thrift, ThriftChange};

/// That the history lets go of something is told once an hour for each kind of it: at its cap it
/// does so with every flush.
const SHED_TOLD_EVERY_MS: i64 = 3_600_000;

impl Monitor {
    /// Takes up what the run before left: open alerts, windows not yet rolled up. A tick does so when
    /// it was not done.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn resume(&self) -> Result<(), StoreError> {
        self.take_up().await
    }

    /// Closes the window, judges the rules, and writes both into the history. To be called every
    /// ten seconds, and once more before the end.
    ///
    /// # Errors
    /// When the history cannot be read or written; what was gathered is kept for the next tick,
    /// within its bound: six windows, 2,000 log lines.
    pub async fn tick(&self, situation: Situation) -> Result<TickReport, StoreError> {
        let began_ns = self.clock.monotonic_ns();
        let taken_up = self.take_up().await;
        let thrift = self.close(&situation);
        taken_up?;
        let mut report = self.flush().await?;
        report.thrift = thrift;
        report.points += self.roll_up().await?;
        self.look_at_history().await?;
        report.took_ns = self.clock.monotonic_ns().saturating_sub(began_ns);
        Ok(report)
    }

    pub(crate) async fn take_up(&self) -> Result<(), StoreError> {
        if self.state().is_taken_up {
            return Ok(());
        }
        let facts = self.history.facts().await?;
        let alerts = self.history.open_alerts().await?;
        let now = self.clock.now();
        let mut state = self.state();
        // Somebody else may have been quicker.
        if !state.is_taken_up {
            state.is_taken_up = true;
            state.written = facts.newest[number(Tier::Fine)];
            state.due = Due::of(&facts, now);
            state.facts = facts;
            state.judge.restore(alerts);
        }
        Ok(())
    }

    /// Closes the open window and judges the rules on the last ones. Gives how its cost changes what
    /// the monitor does without.
    fn close(&self, situation: &Situation) -> Option<ThriftChange> {
        let gauges = &self.recorder.gauges;
        self.logs.tell(gauges);
        let mut state = self.state();
        let state = &mut *state;
        let bytes =
            self.recorder.bytes() + self.logs.bytes() + state.ring.bytes() + state.outbox.bytes();
        gauges.set(Metric::MonitorBytes, "", as_float(bytes as u64));
        let mut window = self.recorder.close();
        let (now, now_ns) = (self.clock.now(), self.clock.monotonic_ns());
        let at = Tier::Fine.window_of(std::mem::replace(&mut state.opened_at, now));
        let elapsed_ns = now_ns.saturating_sub(std::mem::replace(&mut state.opened_ns, now_ns));
        let change = state.cpu.note(spent_ns(&window), elapsed_ns);
        let without = state.cpu.thrift();
        gauges.set(Metric::MonitorThrift, "", f64::from(without as u8));
        self.logs.keep_only_warnings(without >= Thrift::Lines);
        if without >= Thrift::Detail {
            window.forget_details();
        }
        state.ring.push(now_ns, &window);
        let judged = state.judge.judge(now, &state.ring, situation);
        state.outbox.window(at, window);
        judged.kept.into_iter().for_each(|alert| state.outbox.alert(alert));
        judged.annotations.into_iter().for_each(|each| state.outbox.annotation(each));
        if let Some(change) = change {
            let params = serde_json::json!(change).to_string();
            let code = "monitor.thrift".to_owned();
            state.outbox.annotation(Annotation { at: now, code, params });
        }
        change
    }

    /// Writes everything that waits: notes, then lines of the log in slices, then window by window.
    /// Each piece is kept as a whole and waits no more from then on, so that what gathered while the
    /// history could not be written is never too much for it at once.
    async fn flush(&self) -> Result<TickReport, StoreError> {
        let (mut parcel, written) = {
            let state = self.state();
            (state.outbox.parcel(), state.written)
        };
        for (at, frames) in &mut parcel.windows {
            if written.is_some_and(|written| *at <= written) {
                join(&*self.history, frames).await?;
            }
        }
        let began_ns = self.clock.monotonic_ns();
        let up_to = parcel.up_to();
        let mut report = TickReport::default();
        let (annotations, alerts) = (parcel.annotations, parcel.alerts);
        if !(annotations.is_empty() && alerts.is_empty()) {
            let batch = HistoryBatch { annotations, alerts, ..HistoryBatch::default() };
            report.shed.extend(self.history.append(batch).await?.shed);
            self.state().outbox.sent_notes(up_to);
        }
        let (log_lines, shed) = self.flush_logs().await?;
        report.log_lines = log_lines;
        report.shed.extend(shed);
        for (at, frames) in parcel.windows {
            report.points += frames.iter().map(|frame| frame.points.len() as u64).sum::<u64>();
            let batch = HistoryBatch { frames, ..HistoryBatch::default() };
            report.shed.extend(self.history.append(batch).await?.shed);
            let mut state = self.state();
            state.outbox.sent_window(at, up_to);
            state.written = state.written.max(Some(at));
            state.due.written(at, self.clock.now());
        }
        let took_ns = self.clock.monotonic_ns().saturating_sub(began_ns);
        self.recorder.gauges.time(Metric::HistoryFlushNs, "", took_ns);
        let mut state = self.state();
        state.tell_shed(&report.shed, self.clock.now());
        report.lost_windows = state.outbox.take_lost();
        Ok(report)
    }

    /// Writes the lines of the log that wait. Gives how many, and what was let go for them.
    pub(crate) async fn flush_logs(&self) -> Result<(u64, Vec<Shed>), StoreError> {
        let mut lines = self.logs.take();
        let (mut written, mut shed) = (0, Vec::new());
        while let Some(logs) = lines.slice() {
            let n = logs.len();
            let batch = HistoryBatch { logs, ..HistoryBatch::default() };
            shed.extend(self.history.append(batch).await?.shed);
            lines.kept(n);
            written += n as u64;
        }
        Ok((written, shed))
    }

    /// Rolls up what is over; what was done stays done when a later window fails.
    async fn roll_up(&self) -> Result<u64, StoreError> {
        let mut due = self.state().due;
        let points = due.roll_up(&*self.history).await;
        self.state().due = due;
        points
    }

    /// Asks the history for its facts, once a minute.
    async fn look_at_history(&self) -> Result<(), StoreError> {
        let minute = Some(Tier::Minute.window_of(self.clock.now()));
        if self.state().facts_of == minute {
            return Ok(());
        }
        let facts = self.history.facts().await?;
        self.recorder.gauges.set(Metric::HistoryBytes, "", as_float(facts.size_bytes));
        let mut state = self.state();
        state.facts = facts;
        state.facts_of = minute;
        Ok(())
    }
}

/// What a window says the monitor cost on the CPU, in nanoseconds.
fn spent_ns(window: &Sketches) -> u64 {
    window.get(Metric::MonitorCpuNs, "").map_or(0, |point| Quantiles::of(point).sum)
}

impl State {
    /// Notes in the charts that something was let go.
    fn tell_shed(&mut self, shed: &[Shed], now: UnixMs) {
        for shed in shed {
            let kind = (shed.what.clone(), shed.tier);
            let told = self.shed_told.get(&kind).copied();
            if told.is_some_and(|told| now.since_ms(told).abs() < SHED_TOLD_EVERY_MS) {
                continue;
            }
            self.shed_told.insert(kind, now);
            let params = serde_json::json!(shed).to_string();
            let code = "history.shed".to_owned();
            self.outbox.annotation(Annotation { at: now, code, params });
        }
    }
}
