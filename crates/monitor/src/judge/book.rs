//! The book of alerts: one a cause, what is under it, and what still has to be told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use galen_core::model::Silence;
use galen_core::{AlertId, Entropy, Id, KeptAlert, UnixMs};

use super::Judged;
use super::kept;
use super::track::Track;
use super::watch::rank;
use crate::alert::{Alert, AlertState, Delivery, RuleHealth, Severity, Symptom, Telling};
use crate::cause::{CLIENT, Cause};
use crate::rules::Rule;

/// How many alerts are open at once; what fires beyond goes under its rule's own name.
const OPEN_MAX: usize = 50;
/// How many alerts wait to be told to be over. Beyond it the oldest wait in the history, and are
/// taken up at the next start.
const CLOSED_MAX: usize = 200;
/// How many symptoms an alert lists; the rest keep it open all the same.
const SYMPTOMS_MAX: usize = 100;

/// An open alert.
#[derive(Debug)]
struct Entry {
    alert: Alert,
    /// Whether it began at this tick.
    is_new: bool,
    /// Whether its firing is to be told.
    is_due: bool,
    /// As it was kept last, but for the values, which change with every tick.
    kept: Option<Alert>,
    /// Symptoms met at this tick.
    met: Vec<(&'static str, Arc<str>)>,
}

/// All alerts that are not over and told of.
pub(crate) struct Book {
    entropy: Arc<dyn Entropy>,
    open: BTreeMap<String, Entry>,
    closed: BTreeMap<AlertId, Alert>,
    silences: Vec<Silence>,
}

impl Book {
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, open: BTreeMap::new(), closed: BTreeMap::new(), silences: Vec::new() }
    }

    /// Takes up an alert of the run before. Gives it back when it is open, for its symptoms.
    pub fn restore(&mut self, row: &KeptAlert) -> Option<&Alert> {
        let alert = kept::read(row);
        let is_older = self.open.get(&alert.cause).is_some_and(|entry| entry.alert.id > alert.id);
        if alert.resolved_at.is_some() {
            self.close(alert);
            return None;
        }
        if is_older {
            // Two of one cause cannot both go on; the older one is over.
            let resolved_at = Some(alert.fired_at);
            self.close(Alert { resolved_at, state: AlertState::Normal, ..alert });
            return None;
        }
        let cause = alert.cause.clone();
        let is_due = !alert.told_firing && alert.silenced_until.is_none();
        let entry = Entry { alert, is_new: false, is_due, kept: None, met: Vec::new() };
        if let Some(Entry { alert: older, .. }) = self.open.insert(cause.clone(), entry) {
            let resolved_at = Some(older.fired_at);
            self.close(Alert { resolved_at, state: AlertState::Normal, ..older });
        }
        self.open.get(&cause).map(|entry| &entry.alert)
    }

    fn close(&mut self, alert: Alert) {
        if !alert.told_resolved {
            self.closed.insert(alert.id, alert);
        }
        while self.closed.len() > CLOSED_MAX {
            let _waits_in_the_history = self.closed.pop_first();
        }
    }

    /// Puts a symptom that fires under the alert of its cause, and gives the cause it went under.
    pub fn join(&mut self, rule: &Rule, cause: Cause, since: UnixMs, now: UnixMs) -> Cause {
        let is_full = self.open.len() >= OPEN_MAX && !self.open.contains_key(&cause.name);
        let cause = if is_full {
            Cause { name: format!("rule:{}", rule.code), is_measured: false, holder: None }
        } else {
            cause
        };
        if !self.open.contains_key(&cause.name) {
            let alert = Alert {
                id: AlertId(Id::mint_at(now, &*self.entropy)),
                cause: cause.name.clone(),
                is_measured: cause.is_measured,
                severity: Severity::Warning,
                state: AlertState::Firing,
                began_at: since.min(now),
                fired_at: now,
                resolved_at: None,
                ended_without_data: false,
                holder: None,
                symptoms: Vec::new(),
                silenced_until: None,
                told_firing: false,
                told_resolved: false,
            };
            let entry = Entry { alert, is_new: true, is_due: false, kept: None, met: Vec::new() };
            self.open.insert(cause.name.clone(), entry);
        }
        cause
    }

    /// Notes where a symptom stands under the alert of its cause. One that is pending keeps an alert
    /// open, but opens none.
    pub fn note(&mut self, rule: &Rule, object: &Arc<str>, track: &Track) {
        let Some(cause) = &track.cause else { return };
        let Some(entry) = self.open.get_mut(&cause.name) else { return };
        entry.note(rule, object, track, cause);
    }

    /// Notes how a symptom ended.
    pub fn note_end(&mut self, rule: &Rule, object: &Arc<str>, track: &Track) {
        let entry = track.cause.as_ref().and_then(|cause| self.open.get_mut(&cause.name));
        let mut rows = entry.into_iter().flat_map(|entry| &mut entry.alert.symptoms);
        if let Some(row) = rows.find(|row| row.rule == rule.code && row.object == **object) {
            (row.state, row.health, row.value) = (track.state, track.health, track.value);
        }
    }

    /// Who holds the write lock, when the canary found out later than the alert began.
    pub fn note_holder(&mut self, cause: &Cause) {
        if let Some(entry) = self.open.get_mut(&cause.name) {
            entry.take_holder(cause);
        }
    }

    /// Ends a tick: alerts without symptoms are over; what changed is to be kept.
    pub fn settle(&mut self, now: UnixMs) -> Judged {
        let mut judged = Judged::default();
        let mut over = Vec::new();
        for (cause, entry) in &mut self.open {
            entry.settle(now);
            entry.hush(&self.silences, now);
            let is_over = entry.alert.resolved_at.is_some();
            if std::mem::take(&mut entry.is_new) || is_over {
                judged.annotations.push(kept::annotation(&entry.alert));
            }
            if is_over {
                over.push(cause.clone());
            }
            judged.kept.extend(entry.changed());
        }
        for cause in over {
            if let Some(entry) = self.open.remove(&cause) {
                self.close(entry.alert);
            }
        }
        judged
    }

    /// Takes over the silences in force.
    pub fn silence(&mut self, silences: Vec<Silence>, now: UnixMs) {
        self.silences = silences;
        for entry in self.open.values_mut() {
            entry.hush(&self.silences, now);
        }
    }

    /// Alerts that are not over, the worst and then the longest first.
    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts: Vec<_> = self.open.values().map(|entry| entry.alert.clone()).collect();
        alerts.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then(a.fired_at.cmp(&b.fired_at)).then(a.id.cmp(&b.id))
        });
        alerts
    }

    /// What waits to be told, in the order in which it happened.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let over = self.closed.values().map(|alert| delivery(alert, Telling::Resolved));
        let due = self.open.values().filter(|entry| {
            entry.is_due && !entry.alert.told_firing && entry.alert.silenced_until.is_none()
        });
        let due = due.map(|entry| delivery(&entry.alert, Telling::Firing));
        let mut all: Vec<_> = over.chain(due).collect();
        all.sort_by_key(|delivery| (delivery.alert.id, delivery.telling == Telling::Resolved));
        all
    }

    /// The message with this key was delivered; gives the alert to be kept.
    pub fn delivered(&mut self, key: &str) -> Option<KeptAlert> {
        let (id, telling) = read_key(key)?;
        if let Some(alert) = self.closed.get_mut(&id) {
            match telling {
                Telling::Firing => alert.told_firing = true,
                Telling::Resolved => alert.told_resolved = true,
            }
            let row = kept::keep(alert);
            if alert.told_resolved {
                self.closed.remove(&id);
            }
            return Some(row);
        }
        let entry = self.open.values_mut().find(|entry| entry.alert.id == id)?;
        if telling == Telling::Resolved {
            return None;
        }
        entry.alert.told_firing = true;
        Some(kept::keep(&entry.alert))
    }
}

