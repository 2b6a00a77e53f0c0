//! A rule replayed over the last day, before it is saved: how often it would have fired.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use galen_core::model::RuleChange;
use galen_core::{Code, FrameAsk, History, Refusal, StoreResult, Tier, UnixMs};

use crate::alert::{AlertState, RulePreview};
use crate::figures::Figures;
use crate::judge::settings::Settings;
use crate::judge::track::Tick;
use crate::judge::watch::{Watch, rank};
use crate::metric::Metric;
use crate::point::Point;
use crate::rules::Rule;
use crate::sketches::Sketches;

/// How far back it looks: a day.
const REACH_MS: i64 = 86_400_000;
/// How much history is read at once.
const CHUNK_MS: i64 = 900_000;
/// How much is in memory as figures: the longest window of a rule.
const RING_MS: i64 = 900_000;
/// How many spans are given.
const SPANS_MAX: usize = 100;
/// How many fine windows make one of a minute.
const FINE_IN_MINUTE: u32 = 6;

/// The last minutes of the replay, as rules see them.
#[derive(Default)]
struct Minutes(VecDeque<(UnixMs, Sketches)>);

impl Minutes {
    fn push(&mut self, at: UnixMs, minute: Sketches) {
        self.0.push_back((at, minute));
        while self.0.front().is_some_and(|(oldest, _)| at.since_ms(*oldest) >= RING_MS) {
            self.0.pop_front();
        }
    }

    /// The minutes of a stretch; one that is shorter than a minute is a minute.
    fn last(&self, window_ms: i64) -> impl Iterator<Item = &Sketches> {
        let newest = self.0.back().map(|(at, _)| *at);
        let is_in = move |at: UnixMs| newest.is_some_and(|n| n.since_ms(at) < window_ms);
        self.0.iter().filter(move |(at, _)| is_in(*at)).map(|(_, minute)| minute)
    }
}

impl Figures for Minutes {
    fn merged(&self, metric: Metric, object: &str, window_ms: i64) -> Option<Point> {
        let mut points = self.last(window_ms).filter_map(|minute| minute.get(metric, object));
        let mut merged = points.next()?.clone();
        for later in points {
            merged.merge(later);
        }
        Some(merged)
    }

    fn objects(&self, metric: Metric, window_ms: i64) -> Vec<Arc<str>> {
        let points = self.last(window_ms).flat_map(|minute| minute.of(metric));
        let mut objects: Vec<_> = points.map(|(object, _)| Arc::clone(object)).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    fn windows(&self, window_ms: i64) -> u32 {
        let minutes = u32::try_from(self.last(window_ms).count()).unwrap_or(u32::MAX);
        minutes.saturating_mul(FINE_IN_MINUTE)
    }
}

/// Replays a rule as it would be with `change` over the day before `now`, on windows of a minute,
/// with the judge's own state machine. Nothing is changed.
///
/// Minutes of which nothing was recorded are left out: the process did not run, and judged nothing.
/// A rule that looks at less than a minute is seen to fire only when two minutes in a row were bad:
/// the history of a day does not say whether something bad in one minute lasted.
///
/// # Errors
/// What [`Settings::check`] refuses, or a history that cannot be read.
pub(crate) async fn preview(
    history: &dyn History,
    settings: &Settings,
    change: &RuleChange,
    now: UnixMs,
) -> Result<RulePreview, Refusal> {
    settings.check(change)?;
    let Some((_, rule)) = Rule::named(&change.rule) else {
        return Err(Refusal::new(Code::NotFound));
    };
    let mut settings = settings.clone();
    settings.put(change.clone());
    let until = Tier::Minute.window_of(now);
    let from = until.plus_ms(-REACH_MS);
    let mut replay = Replay::new(rule, settings, change.object.as_str());
    let mut at = from;
    while at < until {
        let end = at.plus_ms(CHUNK_MS).min(until);
        for (minute_at, minute) in load(history, rule, at, end).await? {
            replay.step(minute_at, minute);
        }
        at = end;
    }
    Ok(replay.outcome(from, until))
}

/// The minutes in `[from, until)` of which anything was recorded, the oldest first.
async fn load(
    history: &dyn History,
    rule: &Rule,
    from: UnixMs,
    until: UnixMs,
) -> StoreResult<BTreeMap<UnixMs, Sketches>> {
    let mut minutes: BTreeMap<UnixMs, Sketches> = BTreeMap::new();
    // The monitor's own cost tells that it ran when nothing else was recorded.
    let pulse = Some(Metric::MonitorCpuNs).filter(|own| !rule.metrics.contains(own));
    for metric in rule.metrics.iter().copied().chain(pulse) {
        let ask = FrameAsk {
            tier: Tier::Minute,
            metric: metric.text().into(),
            object: None,
            from,
            until,
            limit: u32::try_from(CHUNK_MS / Tier::Minute.step_ms()).unwrap_or(u32::MAX),
        };
        for frame in history.frames(ask).await? {
            let minute = minutes.entry(frame.at).or_default();
            for (object, bytes) in frame.points {
                // A point of another version cannot be judged: it is a gap.
                if let Some(point) = Point::decode(&bytes) {
                    minute.merge(metric, &object, &point);
                }
            }
        }
    }
    Ok(minutes)
}

/// One rule on its way through a day.
struct Replay<'a> {
    rule: &'static Rule,
    settings: Settings,
    /// The one object that was asked for; empty: all.
    object: &'a str,
    minutes: Minutes,
    watch: Watch,
    last: Option<UnixMs>,
    times: u32,
    spans: VecDeque<(UnixMs, Option<UnixMs>)>,
    is_open: bool,
}

