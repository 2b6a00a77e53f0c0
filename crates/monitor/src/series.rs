//! Series over a range: the tier that fits, what is not written yet, and steps merged from both.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use galen_core::{
    Code, FrameAsk, History, HistoryFacts, Refusal, StoreError, StoreResult, Tier, UnixMs,
};

use crate::ask::{Series, SeriesAsk, Step, TopAsk, TopBy, TopRow};
use crate::metric::{Metric, MetricKind, Unit};
use crate::point::Point;
use crate::rollup::{Due, number};

/// How many windows a range may have for a tier to be read; beyond, a coarser one is. Ten-second
/// windows serve eight hours, minutes two days.
const WINDOWS_MAX: i64 = 3_000;
/// How many frames are read from the history at a time.
const FRAMES_MAX: u32 = 256;
/// How many rows a list has at the most.
const ROWS_MAX: usize = 1_000;

/// What is known of one metric: the history, and the windows that are not in it yet.
pub(crate) struct Memory<'a> {
    pub history: &'a dyn History,
    pub facts: HistoryFacts,
    pub due: Due,
    pub metric: Metric,
    pub fresh: Vec<Fresh>,
}

/// A window that is not written yet.
pub(crate) struct Fresh {
    /// When it begins.
    pub at: UnixMs,
    /// Whether the history holds an earlier part of it, so that both count.
    pub is_rest: bool,
    /// The metric's points.
    pub points: Vec<(Arc<str>, Point)>,
}

/// Which stretch is read, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub from: UnixMs,
    pub until: UnixMs,
    pub tier: Tier,
    pub step_ms: i64,
}

impl Plan {
    /// The finest tier that reaches back to `from` with a bounded number of windows, and the least
    /// step, a multiple of the tier's, that is as long as was asked and makes few enough points.
    pub fn of(
        facts: &HistoryFacts,
        (from, until): (UnixMs, UnixMs),
        step_ms: Option<i64>,
    ) -> Result<Self, Refusal> {
        if until <= from {
            let detail = "the range must end after it begins";
            return Err(Refusal::field("until", Code::FieldRange, detail));
        }
        if step_ms.is_some_and(|step_ms| step_ms <= 0) {
            let detail = "a step is at least a millisecond long";
            return Err(Refusal::field("step_ms", Code::FieldRange, detail));
        }
        // Nothing is kept for longer, and an hour more is for the hour it lies in.
        let oldest = until.plus_ms(-Tier::Hour.keep_ms() - Tier::Hour.step_ms());
        let from = from.max(oldest);
        let range_ms = until.since_ms(from);
        let serves = |tier: &Tier| {
            range_ms / tier.step_ms() <= WINDOWS_MAX && !reaches_further(facts, *tier, from)
        };
        let tier = Tier::ALL.into_iter().find(serves).unwrap_or(Tier::Hour);
        let points_max = i64::try_from(SeriesAsk::POINTS_MAX - 1).unwrap_or(i64::MAX);
        let least_ms = step_ms.unwrap_or(1).min(range_ms).max(range_ms / points_max + 1);
        let step_ms = ((least_ms - 1) / tier.step_ms() + 1) * tier.step_ms();
        Ok(Self { from, until, tier, step_ms })
    }

    fn step_of(&self, at: UnixMs) -> UnixMs {
        UnixMs(at.0.div_euclid(self.step_ms) * self.step_ms)
    }

    /// Which tiers hold the range: the coarser ones only as far as they are rolled up.
    fn stretches(&self, due: Due) -> Vec<(Tier, UnixMs, UnixMs)> {
        let mut from = self.from;
        let mut stretches = Vec::new();
        for (tier, rolled_until) in
            [(Tier::Hour, due.hour), (Tier::Minute, due.minute), (Tier::Fine, Some(self.until))]
        {
            let until = rolled_until.unwrap_or(from).min(self.until);
            if tier <= self.tier && from < until {
                stretches.push((tier, from, until));
                from = until;
            }
        }
        stretches
    }
}

/// Whether a coarser tier than this one knows more of the time from `from` on. Windows begin
/// earlier in a coarser tier, which does not make it know more.
fn reaches_further(facts: &HistoryFacts, tier: Tier, from: UnixMs) -> bool {
    let Some(own) = facts.reaches_to[number(tier)].filter(|own| *own > from) else {
        // It reaches to the beginning; or it holds nothing, and then no coarser one does for long.
        return facts.reaches_to[number(tier)].is_none()
            && Tier::ALL.into_iter().any(|other| {
                other > tier && facts.reaches_to[number(other)].is_some_and(|reach| reach < from)
            });
    };
    let coarser = Tier::ALL.into_iter().filter(|other| *other > tier);
    let mut reaches = coarser.filter_map(|other| {
        facts.reaches_to[number(other)].map(|reach| reach.plus_ms(other.step_ms()))
    });
    reaches.any(|reach| reach <= own)
}

