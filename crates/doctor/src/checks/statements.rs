//! Statements as they were tried on a copy of the database, and what they explain of a request.

use super::{Grade, scan_bound};
use crate::budget::{self, Component};
use crate::case::Case;
use crate::evidence::{Evidence, Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// A statement and what was tried with it on a copy.
pub(super) struct Statement<'a> {
    pub plan: &'a Fact,
    pub time: &'a Fact,
    pub indexed: Option<&'a Fact>,
    pub index: Option<&'a Fact>,
    pub analyzed: Option<&'a Fact>,
    pub text: Option<&'a Fact>,
    pub rows: &'a Fact,
    pub table: &'a str,
}

/// Every statement with a plan, a time and a counted table.
pub(super) fn all<'a>(evidence: &'a Evidence) -> impl Iterator<Item = Statement<'a>> {
    evidence.all(FactKey::SqliteStatementPlan).filter_map(move |plan| {
        let find = |key| evidence.find(key, &plan.object);
        let database = plan.object.rsplit_once('?')?.0;
        let Value::Text(table) = &find(FactKey::SqliteStatementTable)?.value else { return None };
        let rows = evidence.find(FactKey::SqliteTableRows, &object::table(database, table))?;
        Some(Statement {
            plan,
            time: find(FactKey::SqliteStatementMs)?,
            indexed: find(FactKey::SqliteStatementIndexedMs),
            index: find(FactKey::SqliteStatementIndex),
            analyzed: find(FactKey::SqliteStatementAnalyzedMs),
            text: find(FactKey::SqliteStatement),
            rows,
            table,
        })
    })
}

/// What a statement explains of a slow endpoint.
pub(super) struct Explained<'c> {
    pub symptom: &'c Symptom,
    pub share: Figure,
    pub grade: Grade,
}

impl<'a> Statement<'a> {
    /// Its median time as it is.
    pub(super) fn before(&self, case: &Case<'_>) -> Option<Figure> {
        case.ms(Expr::median(self.time))
    }

    /// Whether its plan reads a whole table.
    pub(super) fn scans(&self) -> bool {
        let is_scan =
            |line: &String| line.trim_start_matches(['|', '-', '`', ' ']).starts_with("SCAN");
        matches!(&self.plan.value, Value::List(lines) if lines.iter().any(is_scan))
    }

    /// Whether a trial on a copy made it at least `times` as fast.
    pub(super) fn gains(&self, case: &Case<'_>, trial: Option<&Fact>, times: f64) -> bool {
        let after = trial.and_then(|fact| case.ms(Expr::median(fact)));
        match (self.before(case), after) {
            (Some(before), Some(after)) => after.value * times <= before.value,
            _ => false,
        }
    }

    /// The slow endpoint it explains, if it explains one.
    pub(super) fn explains<'c>(&self, case: &'c Case<'_>, proven: bool) -> Option<Explained<'c>> {
        let path = case.evidence.text(FactKey::SqliteStatementPath, &self.plan.object);
        let symptom =
            case.slow().find(|symptom| path.is_none_or(|path| symptom.path.starts_with(path)))?;
        let database = self.plan.object.rsplit_once('?')?.0;
        let time = budget::total_expr(case.evidence, symptom)?;
        let spent = Expr::median(self.time).times(runs(case, symptom, database));
        let work = work_of(case, symptom);
        let claimed = match &work {
            Some((work, _)) => spent.at_most(work.clone()),
            None => spent.at_most(time.clone()),
        };
        let share = case.percent(claimed.clone(), time)?;
        let coincidences = if proven { 2 } else { 0 };
        let by_cpu = work.and_then(|(_, queued)| {
            Grade::of_computing(case, &share, case.ms(claimed)?.value, queued)
        });
        let grade = Grade::of(share.value, coincidences).or(by_cpu)?;
        Some(Explained { symptom, share, grade })
    }

    /// The statement's text and plan.
    pub(super) fn links(&self) -> Vec<Sentence> {
        let text = self.text.and_then(|fact| match &fact.value {
            Value::Text(sql) => Some(Sentence::new(Code::IndexStatement).name("sql", sql, fact)),
            _ => None,
        });
        let plan = match &self.plan.value {
            Value::List(lines) => {
                Some(Sentence::new(Code::IndexPlan).name("plan", lines.join(", "), self.plan))
            }
            _ => None,
        };
        super::chain::of([text, plan])
    }
}

/// How often the request ran a statement that reads the whole file: by its read calls over the
/// pages, at least once.
fn runs(case: &Case<'_>, symptom: &Symptom, database: &str) -> Expr {
    let calls = scan_bound::read_calls(case, symptom);
    let pages = case.evidence.find(FactKey::SqlitePages, database);
    calls
        .zip(pages)
        .map(|(calls, pages)| Expr::value(calls).over(Expr::value(pages)))
        .filter(|passes| passes.evaluate(case.evidence).is_some_and(|passes| passes > 1.0))
        .unwrap_or(Expr::Constant(1.0))
}

/// The time the request's budget leaves for a database's work, and the share, in percent, in
/// which it stood ready without a CPU; `None` where its threads were not seen at work.
fn work_of(case: &Case<'_>, symptom: &Symptom) -> Option<(Expr, f64)> {
    const WORK: [Component; 3] = [Component::DbWork, Component::OnCpu, Component::Disk];
    let budget = case.budget(symptom)?;
    let rows: Vec<Expr> = budget
        .rows
        .iter()
        .filter(|row| WORK.contains(&row.component))
        .map(|row| row.time.expr.clone())
        .collect();
    (!rows.is_empty()).then(|| (Expr::sum(rows), budget.percent(Component::RunQueue)))
}