impl<'a> Replay<'a> {
    fn new(rule: &'static Rule, settings: Settings, object: &'a str) -> Self {
        Self {
            rule,
            settings,
            object,
            minutes: Minutes::default(),
            watch: Watch::default(),
            last: None,
            times: 0,
            spans: VecDeque::new(),
            is_open: false,
        }
    }

    fn step(&mut self, at: UnixMs, minute: Sketches) {
        let step_ms = Tier::Minute.step_ms();
        self.minutes.push(at, minute);
        let now = at.plus_ms(step_ms);
        let elapsed_ms = self.last.map_or(0, |last| now.since_ms(last).max(0));
        self.last = Some(now);
        // What a whole minute says has been so for that minute already. A rule with a shorter window
        // sees only that it was so once in the minute.
        let credit_ms = if self.rule.window_ms() >= step_ms { step_ms } else { 0 };
        let tick = Tick { now, elapsed_ms, step_ms, credit_ms };
        self.watch.look(self.rule, &self.settings, &self.minutes, &tick);
        self.watch.sweep();
        let tracks = self.watch.tracks.iter();
        let mut asked =
            tracks.filter(|(object, _)| self.object.is_empty() || ***object == *self.object);
        let fires = asked.any(|(_, track)| rank(track.state) >= rank(AlertState::Recovering));
        match (self.is_open, fires) {
            (false, true) => {
                self.times = self.times.saturating_add(1);
                self.spans.push_back((now, None));
                if self.spans.len() > SPANS_MAX {
                    self.spans.pop_front();
                }
            }
            (true, false) => {
                if let Some((_, end)) = self.spans.back_mut() {
                    *end = Some(now);
                }
            }
            _ => {}
        }
        self.is_open = fires;
    }

