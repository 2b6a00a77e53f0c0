//! The judge: it holds the figures against the rules at every tick, and keeps the book of alerts.

mod book;
mod kept;
pub(crate) mod measure;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod settings;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
pub(crate) mod track;
pub(crate) mod watch;

use std::sync::Arc;

use galen_core::model::RuleChange;
use galen_core::{Annotation, Entropy, KeptAlert, Refusal, Tier, UnixMs};

use crate::alert::{Alert, AlertState, Delivery, RuleView};
use crate::cause::{Canary, Cause, Causes};
use crate::figures::Figures;
use crate::monitor::{Orders, Situation};
use crate::rules::{self, Rule};
use book::Book;
use settings::Settings;
use track::{Tick, Track};
use watch::Watch;

pub(crate) use kept::read as alert_of;

/// What a tick of the judge leaves to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judged {
    /// Alerts that changed.
    pub kept: Vec<KeptAlert>,
    /// Alerts that began or ended.
    pub annotations: Vec<Annotation>,
}

/// The judge.
pub(crate) struct Judge {
    settings: Settings,
    canary: Canary,
    /// By the place of the rule in the table.
    watches: Vec<Watch>,
    book: Book,
    /// When it judged last.
    now: Option<UnixMs>,
    /// When reading the orders it knows began, on the monotonic clock in nanoseconds.
    orders_at_ns: u64,
}

impl Judge {
    /// A judge that has seen nothing yet.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            settings: Settings::default(),
            canary: Canary::default(),
            watches: rules::ALL.iter().map(|_| Watch::default()).collect(),
            book: Book::new(entropy),
            now: None,
            orders_at_ns: 0,
        }
    }

    /// Goes on with the alerts that the run before left open or not told of to the end.
    pub fn restore(&mut self, rows: Vec<KeptAlert>) {
        for row in rows {
            let Some(alert) = self.book.restore(&row) else { continue };
            let cause = Cause {
                name: alert.cause.clone(),
                is_measured: alert.is_measured,
                holder: alert.holder.clone(),
            };
            for symptom in &alert.symptoms {
                let goes_on = matches!(symptom.state, AlertState::Firing | AlertState::Recovering);
                // A symptom of a rule that is no longer in the table is over.
                if let Some((at, _)) = Rule::named(&symptom.rule).filter(|_| goes_on) {
                    let track = Track::restored(symptom, cause.clone());
                    self.watches[at].tracks.insert(symptom.object.as_str().into(), track);
                }
            }
        }
    }

    /// Judges all rules once. To be called after each window.
    pub fn judge(&mut self, now: UnixMs, figures: &dyn Figures, situation: &Situation) -> Judged {
        let elapsed_ms = self.now.map_or(0, |last| now.since_ms(last).max(0));
        let tick = Tick { now, elapsed_ms, step_ms: Tier::Fine.step_ms(), credit_ms: 0 };
        self.now = Some(now);
        if let Some(orders) = &situation.orders {
            self.take_orders(orders.clone(), now);
        }
        self.canary.note(situation.health.as_ref(), now);
        for (rule, watch) in rules::ALL.iter().zip(&mut self.watches) {
            watch.look(rule, &self.settings, figures, &tick);
        }
        self.put_down(figures, now);
        for (rule, watch) in rules::ALL.iter().zip(&mut self.watches) {
            for (object, track) in &watch.tracks {
                if track.state != AlertState::Normal {
                    self.book.note(rule, object, track);
                }
            }
        }
        self.note_ends();
        self.book.settle(now)
    }

    /// Puts symptoms down to causes, as long as they do not fire.
    fn put_down(&mut self, figures: &dyn Figures, now: UnixMs) {
        let mut causes = Causes::new(figures, &self.canary);
        for (rule, watch) in rules::ALL.iter().zip(&mut self.watches) {
            for (object, track) in &mut watch.tracks {
                if track.joined || track.state == AlertState::Normal {
                    continue;
                }
                // What was measured once while it was pending holds against not knowing.
                let found = causes.of(rule, object);
                let before = track.cause.take().filter(|before| before.is_measured);
                let cause = if found.is_measured { found } else { before.unwrap_or(found) };
                let fires = track.state == AlertState::Firing;
                track.joined = fires;
                track.cause =
                    Some(if fires { self.book.join(rule, cause, track.since, now) } else { cause });
            }
        }
        if let Some(lock) = self.canary.lock_now() {
            self.book.note_holder(&lock);
        }
    }

    /// Tells the book how symptoms ended, and lets go of them.
    fn note_ends(&mut self) {
        for (rule, watch) in rules::ALL.iter().zip(&mut self.watches) {
            for (object, track) in &watch.tracks {
                if track.state == AlertState::Normal && track.joined {
                    self.book.note_end(rule, object, track);
                }
            }
            watch.sweep();
        }
    }

    /// Alerts that are not over, the worst first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.book.alerts()
    }

    /// The rules, as they stand.
    pub fn rules(&self) -> Vec<RuleView> {
        let both = rules::ALL.iter().zip(&self.watches);
        both.map(|(rule, watch)| watch.view(rule, &self.settings)).collect()
    }

    /// Messages that wait to be delivered, the oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.book.deliveries()
    }

    /// The message with this key was delivered; gives the alert to be kept.
    pub fn delivered(&mut self, key: &str) -> Option<KeptAlert> {
        self.book.delivered(key)
    }

    /// Takes over changed rules and silences, unless later ones are known: a silence that was set
    /// while a tick was reading is not undone by what the tick had read. States follow with the tick.
    pub fn take_orders(&mut self, orders: Orders, now: UnixMs) {
        if orders.read_at_ns < self.orders_at_ns {
            return;
        }
        self.orders_at_ns = orders.read_at_ns;
        self.settings = Settings::new(orders.rule_changes);
        self.book.silence(orders.silences, now);
    }

    /// Whether a change of a rule may be kept.
    ///
    /// # Errors
    /// See [`Settings::check`].
    pub fn check_change(&self, change: &RuleChange) -> Result<(), Refusal> {
        self.settings.check(change)
    }

    /// What admins changed, for a preview.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
