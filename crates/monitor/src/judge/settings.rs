//! What admins changed of the rules, and the limits that are in force for an object.

use std::collections::BTreeMap;

use galen_core::model::RuleChange;
use galen_core::{Code, Refusal};

use crate::rules::Rule;

/// For how many objects one rule may be changed.
const OVERRIDES_MAX: usize = 100;
/// The longest pending period, in seconds: an hour.
const PENDING_MAX_S: u32 = 3_600;
/// The longest name of an object, in bytes: longer than any route of this program.
const OBJECT_MAX: usize = 300;

/// The limits in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub enabled: bool,
    pub threshold: f64,
    pub clears_at: f64,
    pub above: bool,
    pub pending_s: u32,
    pub keep_s: u32,
}

impl Limits {
    /// Whether the value is past the threshold.
    pub fn is_bad(&self, value: f64) -> bool {
        if self.above { value > self.threshold } else { value < self.threshold }
    }

    /// Whether the value is far enough on the good side for a firing one to recover.
    pub fn is_clear(&self, value: f64) -> bool {
        if self.above { value <= self.clears_at } else { value >= self.clears_at }
    }
}

/// All changes in force, by rule and object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    changes: BTreeMap<&'static str, BTreeMap<String, RuleChange>>,
}

impl Settings {
    /// Changes of rules that are not in the table are left out: they are of another version.
    pub fn new(changes: Vec<RuleChange>) -> Self {
        let mut settings = Self::default();
        for change in changes {
            settings.put(change);
        }
        settings
    }

    /// Takes in one change in place of what was there.
    pub fn put(&mut self, change: RuleChange) {
        if let Some((_, rule)) = Rule::named(&change.rule) {
            let of_rule = self.changes.entry(rule.code).or_default();
            of_rule.insert(change.object.clone(), change);
        }
    }

    fn change(&self, rule: &Rule, object: &str) -> Option<&RuleChange> {
        self.changes.get(rule.code)?.get(object)
    }

    /// The limits for an object: what was changed for it, else for all, else the table's.
    pub fn limits(&self, rule: &Rule, object: &str) -> Limits {
        let all = self.change(rule, "");
        let own = if object.is_empty() { None } else { self.change(rule, object) };
        let changes = [own, all].into_iter().flatten();
        let threshold = changes.clone().find_map(|change| change.threshold);
        let threshold = threshold.unwrap_or(rule.threshold);
        Limits {
            enabled: changes.clone().next().is_none_or(|change| change.enabled),
            threshold,
            clears_at: threshold * rule.clears_at,
            above: rule.above,
            pending_s: changes.clone().find_map(|c| c.pending_s).unwrap_or(rule.pending_s),
            keep_s: rule.keep_s,
        }
    }

    /// The changes for single objects of a rule.
    pub fn overrides(&self, rule: &Rule) -> Vec<RuleChange> {
        let changes = self.changes.get(rule.code).into_iter().flat_map(BTreeMap::values);
        changes.filter(|change| !change.object.is_empty()).cloned().collect()
    }

    /// Whether anything of a rule was changed.
    pub fn is_changed(&self, rule: &Rule) -> bool {
        self.changes.get(rule.code).is_some_and(|changes| !changes.is_empty())
    }

    /// Whether a change may be kept.
    ///
    /// # Errors
    /// An unknown rule, an object where there are none, one object too many, a threshold or a
    /// pending period that is out of range.
    pub fn check(&self, change: &RuleChange) -> Result<(), Refusal> {
        let Some((_, rule)) = Rule::named(&change.rule) else {
            return Err(Refusal::new(Code::NotFound).with_detail("There is no rule of this name."));
        };
        self.check_object(rule, &change.object)?;
        let most = if rule.unit == "ratio" { 1.0 } else { 1e15 };
        let is_fit = |threshold: f64| {
            let is_enough = if rule.above { threshold >= 0.0 } else { threshold > 0.0 };
            threshold.is_finite() && is_enough && threshold <= most
        };
        if !change.threshold.is_none_or(is_fit) {
            let least = if rule.above { "at least 0" } else { "more than 0" };
            let detail = format!("The threshold is a number, {least} and at most {most}.");
            return Err(Refusal::field("/threshold", Code::FieldRange, detail));
        }
        if change.pending_s.is_some_and(|seconds| seconds > PENDING_MAX_S) {
            let detail = format!("The pending period is at most {PENDING_MAX_S} seconds.");
            return Err(Refusal::field("/pending_s", Code::FieldRange, detail));
        }
        Ok(())
    }

    fn check_object(&self, rule: &Rule, object: &str) -> Result<(), Refusal> {
        if object.is_empty() {
            return Ok(());
        }
        if rule.per.is_empty() {
            let detail = "This rule judges the whole: it has no objects.";
            return Err(Refusal::field("/object", Code::FieldUnknown, detail));
        }
        if object.len() > OBJECT_MAX {
            let detail = format!("An object's name has at most {OBJECT_MAX} bytes.");
            return Err(Refusal::field("/object", Code::FieldLength, detail));
        }
        if object.chars().any(char::is_control) {
            let detail = "An object's name has no control characters.";
            return Err(Refusal::field("/object", Code::FieldFormat, detail));
        }
        let is_new = self.change(rule, object).is_none();
        if is_new && self.overrides(rule).len() >= OVERRIDES_MAX {
            let detail = format!("A rule is changed for at most {OVERRIDES_MAX} objects.");
            return Err(Refusal::field("/object", Code::FieldRange, detail));
        }
        Ok(())
    }
}