    fn outcome(self, from: UnixMs, until: UnixMs) -> RulePreview {
        RulePreview {
            times: self.times,
            spans: self.spans.into(),
            from,
            until,
            step_ms: Tier::Minute.step_ms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use galen_core::{Frame, HistoryBatch};

    use super::*;
    use crate::judge::script::{ROUTES, STEP_MS, Window, World};
    use crate::tests::shelf::Shelf;

    fn change(rule: &str) -> RuleChange {
        RuleChange {
            rule: rule.to_owned(),
            object: String::new(),
            enabled: true,
            threshold: None,
            pending_s: None,
        }
    }

    fn frames(at: UnixMs, minute: &Sketches) -> Vec<Frame> {
        let of = |metric: Metric| {
            let points = minute.of(metric);
            let points = points.map(|(object, point)| (Arc::clone(object), point.encode()));
            Frame {
                tier: Tier::Minute,
                at,
                metric: metric.text().into(),
                is_detail: metric.is_detail(),
                points: points.collect(),
            }
        };
        minute.metrics().map(of).collect()
    }

    /// A world that is judged live, and whose windows are kept as minutes.
    struct Past {
        world: World,
        shelf: Arc<Shelf>,
        minute: Sketches,
        /// By rule: from when to when it fired, live.
        spans: BTreeMap<&'static str, Vec<(UnixMs, Option<UnixMs>)>>,
    }

    const RULES: [&str; 4] = ["response_slow", "pool_use", "sessions_many", "write_queue"];

    impl Past {
        fn new() -> Self {
            let (world, shelf) = (World::new(), Shelf::new());
            Self { world, shelf, minute: Sketches::default(), spans: BTreeMap::new() }
        }

        async fn live(&mut self, windows: u32, record: impl Fn(&mut Window)) {
            for _ in 0..windows {
                let mut window = Window::default();
                record(&mut window);
                self.minute.merge_all(window.sketches());
                self.world.tick(|now| *now = window);
                self.note();
                let minute_at = Tier::Minute.window_of(self.world.now.plus_ms(-STEP_MS));
                if Tier::Minute.window_of(self.world.now) > minute_at {
                    let frames = frames(minute_at, &std::mem::take(&mut self.minute));
                    let batch = HistoryBatch { frames, ..HistoryBatch::default() };
                    self.shelf.append(batch).await.unwrap();
                }
            }
        }

        fn note(&mut self) {
            for rule in RULES {
                let fires = rank(self.world.state(rule)) >= rank(AlertState::Recovering);
                let spans = self.spans.entry(rule).or_default();
                match spans.last_mut() {
                    Some((_, end)) if end.is_none() => {
                        *end = (!fires).then_some(self.world.now);
                    }
                    _ if fires => spans.push((self.world.now, None)),
                    _ => {}
                }
            }
        }

        async fn preview(&self, change: &RuleChange) -> RulePreview {
            let settings = Settings::default();
            preview(&*self.shelf, &settings, change, self.world.now).await.unwrap()
        }
    }

    fn healthy(window: &mut Window) {
        window.healthy();
    }

    fn sick(window: &mut Window) {
        window.vitals();
        window.slow((ROUTES[0], "ok"), 10, 8_000, "query");
        for _ in 0..99 {
            window.gauge(Metric::PoolUse, "", 0.97);
        }
        window.gauge(Metric::Sessions, "active", 5_000.0).gauge(Metric::WriterBusyNs, "", 3e9);
    }

    #[tokio::test]
    async fn a_preview_says_what_the_judge_did() {
        let mut past = Past::new();
        for (calm, ill) in [(60, 24), (90, 30), (120, 2), (120, 42)] {
            past.live(calm, healthy).await;
            past.live(ill, sick).await;
        }
        past.live(120, healthy).await;
        for rule in RULES {
            let told = past.preview(&change(rule)).await;
            let lived = &past.spans[rule];
            assert_eq!(told.times as usize, lived.len(), "{rule}: {told:?} {lived:?}");
            assert!(told.times >= 3, "{rule} fired {} times", told.times);
            for (told, lived) in told.spans.iter().zip(lived) {
                let apart_ms = told.0.since_ms(lived.0).abs();
                assert!(apart_ms <= 120_000, "{rule}: {told:?} {lived:?}");
                let ends = told.1.zip(lived.1).expect("all are over");
                assert!(ends.0.since_ms(ends.1).abs() <= 120_000, "{rule}: {told:?} {lived:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_lasted_less_than_a_minute_is_not_seen_of_a_rule_with_a_short_window() {
        let mut past = Past::new();
        past.live(60, healthy).await;
        past.live(4, sick).await;
        past.live(62, healthy).await;
        assert_eq!(past.spans["write_queue"].len(), 1);
        assert_eq!(past.preview(&change("write_queue")).await.times, 0);
        assert_eq!(past.preview(&change("response_slow")).await.times, 1, "its window is a minute");
    }

    #[tokio::test]
    async fn a_preview_holds_the_change_that_was_asked_for() {
        let mut past = Past::new();
        past.live(60, healthy).await;
        past.live(60, sick).await;
        let milder = RuleChange { threshold: Some(9.0), ..change("response_slow") };
        assert_eq!(past.preview(&milder).await.times, 0);
        let off = RuleChange { enabled: false, ..change("response_slow") };
        assert_eq!(past.preview(&off).await.times, 0);
        let other = RuleChange { object: ROUTES[1].to_owned(), ..change("response_slow") };
        assert_eq!(past.preview(&other).await.times, 0, "that route was well");
        let still = past.preview(&change("response_slow")).await;
        assert_eq!((still.times, still.spans[0].1), (1, None), "it fires still");
        assert_eq!((still.until.since_ms(still.from), still.step_ms), (86_400_000, 60_000));
    }

    #[tokio::test]
    async fn minutes_in_which_nothing_ran_are_not_judged() {
        let mut past = Past::new();
        past.live(60, healthy).await;
        past.world.now = past.world.now.plus_ms(3_600_000);
        past.live(60, healthy).await;
        assert_eq!(past.preview(&change("no_data")).await.times, 0);
        past.live(30, |window| {
            window.count(Metric::MonitorCpuNs, "", 1_000);
        })
        .await;
        assert_eq!(past.preview(&change("no_data")).await.times, 1);
    }

    #[tokio::test]
    async fn a_preview_of_what_cannot_be_or_from_a_broken_history_is_refused() {
        let past = Past::new();
        let settings = Settings::default();
        let ask = |change| {
            let (shelf, settings, now) = (&past.shelf, &settings, past.world.now);
            async move { preview(&**shelf, settings, &change, now).await.unwrap_err().code }
        };
        assert_eq!(ask(change("no_such_rule")).await, Code::NotFound);
        let absurd = RuleChange { threshold: Some(-1.0), ..change("pool_use") };
        assert_eq!(ask(absurd).await, Code::InvalidFields);
        past.shelf.fails.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(ask(change("pool_use")).await, Code::DiskFull);
    }
}