impl Memory<'_> {
    /// Visits the metric's points in the range, or those of one object, the oldest first.
    pub async fn visit(
        &self,
        plan: &Plan,
        object: Option<&str>,
        see: &mut (dyn FnMut(UnixMs, &Arc<str>, &Point) + Send),
    ) -> StoreResult<()> {
        let asked: Option<Arc<str>> = object.map(Arc::from);
        for (tier, from, until) in plan.stretches(self.due) {
            let metric = Cow::Borrowed(self.metric.text());
            let object = asked.clone();
            let ask = FrameAsk { tier, metric, object, from, until, limit: FRAMES_MAX };
            self.read(ask, see).await?;
        }
        let fresh = self.fresh.iter().filter(|fresh| (plan.from..plan.until).contains(&fresh.at));
        for fresh in fresh {
            for (each, point) in &fresh.points {
                if asked.as_ref().is_none_or(|asked| asked == each) {
                    see(fresh.at, each, point);
                }
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        mut ask: FrameAsk,
        see: &mut (dyn FnMut(UnixMs, &Arc<str>, &Point) + Send),
    ) -> Result<(), StoreError> {
        loop {
            let frames = self.history.frames(ask.clone()).await?;
            let Some(last) = frames.last().map(|frame| frame.at) else { return Ok(()) };
            for frame in &frames {
                // Written between the look at what waits and now: what waits is counted.
                let is_fresh = |fresh: &Fresh| fresh.at == frame.at && !fresh.is_rest;
                if ask.tier == Tier::Fine && self.fresh.iter().any(is_fresh) {
                    continue;
                }
                let wanted = frame
                    .points
                    .iter()
                    .filter(|(object, _)| ask.object.as_ref().is_none_or(|asked| asked == object));
                for (object, bytes) in wanted {
                    if let Some(point) = Point::decode(bytes) {
                        see(frame.at, object, &point);
                    }
                }
            }
            if frames.len() < ask.limit as usize {
                return Ok(());
            }
            ask.from = last.plus_ms(1);
        }
    }

    /// The series of one object, or of all merged.
    pub async fn series(&self, ask: &SeriesAsk) -> Result<Series, Refusal> {
        let plan = Plan::of(&self.facts, (ask.from, ask.until), ask.step_ms)?;
        let mut steps: BTreeMap<UnixMs, Point> = BTreeMap::new();
        let mut see = |at, _: &Arc<str>, point: &Point| {
            steps.entry(plan.step_of(at)).or_default().merge(point);
        };
        self.visit(&plan, ask.object.as_deref(), &mut see).await?;
        let mut whole = Point::default();
        steps.values().for_each(|point| whole.merge(point));
        Ok(Series {
            metric: self.metric.text().to_owned(),
            unit: unit(self.metric).to_owned(),
            kind: kind(self.metric).to_owned(),
            object: ask.object.clone(),
            step_ms: plan.step_ms,
            whole: (!steps.is_empty()).then(|| step(plan.from, &whole)),
            steps: steps.iter().map(|(at, point)| step(*at, point)).collect(),
            reaches_to: self.facts.reaches_to[number(plan.tier)],
        })
    }

    /// By object: everything in the range merged.
    pub async fn objects(&self, plan: &Plan) -> StoreResult<BTreeMap<Arc<str>, Point>> {
        let mut objects: BTreeMap<Arc<str>, Point> = BTreeMap::new();
        let mut see = |_, object: &Arc<str>, point: &Point| match objects.get_mut(object) {
            Some(merged) => merged.merge(point),
            None => {
                objects.insert(Arc::clone(object), point.clone());
            }
        };
        self.visit(plan, None, &mut see).await?;
        Ok(objects)
    }

    /// The objects, the largest first.
    pub async fn top(&self, ask: &TopAsk) -> Result<Vec<TopRow>, Refusal> {
        let plan = Plan::of(&self.facts, (ask.from, ask.until), None)?;
        let objects = self.objects(&plan).await?;
        let all: f64 = objects.values().map(|point| point.sum).sum();
        let mut rows: Vec<_> = objects
            .iter()
            .map(|(object, point)| TopRow {
                object: object.to_string(),
                figures: step(plan.from, point),
                share: if all > 0.0 { point.sum / all } else { 0.0 },
            })
            .collect();
        rows.sort_by(|one, other| rank(other, ask.by).total_cmp(&rank(one, ask.by)));
        rows.truncate(ask.limit.min(ROWS_MAX));
        Ok(rows)
    }
}

fn rank(row: &TopRow, by: TopBy) -> f64 {
    match by {
        TopBy::Sum => row.figures.sum,
        TopBy::Count => crate::point::as_float(row.figures.count),
        TopBy::P95 => row.figures.p95.unwrap_or(f64::NEG_INFINITY),
        TopBy::Max => row.figures.max,
    }
}

/// A point as it is shown.
fn step(at: UnixMs, point: &Point) -> Step {
    Step {
        at,
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        last: point.last,
        p50: point.quantile(0.50),
        p95: point.quantile(0.95),
        p99: point.quantile(0.99),
    }
}

const fn unit(metric: Metric) -> &'static str {
    match metric.unit() {
        Unit::Ns => "ns",
        Unit::Bytes => "bytes",
        Unit::Ratio => "ratio",
        Unit::Count => "count",
    }
}

