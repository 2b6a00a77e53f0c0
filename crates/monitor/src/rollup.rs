//! Roll-ups: minutes made of fine windows and hours made of minutes, read back from the history.
//!
//! Because they are read back, a restart in the middle of a minute or an hour loses nothing of it.

use std::borrow::Cow;
use std::sync::Arc;

use galen_core::{Frame, FrameAsk, History, HistoryBatch, HistoryFacts, StoreResult, Tier, UnixMs};

use crate::metric::Metric;
use crate::outbox::frames;
use crate::point::Point;
use crate::sketches::Sketches;

/// How many windows of a tier are looked at in one tick, at the most; the others wait. Charts read
/// the finer tier for what is not rolled up yet.
const WINDOWS_MAX: usize = 60;
/// There are at most so many finer windows in a coarser one.
const FRAMES_MAX: u32 = 60;

/// Which windows are to be rolled up next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// The first minute that is not rolled up.
    pub minute: Option<UnixMs>,
    /// The first hour that is not.
    pub hour: Option<UnixMs>,
    /// Up to when fine windows are whole.
    until: Option<UnixMs>,
}

impl Due {
    /// What the run before left to be rolled up.
    pub fn of(facts: &HistoryFacts, now: UnixMs) -> Self {
        let next = |tier: Tier, finer: Tier| {
            let newest = facts.newest[number(tier)].map(|at| at.plus_ms(tier.step_ms()));
            let oldest = facts.reaches_to[number(finer)].map(|at| tier.window_of(at));
            let kept_since = tier.window_of(now.plus_ms(-finer.keep_ms()));
            // A newest window ahead of the clock is one the clock jumped back from.
            newest.or(oldest).map(|next| next.clamp(kept_since, tier.window_of(now)))
        };
        let hour = next(Tier::Hour, Tier::Minute);
        // Before the first whole minute only fine windows tell when it all began.
        let began = facts.reaches_to[number(Tier::Fine)].map(|at| Tier::Hour.window_of(at));
        Self { minute: next(Tier::Minute, Tier::Fine), hour: hour.or(began), until: None }
    }

    /// A fine window was written: the minute and the hour it lies in are due, when they are over.
    /// What is older than the finer windows are kept is due no more: a clock that was set from 1970
    /// to today would leave millions of empty minutes to be rolled up one by one.
    pub fn written(&mut self, at: UnixMs, now: UnixMs) {
        let next = |due: Option<UnixMs>, tier: Tier, finer: Tier| {
            let window = tier.window_of(at);
            let kept_since = tier.window_of(now.plus_ms(-finer.keep_ms()));
            Some(due.map_or(window, |due| due.min(window)).max(kept_since))
        };
        self.minute = next(self.minute, Tier::Minute, Tier::Fine);
        self.hour = next(self.hour, Tier::Hour, Tier::Minute);
        self.until = Some(at.plus_ms(Tier::Fine.step_ms()));
    }

    /// The next window to be rolled up, if it is over.
    fn next(&self, tier: Tier) -> Option<UnixMs> {
        let (due, whole_until) = match tier {
            Tier::Fine => return None,
            Tier::Minute => (self.minute?, self.until?),
            Tier::Hour => (self.hour?, self.minute?),
        };
        (due.plus_ms(tier.step_ms()) <= whole_until).then_some(due)
    }

    fn done(&mut self, tier: Tier, at: UnixMs) {
        let next = Some(at.plus_ms(tier.step_ms()));
        match tier {
            Tier::Fine => {}
            Tier::Minute => self.minute = next,
            Tier::Hour => self.hour = next,
        }
    }

    /// Rolls up what is over, at most a bounded number of windows. What was done stays done when a
    /// later one fails. Gives how many points were written.
    pub async fn roll_up(&mut self, history: &dyn History) -> StoreResult<u64> {
        let mut points = 0;
        for (tier, finer) in [(Tier::Minute, Tier::Fine), (Tier::Hour, Tier::Minute)] {
            for _ in 0..WINDOWS_MAX {
                let Some(at) = self.next(tier) else { break };
                let window = gather(history, finer, at, tier).await?;
                let frames = frames(tier, at, &window);
                points += frames.iter().map(|frame| frame.points.len() as u64).sum::<u64>();
                if !frames.is_empty() {
                    history.append(HistoryBatch { frames, ..HistoryBatch::default() }).await?;
                }
                self.done(tier, at);
            }
        }
        Ok(points)
    }
}

/// A tier's place in lists by tier, the finest first.
pub(crate) const fn number(tier: Tier) -> usize {
    match tier {
        Tier::Fine => 0,
        Tier::Minute => 1,
        Tier::Hour => 2,
    }
}

