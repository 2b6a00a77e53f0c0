//! One rule at work: its readings held against its limits, object by object.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::measure::Reading;
use super::settings::Settings;
use super::track::{Seen, Tick, Track};
use crate::alert::{AlertState, RuleHealth, RuleView};
use crate::figures::Figures;
use crate::rules::Rule;

/// How many objects of one rule are judged: the worst ones.
pub(crate) const OBJECTS_MAX: usize = 500;

/// One rule's symptoms, and where it stands.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// By object; normal ones are only in it until [`Watch::sweep`].
    pub tracks: BTreeMap<Arc<str>, Track>,
    health: RuleHealth,
    worst: Option<(Arc<str>, f64)>,
    unjudged: u64,
}

/// How far along a state is: a firing one stands before one that recovers.
pub(crate) const fn rank(state: AlertState) -> u8 {
    match state {
        AlertState::Normal => 0,
        AlertState::Pending => 1,
        AlertState::Recovering => 2,
        AlertState::Firing => 3,
    }
}

fn seen(reading: &Reading, rule: &Rule) -> Seen {
    match reading.value {
        _ if reading.count < rule.min_count => Seen::NoData,
        Some(value) if value.is_finite() => Seen::Value(value),
        _ => Seen::Error,
    }
}

impl Watch {
    /// Looks once at all objects of the rule.
    pub fn look(&mut self, rule: &Rule, settings: &Settings, figures: &dyn Figures, tick: &Tick) {
        let mut readings = (rule.measure)(figures, rule.window_ms());
        self.cut(&mut readings, rule);
        (self.health, self.worst) = (RuleHealth::NoData, None);
        let mut met = Vec::with_capacity(readings.len());
        for reading in &readings {
            let seen = seen(reading, rule);
            self.stand(rule, &reading.object, seen);
            self.advance(rule, settings, (&reading.object, seen), tick);
            met.push(&reading.object);
        }
        // Readings come in the order of their objects, unless they were cut.
        met.sort_unstable();
        for (object, track) in &mut self.tracks {
            if met.binary_search(&object).is_err() {
                let limits = settings.limits(rule, object);
                let seen = if limits.enabled { Seen::NoData } else { Seen::Off };
                track.advance(seen, &limits, tick);
            }
        }
    }

    /// Leaves out the mildest readings beyond the limit; symptoms stay in.
    fn cut(&mut self, readings: &mut Vec<Reading>, rule: &Rule) {
        self.unjudged = readings.len().saturating_sub(OBJECTS_MAX) as u64;
        if self.unjudged == 0 {
            return;
        }
        let badness = |reading: &Reading| {
            let value = reading.value.unwrap_or(0.0);
            if rule.above { value } else { -value }
        };
        readings.sort_by(|a, b| {
            let is_symptom = |reading: &Reading| self.tracks.contains_key(&reading.object);
            let symptoms_first = is_symptom(b).cmp(&is_symptom(a));
            symptoms_first.then_with(|| badness(b).total_cmp(&badness(a)))
        });
        readings.truncate(OBJECTS_MAX);
    }

    fn stand(&mut self, rule: &Rule, object: &Arc<str>, seen: Seen) {
        match seen {
            Seen::Value(value) => {
                if self.health == RuleHealth::NoData {
                    self.health = RuleHealth::Ok;
                }
                let is_worse = |(_, worst): &(Arc<str>, f64)| {
                    if rule.above { value > *worst } else { value < *worst }
                };
                if self.worst.as_ref().is_none_or(is_worse) {
                    self.worst = Some((Arc::clone(object), value));
                }
            }
            Seen::Error => self.health = RuleHealth::Error,
            Seen::NoData | Seen::Off => {}
        }
    }

    fn advance(
        &mut self,
        rule: &Rule,
        settings: &Settings,
        (object, seen): (&Arc<str>, Seen),
        tick: &Tick,
    ) {
        let limits = settings.limits(rule, object);
        let seen = if limits.enabled { seen } else { Seen::Off };
        if let Some(track) = self.tracks.get_mut(object) {
            track.advance(seen, &limits, tick);
        } else if self.tracks.len() < OBJECTS_MAX {
            let mut track = Track::new();
            track.advance(seen, &limits, tick);
            if track.state != AlertState::Normal {
                self.tracks.insert(Arc::clone(object), track);
            }
        }
    }

    /// Lets go of symptoms that are over.
    pub fn sweep(&mut self) {
        self.tracks.retain(|_, track| track.state != AlertState::Normal);
    }

    /// The rule as it is shown.
    pub fn view(&self, rule: &Rule, settings: &Settings) -> RuleView {
        let limits = settings.limits(rule, "");
        let overrides = settings.overrides(rule);
        let states = self.tracks.values().map(|track| track.state);
        let worst = self.worst.as_ref().map(|(object, value)| (object.to_string(), *value));
        RuleView {
            code: rule.code.to_owned(),
            sentence: rule.sentence(limits.threshold),
            unit: rule.unit.to_owned(),
            above: rule.above,
            threshold: limits.threshold,
            threshold_default: rule.threshold,
            clears_at: limits.clears_at,
            pending_s: limits.pending_s,
            keep_s: rule.keep_s,
            window_s: rule.window_s,
            min_count: rule.min_count,
            severity: rule.severity,
            per: rule.per.to_owned(),
            enabled: limits.enabled,
            changed: settings.is_changed(rule),
            overrides,
            health: self.health,
            state: states.max_by_key(|state| rank(*state)).unwrap_or_default(),
            worst,
            unjudged: self.unjudged,
        }
    }
}
