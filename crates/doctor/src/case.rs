//! The case: sealed evidence with its symptoms and budgets, as every check reads it.

use crate::budget::{self, Budget};
use crate::evidence::{Evidence, Fact, FactKey, Missing, Value, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::{self, Ailment, Symptom};
use crate::threads::{self, ThreadView};
use crate::thresholds::Thresholds;
use crate::words::Code;

/// Everything a check reads. It owns no clock and no handle on the world.
#[derive(Debug)]
pub struct Case<'a> {
    /// What was measured.
    pub evidence: &'a Evidence,
    /// What counts as sick.
    pub thresholds: &'a Thresholds,
    /// Whether this is the installation the doctor belongs to.
    pub own: bool,
    /// The endpoints that miss their target, worst first.
    pub symptoms: Vec<Symptom>,
    /// The budget of each slow symptom that was timed.
    pub budgets: Vec<Budget>,
}

impl<'a> Case<'a> {
    /// Finds symptoms and budgets in evidence.
    pub fn new(evidence: &'a Evidence, thresholds: &'a Thresholds, own: bool) -> Self {
        let symptoms = symptom::find(evidence, thresholds);
        let budgets = symptoms
            .iter()
            .filter(|symptom| symptom.ailment == Ailment::Slow)
            .filter_map(|symptom| budget::of(evidence, symptom))
            .collect();
        Self { evidence, thresholds, own, symptoms, budgets }
    }

    /// Slow endpoints, worst first.
    pub fn slow(&self) -> impl Iterator<Item = &Symptom> {
        self.symptoms.iter().filter(|symptom| symptom.ailment == Ailment::Slow)
    }

    /// The symptom of an ailment, if any.
    pub fn ailing(&self, ailment: Ailment) -> Option<&Symptom> {
        self.symptoms.iter().find(|symptom| symptom.ailment == ailment)
    }

    /// The budget of a symptom.
    pub fn budget(&self, symptom: &Symptom) -> Option<&Budget> {
        self.budgets.iter().find(|budget| budget.object == symptom.object)
    }