fn delivery(alert: &Alert, telling: Telling) -> Delivery {
    let word = match telling {
        Telling::Firing => "firing",
        Telling::Resolved => "resolved",
    };
    Delivery { alert: alert.clone(), telling, key: format!("alert:{}:{word}", alert.id) }
}

fn read_key(key: &str) -> Option<(AlertId, Telling)> {
    let (id, word) = key.strip_prefix("alert:")?.rsplit_once(':')?;
    let telling = match word {
        "firing" => Telling::Firing,
        "resolved" => Telling::Resolved,
        _ => return None,
    };
    Some((id.parse().ok()?, telling))
}

impl Entry {
    fn note(&mut self, rule: &Rule, object: &Arc<str>, track: &Track, cause: &Cause) {
        self.met.push((rule.code, Arc::clone(object)));
        self.take_holder(cause);
        self.alert.is_measured |= cause.is_measured;
        if track.joined {
            let is_mild = self.alert.cause == CLIENT;
            let severity = if is_mild { Severity::Warning } else { rule.severity };
            self.alert.severity = self.alert.severity.max(severity);
            self.alert.began_at = self.alert.began_at.min(track.since);
        }
        let is_it = |row: &Symptom| row.rule == rule.code && row.object == **object;
        let rows = &mut self.alert.symptoms;
        if let Some(row) = rows.iter_mut().find(|row| is_it(row)) {
            row.state = track.state;
            row.health = track.health;
            row.value = track.value;
            row.threshold = track.threshold;
            row.since = track.since;
        } else if rows.len() < SYMPTOMS_MAX {
            rows.push(Symptom {
                rule: rule.code.to_owned(),
                object: object.to_string(),
                state: track.state,
                health: track.health,
                value: track.value,
                threshold: track.threshold,
                unit: rule.unit.to_owned(),
                since: track.since,
            });
        }
    }

