//! Appending a flush: one transaction that first makes room and then keeps everything.

use galen_core::{
    Annotation, Frame, HistoryBatch, HistoryReceipt, KeptAlert, LogLevel, LogLine, StoreError,
    StoreResult, Tier, UnixMs,
};

use super::budget::{PAGE_BYTES, Part, frame_cost, log_cost, text_cost, whole};
use super::codec::{add_point, place};
use super::keeper::Keeper;
use super::queries::{
    ADD_ANNOTATION, ADD_FRAME, ADD_LOG, ALERT_BYTES, FRAME_BYTES, KEEP_ALERT, REPLACE_FRAME,
};
use super::shed::{add_receipt, heaviest, shed_beyond};

/// Pages that a flush changes whatever is in it: tallies, roots, the map of pages.
const PAGES_AT_LEAST: u64 = 24;

/// The places of so many lines are remembered: more than all flushes that may wait hold.
const RECENT_LINES: usize = 4_096;

/// Once the log is longer than one in so many of what it may be, it is emptied after the flush.
const EMPTIED_ABOVE: u64 = 4;

impl Keeper {
    /// Keeps a flush. When the file is full, something is let go and the flush tried once more; when
    /// it is damaged, it is moved aside and the flush goes into a new one.
    pub(super) fn append(&mut self, batch: &HistoryBatch) -> StoreResult<HistoryReceipt> {
        if self.clock.is_none() {
            return Err(StoreError::Engine("the history was opened to read only".to_owned()));
        }
        self.begin_anew()?;
        let kept = match self.append_once(batch) {
            Err(StoreError::DiskFull) => self.append_after_shedding(batch),
            Err(_) if self.file.is_damaged() && self.renew()? => self.append_once(batch),
            other => other,
        }?;
        // The flush is kept; what is tidied up behind it is tried again behind the next.
        if let Err(error) = self.tidy_up() {
            tracing::warn!(%error, "the history's log could not be emptied");
        }
        Ok(kept)
    }

    fn append_once(&mut self, batch: &HistoryBatch) -> StoreResult<HistoryReceipt> {
        self.make_room_in_the_log(weight(batch))?;
        let receipt = self.transaction(|keeper| keeper.keep(batch))?;
        self.recent_lines.extend(batch.logs.iter().map(|(place, _)| *place));
        while self.recent_lines.len() > RECENT_LINES {
            self.recent_lines.pop_first();
        }
        Ok(receipt)
    }

    fn append_after_shedding(&mut self, batch: &HistoryBatch) -> StoreResult<HistoryReceipt> {
        let weight = weight(batch);
        self.make_room_in_the_log(weight)?;
        let mut receipt = self.transaction(|keeper| keeper.shed_some_of_each(whole(weight / 2)))?;
        add_receipt(&mut receipt, self.append_once(batch)?);
        Ok(receipt)
    }

    /// Empties the log when the flush, and what is let go for it, could make it longer than it may
    /// become.
    fn make_room_in_the_log(&mut self, weight: u64) -> StoreResult<()> {
        let (most, log_bytes) = (heaviest(&self.budget), self.budget.log_bytes);
        if weight > most {
            let words = format!("a flush of {weight} bytes is too much; {most} fit beside the cap");
            return Err(StoreError::Engine(words));
        }
        let needed = (2 * weight + shed_beyond(&self.budget)).min(log_bytes);
        if self.file.log_bytes() + needed > log_bytes && !self.file.empty_the_log()? {
            return Err(StoreError::Locked);
        }
        Ok(())
    }

    fn tidy_up(&mut self) -> StoreResult<()> {
        self.vacuum_a_step()?;
        if self.file.log_bytes() > self.budget.log_bytes / EMPTIED_ABOVE {
            // Somebody who reads just now is waited for until room is needed.
            self.file.empty_the_log()?;
        }
        Ok(())
    }

    fn keep(&mut self, batch: &HistoryBatch) -> StoreResult<HistoryReceipt> {
        let mut receipt = HistoryReceipt::default();
        if let Some(newest) = newest(batch) {
            self.newest = newest;
            let horizon = self.move_horizon(newest);
            self.expire(horizon)?;
        }
        for tier in Tier::ALL {
            let frames = batch.frames.iter().filter(|frame| frame.tier == tier);
            let incoming = frames.map(|frame| frame_cost(whole(frame_bytes(frame)))).sum();
            if incoming > 0 {
                self.make_room(tier, incoming, &mut receipt)?;
            }
        }
        let incoming = batch.logs.iter().map(|(_, line)| log_cost(line)).sum();
        self.make_room_for_logs(incoming, &mut receipt)?;
        let mut blob = Vec::new();
        for frame in &batch.frames {
            self.keep_frame(frame, &mut blob)?;
        }
        for (place, line) in &batch.logs {
            if !self.recent_lines.contains(place) {
                self.keep_line(line)?;
            }
        }
        for annotation in &batch.annotations {
            self.keep_annotation(annotation)?;
        }
        for alert in &batch.alerts {
            self.keep_alert(alert)?;
        }
        self.bound_the_rest()?;
        Ok(receipt)
    }

