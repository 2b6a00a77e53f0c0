//! The life of a symptom: one rule on one object, from normal to normal.

use galen_core::UnixMs;

use super::settings::Limits;
use crate::alert::{AlertState, RuleHealth, Symptom};
use crate::cause::Cause;

/// After so long without data a symptom is let go, in seconds.
const DARK_S: u32 = 600;

/// One look at the rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick {
    /// Wall time, for what is shown.
    pub now: UnixMs,
    /// Since the look before, in milliseconds; never negative.
    pub elapsed_ms: i64,
    /// How far looks are apart when all goes well, in milliseconds.
    pub step_ms: i64,
    /// For how long it has been so already when something is first seen, in milliseconds: nothing,
    /// but when history is replayed in coarse steps.
    pub credit_ms: i64,
}

/// What was seen of the object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    /// The value in the rule's unit.
    Value(f64),
    /// Nothing, or too little to judge.
    NoData,
    /// Something that cannot be judged.
    Error,
    /// Nobody looks: the rule is off.
    Off,
}

/// For how long something has held: counted in time and in looks, so that neither a clock that
/// jumps nor looks that come in a heap make it long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    ms: i64,
    ticks: u32,
}

impl Held {
    fn credit(tick: &Tick) -> Self {
        let ticks = tick.credit_ms / tick.step_ms.max(1);
        Self { ms: tick.credit_ms, ticks: u32::try_from(ticks).unwrap_or(u32::MAX) }
    }

    fn add(&mut self, tick: &Tick) {
        self.ms = self.ms.saturating_add(tick.elapsed_ms.max(0));
        self.ticks = self.ticks.saturating_add(1);
    }

    fn reaches(self, seconds: u32, tick: &Tick) -> bool {
        let wanted_ms = i64::from(seconds) * 1_000;
        let step_ms = tick.step_ms.max(1);
        let wanted_ticks = wanted_ms.saturating_add(step_ms - 1) / step_ms;
        // Half a step of grace: a timer is never exact.
        self.ms.saturating_add(step_ms / 2) >= wanted_ms
            && i64::from(self.ticks) >= wanted_ticks.max(1)
    }
}

/// A symptom that is not normal. Normal ones are not kept.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub state: AlertState,
    pub health: RuleHealth,
    /// The value judged last.
    pub value: f64,
    /// The threshold it was held against.
    pub threshold: f64,
    /// Since when it has been above.
    pub since: UnixMs,
    /// What it is put down to; open to better knowledge until it fires.
    pub cause: Option<Cause>,
    /// Whether it is under an alert, from firing on; its cause is fixed then.
    pub joined: bool,
    held: Held,
    dark: Held,
}

impl Track {
    /// A symptom that is about to be looked at for the first time.
    pub fn new() -> Self {
        Self {
            state: AlertState::Normal,
            health: RuleHealth::Ok,
            value: 0.0,
            threshold: 0.0,
            since: UnixMs(0),
            cause: None,
            joined: false,
            held: Held::default(),
            dark: Held::default(),
        }
    }

    /// A symptom that a run before left under an alert. How long it has held so is not known.
    pub fn restored(symptom: &Symptom, cause: Cause) -> Self {
        Self {
            state: symptom.state,
            health: RuleHealth::NoData,
            value: symptom.value,
            threshold: symptom.threshold,
            since: symptom.since,
            cause: Some(cause),
            joined: true,
            ..Self::new()
        }
    }

    /// Takes one look. A look goes along one arrow at the most, but for a replay's credit.
    pub fn advance(&mut self, seen: Seen, limits: &Limits, tick: &Tick) {
        self.threshold = limits.threshold;
        match seen {
            Seen::Value(value) => {
                self.health = RuleHealth::Ok;
                self.dark = Held::default();
                self.value = value;
                self.judge(value, limits, tick);
            }
            Seen::NoData | Seen::Error => {
                let is_error = seen == Seen::Error;
                self.health = if is_error { RuleHealth::Error } else { RuleHealth::NoData };
                self.dark.add(tick);
                if self.dark.reaches(DARK_S, tick) {
                    self.fade();
                }
            }
            Seen::Off => self.fade(),
        }
    }

    fn judge(&mut self, value: f64, limits: &Limits, tick: &Tick) {
        match self.state {
            AlertState::Normal if limits.is_bad(value) => {
                self.state = AlertState::Pending;
                self.since = tick.now;
                self.held = Held::credit(tick);
                if tick.credit_ms > 0 && self.held.reaches(limits.pending_s, tick) {
                    self.state = AlertState::Firing;
                }
            }
            AlertState::Normal => {}
            AlertState::Pending if limits.is_bad(value) => {
                self.held.add(tick);
                if self.held.reaches(limits.pending_s, tick) {
                    self.state = AlertState::Firing;
                }
            }
            AlertState::Pending => self.state = AlertState::Normal,
            AlertState::Firing if limits.is_clear(value) => {
                self.state = AlertState::Recovering;
                self.held = Held::default();
            }
            AlertState::Firing => {}
            AlertState::Recovering if limits.is_bad(value) => self.state = AlertState::Firing,
            AlertState::Recovering => {
                self.held.add(tick);
                if self.held.reaches(limits.keep_s, tick) {
                    self.state = AlertState::Normal;
                }
            }
        }
    }

    /// One arrow towards normal, without a look at values.
    fn fade(&mut self) {
        self.state = match self.state {
            AlertState::Firing => AlertState::Recovering,
            _ => AlertState::Normal,
        };
    }
}