    fn take_holder(&mut self, cause: &Cause) {
        if self.alert.holder.is_none() {
            self.alert.holder.clone_from(&cause.holder);
        }
    }

    /// Brings the alert up to date with the symptoms that were met.
    fn settle(&mut self, now: UnixMs) {
        self.met.sort_unstable();
        let met = &self.met;
        let is_met = |row: &Symptom| {
            met.iter().any(|(rule, object)| *rule == row.rule && **object == *row.object)
        };
        // One that never fired leaves no trace; one that fired stays in the list.
        self.alert.symptoms.retain(|row| row.state != AlertState::Pending || is_met(row));
        for row in &mut self.alert.symptoms {
            if !is_met(row) {
                row.state = AlertState::Normal;
            }
        }
        let is_over = self.met.is_empty();
        self.met.clear();
        let furthest = self.alert.symptoms.iter().map(|row| row.state).max_by_key(|s| rank(*s));
        self.alert.state = match furthest {
            _ if is_over => AlertState::Normal,
            Some(AlertState::Firing) => AlertState::Firing,
            _ => AlertState::Recovering,
        };
        if is_over {
            self.alert.resolved_at = Some(now.max(self.alert.fired_at));
            let mut rows = self.alert.symptoms.iter();
            self.alert.ended_without_data = rows.any(|row| row.health != RuleHealth::Ok);
        }
    }

    /// Holds the alert against the silences.
    fn hush(&mut self, silences: &[Silence], now: UnixMs) {
        self.alert.silenced_until = silenced_until(&self.alert, silences, now);
        if self.alert.silenced_until.is_some() {
            self.is_due = false;
        } else if self.alert.state == AlertState::Firing {
            // From now on it is told even if it recovers before the message gets through.
            self.is_due = true;
        }
    }

    /// The row, when it is not as it was kept last.
    fn changed(&mut self) -> Option<KeptAlert> {
        let mut shape = self.alert.clone();
        for row in &mut shape.symptoms {
            row.value = 0.0;
        }
        if self.kept.as_ref() == Some(&shape) {
            return None;
        }
        self.kept = Some(shape);
        Some(kept::keep(&self.alert))
    }
}

/// Until when an alert is silenced: by its cause or altogether, or because each of its symptoms is
/// silenced by its rule. A silence of one rule does not hide what other rules found.
fn silenced_until(alert: &Alert, silences: &[Silence], now: UnixMs) -> Option<UnixMs> {
    let in_force = || silences.iter().filter(|silence| silence.ends_at > now);
    let end_of = |matches: &dyn Fn(&str) -> bool| {
        in_force().filter(|silence| matches(&silence.matches)).map(|s| s.ends_at).max()
    };
    let by_cause = end_of(&|text| text == "*" || text == alert.cause);
    let active = || alert.symptoms.iter().filter(|row| row.state != AlertState::Normal);
    let ends = active().map(|row| end_of(&|text| text == row.rule));
    // The first one that ends, and nothing when one is not silenced: `None` sorts first.
    let by_rules = ends.min().flatten();
    by_cause.max(by_rules)
}