    /// The threads watched while this endpoint's request was outstanding.
    pub fn threads(&self, symptom: &Symptom) -> Vec<ThreadView<'a>> {
        threads::watched(self.evidence, &symptom.windows())
    }

    /// For each slow endpoint that was watched: the thread that runs the event loop.
    pub fn loops(&self) -> Vec<(&Symptom, ThreadView<'a>)> {
        self.slow()
            .filter_map(|symptom| {
                let views = self.threads(symptom);
                threads::event_loop(&views).cloned().map(|view| (symptom, view))
            })
            .collect()
    }

    /// For each slow endpoint that was watched: the thread that worked on it.
    pub fn workers(&self) -> Vec<(&Symptom, ThreadView<'a>)> {
        self.slow()
            .filter_map(|symptom| {
                let views = self.threads(symptom);
                threads::working(&views).cloned().map(|view| (symptom, view))
            })
            .collect()
    }

    /// Whether any thread was watched while a slow endpoint's request was outstanding, and one
    /// of those observations to cite.
    pub fn any_watched(&self) -> Option<ThreadView<'a>> {
        self.slow().find_map(|symptom| self.threads(symptom).into_iter().next())
    }

    /// The share of a watched request's looks that stood at or inside the server (rooms B, C and
    /// D), as an expression from 0 to 1; 1 where the rooms could not be seen.
    pub fn inside_share(&self, symptom: &Symptom) -> Expr {
        [&symptom.object, &symptom.path]
            .into_iter()
            .find_map(|object| {
                let room = |key| self.evidence.find(key, object);
                let queued = room(FactKey::RoomAcceptQueue)?;
                let unread = room(FactKey::RoomUnread)?;
                let handler = room(FactKey::RoomInHandler)?;
                let looks = [queued, unread, handler].map(Expr::value);
                Some(Expr::sum(looks).over(Expr::n(handler)))
            })
            .unwrap_or(Expr::Constant(1.0))
    }

    /// The serving process and the fact that names it.
    pub fn server(&self) -> Option<(u32, &'a Fact)> {
        let fact = self.evidence.any(FactKey::TargetPid)?;
        match fact.value {
            Value::Int(pid) => u32::try_from(pid).ok().map(|pid| (pid, fact)),
            _ => None,
        }
    }

    /// The whole time of a symptom's watched request, in milliseconds.
    pub fn time(&self, symptom: &Symptom) -> Option<Figure> {
        Figure::ms(budget::total_expr(self.evidence, symptom)?, self.evidence)
    }

    /// The endpoint with the greatest 95th percentile at one request at a time, and that fact.
    pub fn slowest(&self) -> Option<(&'a str, &'a Fact, Figure)> {
        self.evidence
            .all(FactKey::HttpTotalMs)
            .filter(|fact| object::parse_endpoint(&fact.object).1 == 1)
            .filter_map(|fact| {
                let p95 = Figure::ms(Expr::p95(fact), self.evidence)?;
                Some((fact.object.as_str(), fact, p95))
            })
            .max_by(|a, b| a.2.value.total_cmp(&b.2.value))
    }

    /// An endpoint that stays well below its target, the fastest: the control of any repair.
    pub fn control(&self) -> Option<(&'a str, &'a Fact)> {
        self.evidence
            .all(FactKey::HttpTotalMs)
            .filter(|fact| object::parse_endpoint(&fact.object).1 == 1)
            .filter(|fact| self.symptoms.iter().all(|symptom| symptom.path != fact.object))
            .filter_map(|fact| Some((fact, self.evidence.median(fact.key, &fact.object)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(fact, _)| (fact.object.as_str(), fact))
    }

    /// The configured response target, as printed.
    pub fn target_text(&self) -> String {
        Figure::constant(self.thresholds.response_target_ms, Unit::Ms).to_string()
    }

    /// Adds a process's command line to a sentence, or says that it is not known.
    pub fn command(&self, sentence: Sentence, pid: u32) -> Sentence {
        match self.evidence.find(FactKey::ProcessCmdline, &object::process(pid)) {
            Some(fact) => match &fact.value {
                Value::Text(line) => sentence.name("command", line, fact),
                _ => sentence.word("command", Code::UnknownCommand),
            },
            None => sentence.word("command", Code::UnknownCommand),
        }
    }

    /// Why facts of these kinds are missing: what the probes said, what they said about the thing
    /// that comes before (the database, the process), or that none was collected.
    pub fn gaps(&self, keys: &[FactKey]) -> Vec<Missing> {
        let told: Vec<Missing> =
            keys.iter().filter_map(|key| self.evidence.any_gap(*key).cloned()).collect();
        if !told.is_empty() {
            return told;
        }
        let Some(key) = keys.first() else { return Vec::new() };
        let before = match key.name() {
            name if name.starts_with("Sqlite") => self.evidence.any_gap(FactKey::SqlitePath),
            name if name.starts_with("Thread") || name.starts_with("Process") => {
                self.evidence.any_gap(FactKey::TargetPid)
            }
            name if name.starts_with("Pg") => [FactKey::PgVersion, FactKey::PgWaits]
                .into_iter()
                .find_map(|key| self.evidence.any_gap(key)),
            _ => None,
        };
        let reason = before.map_or("no probe found it here", |gap| &gap.reason).to_owned();
        vec![Missing { key: *key, object: object::TARGET.to_owned(), reason }]
    }

    /// A share in percent of a whole.
    pub fn percent(&self, part: Expr, whole: Expr) -> Option<Figure> {
        Figure::percent(part, whole, self.evidence)
    }

    /// A share in percent, of an expression that already is a share from 0 to 1.
    pub fn share(&self, share: Expr) -> Option<Figure> {
        Figure::percent(share.at_most(Expr::Constant(1.0)), Expr::Constant(1.0), self.evidence)
    }

    /// A count.
    pub fn count(&self, expr: Expr) -> Option<Figure> {
        Figure::count(expr, self.evidence)
    }

    /// A duration in milliseconds.
    pub fn ms(&self, expr: Expr) -> Option<Figure> {
        Figure::ms(expr, self.evidence)
    }

    /// A size.
    pub fn bytes(&self, fact: &Fact) -> Option<Figure> {
        Figure::of(Expr::value(fact), Unit::Bytes, self.evidence)
    }

    /// A PID taken from a fact.
    pub fn pid(&self, fact: &Fact) -> Option<Figure> {
        Figure::of(Expr::value(fact), Unit::Id, self.evidence)
    }
}