    fn keep_frame(&mut self, frame: &Frame, blob: &mut Vec<u8>) -> StoreResult<()> {
        let Self { file, names, tallies, .. } = self;
        let metric = names.metric(file, &frame.metric, frame.is_detail)?;
        blob.clear();
        for (object, point) in &frame.points {
            let id = names.object(file, tallies, object, frame.at)?;
            add_point(blob, id.cast_unsigned(), point);
        }
        let place = place(frame.tier, metric, frame.at);
        let part = Part::Frames(frame.tier);
        let cost = frame_cost(whole(blob.len() as u64));
        if file.run(&ADD_FRAME, (place, blob.as_slice()))? > 0 {
            tallies.add(part, cost, 1);
            return Ok(());
        }
        let before = file.number(&FRAME_BYTES, [place])?.unwrap_or(0);
        file.run(&REPLACE_FRAME, (blob.as_slice(), place))?;
        tallies.add(part, cost - frame_cost(before), 0);
        Ok(())
    }

    fn keep_line(&mut self, line: &LogLine) -> StoreResult<()> {
        let cost = log_cost(line);
        let values = rusqlite::params![
            line.at.0,
            level_number(line.level),
            line.room,
            line.message,
            line.code,
            line.route,
            line.route.as_deref().map(path_of),
            line.status,
            line.user_id.as_ref().map(|id| id.as_bytes().as_slice()),
            line.request_id.as_ref().map(|id| id.as_bytes().as_slice()),
            line.trace_id,
            line.fields,
            cost,
        ];
        self.file.run(&ADD_LOG, values)?;
        self.tallies.add(Part::Logs, cost, 1);
        Ok(())
    }

    fn keep_annotation(&mut self, annotation: &Annotation) -> StoreResult<()> {
        let Annotation { at, code, params } = annotation;
        let cost = text_cost(&[code, params]);
        if self.file.run(&ADD_ANNOTATION, (at.0, code, params, cost))? > 0 {
            self.tallies.add(Part::Annotations, cost, 1);
        }
        Ok(())
    }

    fn keep_alert(&mut self, alert: &KeptAlert) -> StoreResult<()> {
        let cost = text_cost(&[&alert.cause, &alert.body]);
        let id = alert.id.as_bytes().as_slice();
        let before = self.file.number(&ALERT_BYTES, [id])?;
        let values = (
            id,
            &alert.cause,
            alert.began_at.0,
            alert.fired_at.0,
            alert.resolved_at.map(|at| at.0),
            &alert.body,
            is_open(alert),
            cost,
        );
        self.file.run(&KEEP_ALERT, values)?;
        self.tallies.add(Part::Alerts, cost - before.unwrap_or(0), i64::from(before.is_none()));
        Ok(())
    }
}

/// Whether an alert is not over, or its body says that this was not told yet (`told_resolved`).
fn is_open(alert: &KeptAlert) -> bool {
    if alert.resolved_at.is_none() {
        return true;
    }
    let body: Result<serde_json::Value, _> = serde_json::from_str(&alert.body);
    body.is_ok_and(|body| body.get("told_resolved").is_some_and(|told| told == false))
}

/// The number a level is stored under; those of `warn` and above are in an index of their own.
pub(super) fn level_number(level: LogLevel) -> i64 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    }
}

/// A route without its method: `/api/me` of `GET /api/me`.
pub(super) fn path_of(route: &str) -> &str {
    route.split_once(' ').map_or(route, |(_, path)| path)
}

/// The newest moment a flush speaks of: what is too old is judged by it, and not by a clock that
/// may have gone on since.
fn newest(batch: &HistoryBatch) -> Option<UnixMs> {
    let frames = batch.frames.iter().map(|frame| frame.at);
    let logs = batch.logs.iter().map(|(_, line)| line.at);
    let annotations = batch.annotations.iter().map(|annotation| annotation.at);
    frames.chain(logs).chain(annotations).max()
}

/// What the points of a frame take, encoded, at the most.
fn frame_bytes(frame: &Frame) -> u64 {
    frame.points.iter().map(|(_, point)| point.len() as u64 + 8).sum()
}

/// How many bytes a flush adds to the log at the most: every frame changes a page of its own and
/// fills others, everything else shares pages with its neighbours, and entries of indexes do not.
fn weight(batch: &HistoryBatch) -> u64 {
    let frames: u64 =
        batch.frames.iter().map(|frame| frame_bytes(frame) * 9 / 8 + 2 * PAGE_BYTES).sum();
    let logs: i64 = batch.logs.iter().map(|(_, line)| 2 * log_cost(line)).sum();
    let rest: usize = batch.annotations.iter().map(|one| one.params.len() + 256).sum::<usize>()
        + batch.alerts.iter().map(|one| one.body.len() + 4_096).sum::<usize>();
    frames + logs.unsigned_abs() + rest as u64 + PAGES_AT_LEAST * PAGE_BYTES
}