const fn kind(metric: Metric) -> &'static str {
    match metric.kind() {
        MetricKind::Histogram => "histogram",
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_767_225_600_000);
    const HOUR_MS: i64 = 3_600_000;

    fn facts(reach_ms: [Option<i64>; 3]) -> HistoryFacts {
        let reaches_to = reach_ms.map(|ms| ms.map(|ms| NOW.plus_ms(-ms)));
        HistoryFacts { reaches_to, ..HistoryFacts::default() }
    }

    fn plan(facts: &HistoryFacts, range_ms: i64, step_ms: Option<i64>) -> (Tier, i64) {
        let plan = Plan::of(facts, (NOW.plus_ms(-range_ms), NOW), step_ms).unwrap();
        assert!(range_ms / plan.step_ms < 1_000, "too many points");
        (plan.tier, plan.step_ms)
    }

    #[test]
    fn the_finest_tier_that_reaches_back_is_read() {
        let old = facts([Some(6 * HOUR_MS), Some(168 * HOUR_MS), Some(9_000 * HOUR_MS)]);
        assert_eq!(plan(&old, HOUR_MS, None), (Tier::Fine, 10_000));
        assert_eq!(plan(&old, 6 * HOUR_MS, None), (Tier::Fine, 30_000));
        assert_eq!(plan(&old, HOUR_MS, Some(45_000)), (Tier::Fine, 50_000));
        assert_eq!(plan(&old, 24 * HOUR_MS, None), (Tier::Minute, 120_000));
        assert_eq!(plan(&old, 24 * HOUR_MS, Some(1)), (Tier::Minute, 120_000));
        assert_eq!(plan(&old, 160 * HOUR_MS, None), (Tier::Hour, HOUR_MS));
        assert_eq!(plan(&old, 8_000 * HOUR_MS, None).0, Tier::Hour);
    }

    #[test]
    fn a_young_history_is_read_finely_even_when_more_is_asked() {
        let young = facts([Some(HOUR_MS), Some(HOUR_MS + 20_000), Some(HOUR_MS * 3 / 2)]);
        assert_eq!(plan(&young, 6 * HOUR_MS, None).0, Tier::Fine);
        assert_eq!(plan(&facts([None; 3]), HOUR_MS, None).0, Tier::Fine);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_refused() {
        let refusal = Plan::of(&facts([None; 3]), (NOW, NOW), None).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidFields);
        assert!(Plan::of(&facts([None; 3]), (UnixMs(i64::MIN), UnixMs(i64::MAX)), None).is_ok());
    }

    #[test]
    fn what_is_not_rolled_up_yet_is_read_from_the_finer_tiers() {
        let all = Plan { from: UnixMs(0), until: NOW, tier: Tier::Hour, step_ms: HOUR_MS };
        let mut due = Due::default();
        due.minute = Some(NOW.plus_ms(-60_000));
        due.hour = Some(NOW.plus_ms(-HOUR_MS));
        let (minute, hour) = (NOW.plus_ms(-60_000), NOW.plus_ms(-HOUR_MS));
        let fine = (Tier::Fine, minute, NOW);
        let hours = (Tier::Hour, UnixMs(0), hour);
        assert_eq!(all.stretches(due), [hours, (Tier::Minute, hour, minute), fine]);
        let minutes = Plan { tier: Tier::Minute, ..all };
        assert_eq!(minutes.stretches(due), [(Tier::Minute, UnixMs(0), minute), fine]);
        assert_eq!(all.stretches(Due::default()), [(Tier::Fine, UnixMs(0), NOW)]);
    }
}