/// Everything that finer windows hold of the window of `tier` that begins at `at`.
async fn gather(
    history: &dyn History,
    finer: Tier,
    at: UnixMs,
    tier: Tier,
) -> StoreResult<Sketches> {
    let until = at.plus_ms(tier.step_ms());
    let mut window = Sketches::default();
    for name in history.metrics(finer, at, until).await? {
        // A metric of another version of the program is left where it is.
        let Some(metric) = Metric::named(&name) else { continue };
        let ask = FrameAsk {
            tier: finer,
            metric: Cow::Borrowed(metric.text()),
            object: None,
            from: at,
            until,
            limit: FRAMES_MAX,
        };
        for frame in history.frames(ask).await? {
            for (object, bytes) in &frame.points {
                if let Some(point) = Point::decode(bytes) {
                    window.merge(metric, object, &point);
                }
            }
        }
    }
    Ok(window)
}

/// Joins a window with what the history has of it already: the process was restarted within it, or
/// the clock went back.
pub(crate) async fn join(history: &dyn History, frames: &mut [Frame]) -> StoreResult<()> {
    for frame in frames {
        let ask = FrameAsk {
            tier: frame.tier,
            metric: frame.metric.clone(),
            object: None,
            from: frame.at,
            until: frame.at.plus_ms(1),
            limit: 1,
        };
        for kept in history.frames(ask).await?.into_iter().flat_map(|kept| kept.points) {
            join_point(&mut frame.points, kept);
        }
    }
    Ok(())
}

fn join_point(points: &mut Vec<(Arc<str>, Vec<u8>)>, (object, bytes): (Arc<str>, Vec<u8>)) {
    let Some(new) = points.iter_mut().find(|(each, _)| *each == object) else {
        points.push((object, bytes));
        return;
    };
    if let (Some(mut earlier), Some(later)) = (Point::decode(&bytes), Point::decode(&new.1)) {
        earlier.merge(&later);
        new.1 = earlier.encode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn facts(reaches_to: [Option<i64>; 3], newest: [Option<i64>; 3]) -> HistoryFacts {
        HistoryFacts {
            reaches_to: reaches_to.map(|at| at.map(UnixMs)),
            newest: newest.map(|at| at.map(UnixMs)),
            ..HistoryFacts::default()
        }
    }

    #[test]
    fn an_empty_history_is_due_from_its_first_window_on() {
        let mut due = Due::of(&facts([None; 3], [None; 3]), UnixMs(0));
        assert_eq!(due, Due::default());
        due.written(UnixMs(7 * HOUR_MS + 70_000), UnixMs(7 * HOUR_MS + 70_000));
        assert_eq!(due.minute, Some(UnixMs(7 * HOUR_MS + 60_000)));
        assert_eq!(due.hour, Some(UnixMs(7 * HOUR_MS)));
        assert_eq!(due.next(Tier::Minute), None, "the minute goes on");
        due.written(UnixMs(7 * HOUR_MS + 110_000), UnixMs(7 * HOUR_MS + 110_000));
        assert_eq!(due.next(Tier::Minute), Some(UnixMs(7 * HOUR_MS + 60_000)));
    }

    #[test]
    fn a_restart_takes_up_the_minute_and_the_hour_it_was_in() {
        let now = UnixMs(9 * HOUR_MS + 3 * 60_000 + 45_000);
        let began = 5 * HOUR_MS;
        let newest = [9 * HOUR_MS + 180_000, 9 * HOUR_MS + 120_000, 8 * HOUR_MS].map(Some);
        let due = Due::of(&facts([Some(began); 3], newest), now);
        assert_eq!(due.minute, Some(UnixMs(9 * HOUR_MS + 180_000)));
        assert_eq!(due.hour, Some(UnixMs(9 * HOUR_MS)));
        let first_minute =
            Due::of(&facts([Some(began), None, None], [Some(began), None, None]), now);
        assert_eq!(first_minute.minute, Some(UnixMs(began)));
        assert_eq!(first_minute.hour, Some(UnixMs(began)));
    }

    #[test]
    fn a_clock_that_was_set_from_1970_to_today_leaves_no_millions_of_minutes_behind() {
        let mut due = Due::default();
        due.written(UnixMs(60_000), UnixMs(60_000));
        let today = UnixMs(500_000 * HOUR_MS);
        due.written(today, today);
        assert_eq!(due.minute, Some(today.plus_ms(-Tier::Fine.keep_ms())));
        assert_eq!(due.hour, Some(today.plus_ms(-Tier::Minute.keep_ms())));
    }

    #[test]
    fn a_clock_that_goes_back_makes_its_minute_due_again() {
        let mut due = Due::default();
        due.written(UnixMs(9 * HOUR_MS), UnixMs(9 * HOUR_MS));
        due.done(Tier::Minute, UnixMs(9 * HOUR_MS));
        due.written(UnixMs(8 * HOUR_MS + 30_000), UnixMs(8 * HOUR_MS + 30_000));
        assert_eq!(due.minute, Some(UnixMs(8 * HOUR_MS)));
        assert_eq!(due.hour, Some(UnixMs(8 * HOUR_MS)));
        assert_eq!(due.next(Tier::Minute), None);
    }
}
