//! The page: the report as strings and shares, ready to be laid out by any renderer.

mod cited;
mod repairs;

use std::collections::BTreeMap;

use galen_core::post::Language;
use serde::Serialize;

use super::{Report, build};
use crate::budget::{Budget, Component};
use crate::checks::{Finding, Grade};
use crate::evidence::{Fact, FactId, FactKey, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::stats::P95_SAMPLES_MIN;
use crate::verdict::Outcome;
use crate::words::language::{never, value_in};
use crate::words::{self, Code};

/// A piece of text, in code type or not.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Span {
    pub text: String,
    pub code: bool,
}

/// A sentence with the ids it rests on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub spans: Vec<Span>,
    /// The first few ids, those that are linked.
    pub ids: Vec<String>,
    /// How many more there are; the JSON has them all.
    pub more: usize,
}

/// How many ids of one sentence a page links.
const IDS_SHOWN: usize = 6;

/// The language a page is written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tongue(pub Language);

impl Tongue {
    /// A word or phrase.
    fn word(self, code: Code) -> &'static str {
        code.text(self.0)
    }

    /// A sentence.
    fn line(self, sentence: &Sentence) -> Line {
        Line::of(sentence, self.0)
    }

    /// A number with its unit.
    fn number(self, value: f64, unit: Unit) -> String {
        value_in(value, unit, self.0)
    }

    /// A figure.
    fn figure(self, figure: &Figure) -> String {
        self.number(figure.value, figure.unit)
    }
}

impl Line {
    fn of(sentence: &Sentence, language: Language) -> Self {
        let mut line = Self::text(&words::render_in(sentence, language));
        line.ids = sentence.evidence.iter().take(IDS_SHOWN).map(FactId::to_string).collect();
        line.more = sentence.evidence.len().saturating_sub(IDS_SHOWN);
        line
    }

    fn text(text: &str) -> Self {
        let spans = text
            .split('`')
            .enumerate()
            .filter(|(_, part)| !part.is_empty())
            .map(|(at, part)| Span { text: part.to_owned(), code: at % 2 == 1 })
            .collect();
        Self { spans, ids: Vec::new(), more: 0 }
    }

    /// The text without marks.
    pub(super) fn plain(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

fn lines<'s>(tongue: Tongue, sentences: impl IntoIterator<Item = &'s Sentence>) -> Vec<Line> {
    sentences.into_iter().map(|sentence| tongue.line(sentence)).collect()
}

/// A row of the endpoints' table.
#[derive(Debug, Serialize)]
pub(super) struct Endpoint {
    pub path: String,
    pub requests: u64,
    pub median: String,
    pub p95: String,
    pub errors: String,
    pub misses: bool,
    /// The 95th percentile as a share of the widest bar.
    pub bar: f64,
}

/// One waiting room.
#[derive(Debug, Serialize)]
pub(super) struct Room {
    pub letter: &'static str,
    pub name: &'static str,
    pub looks: String,
    pub percent: f64,
}

/// A finding laid out.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub cause: &'static str,
    pub title: &'static str,
    pub grade: &'static str,
    pub proven: bool,
    pub object: String,
    pub share: Option<String>,
    pub says: Line,
    pub chain: Vec<Line>,
    pub rooms: Vec<Room>,
    pub explains: Vec<String>,
}

/// A budget laid out.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub path: String,
    pub total: String,
    pub rows: Vec<TableRow>,
}

/// A row of a budget.
#[derive(Debug, Serialize)]
pub(super) struct TableRow {
    pub name: &'static str,
    pub slug: String,
    pub time: String,
    pub share: String,
    pub percent: f64,
    pub note: Option<Line>,
}

/// Causes that one measurement excludes.
#[derive(Debug, Serialize)]
pub(super) struct Exclusion {
    pub causes: Vec<ExcludedCause>,
    pub says: Line,
}

/// An excluded cause.
#[derive(Debug, Serialize)]
pub(super) struct ExcludedCause {
    pub id: &'static str,
    pub title: &'static str,
    pub look_alike: bool,
}

impl Exclusion {
    /// The causes in one line.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> =
            self.causes.iter().map(|cause| format!("{} {}", cause.id, cause.title)).collect();
        names.join("; ")
    }
}

/// Causes that stay open for one reason.
#[derive(Debug, Serialize)]
pub(super) struct OpenGroup {
    pub reason: String,
    pub causes: Vec<String>,
}

/// A repair laid out.
#[derive(Debug, Serialize)]
pub(super) struct RepairCard {
    pub class: &'static str,
    pub slug: &'static str,
    pub title: &'static str,
    pub cause: &'static str,
    pub how: Option<Line>,
    pub command: Option<String>,
    pub effect: Option<Line>,
    pub risk: &'static str,
    pub undo: &'static str,
}

/// A repair that was tried.
#[derive(Debug, Serialize)]
pub(super) struct AppliedCard {
    pub title: &'static str,
    pub cause: &'static str,
    pub fate: &'static str,
    pub good: bool,
    pub reason: Option<String>,
    pub statement: Option<String>,
    pub foretold: Option<String>,
    pub changed: Option<String>,
    pub state: Option<Line>,
    pub state_reached: Option<&'static str>,
    pub endpoints: Vec<BeforeAfter>,
}

/// Before and after of one endpoint.
#[derive(Debug, Serialize)]
pub(super) struct BeforeAfter {
    pub path: String,
    pub control: bool,
    pub median_before: String,
    pub median_after: String,
    pub p95_before: String,
    pub p95_after: String,
    pub errors_before: String,
    pub errors_after: String,
    pub change: String,
    pub interval: String,
    pub effect: &'static str,
    pub status: &'static str,
    pub bar_before: f64,
    pub bar_after: f64,
}

/// A cited fact.
#[derive(Debug, Serialize)]
pub(super) struct Cited {
    pub id: String,
    pub time: String,
    pub key: &'static str,
    pub object: String,
    pub value: String,
    pub from: String,
    pub repeat: String,
}

/// A label and its value.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub label: &'static str,
    pub value: String,
}

/// What changed, in lines.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    pub new: Vec<String>,
    pub gone: Vec<String>,
    pub same: Vec<String>,
}

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    /// The tag of the language.
    pub language: &'static str,
    /// From which side it is written.
    pub direction: &'static str,
    /// Words of the language by the name of their code.
    pub t: BTreeMap<&'static str, &'static str>,
    pub outcome: &'static str,
    pub outcome_slug: &'static str,
    pub target: String,
    pub response_target: String,
    pub headline: Vec<Line>,
    pub endpoints: Vec<Endpoint>,
    pub budgets: Vec<Table>,
    pub findings: Vec<Card>,
    pub ruled_out: Vec<Exclusion>,
    pub open: Vec<OpenGroup>,
    pub hygiene: Vec<Card>,
    pub repairs: Vec<RepairCard>,
    pub refused: Vec<Line>,
    pub applied: Vec<AppliedCard>,
    pub remains: Vec<Line>,
    pub cited: Vec<Cited>,
    pub run: Vec<Pair>,
    pub changes: Option<Changes>,
    pub never: &'static [&'static str],
}

/// Turns a report into its page.
pub(super) fn of(report: &Report, language: Language) -> Page {
    let tongue = Tongue(language);
    let verdict = &report.verdict;
    let t = Code::ALL
        .iter()
        .filter(|code| code.name().starts_with("Head") || code.name().starts_with("Label"))
        .map(|code| (code.name(), tongue.word(*code)))
        .collect();
    Page {
        t,
        language: language.tag(),
        direction: match language {
            Language::En => "ltr",
            Language::Fa => "rtl",
        },
        outcome: tongue.word(verdict.outcome.word()),
        outcome_slug: slug_of(verdict.outcome),
        target: report.run.target.clone(),
        response_target: tongue.number(report.thresholds.response_target_ms, Unit::Ms),
        headline: lines(tongue, &verdict.headline),
        endpoints: endpoints(tongue, report),
        budgets: report.budgets.iter().map(|one| table(tongue, one)).collect(),
        findings: verdict.findings.iter().map(|one| card(tongue, report, one)).collect(),
        ruled_out: exclusions(tongue, report),
        open: open(tongue, report),
        hygiene: verdict.hygiene.iter().map(|one| card(tongue, report, one)).collect(),
        repairs: report.offers.iter().map(|one| repairs::offered(tongue, one)).collect(),
        refused: lines(tongue, &report.refused),
        applied: report.applied.iter().map(|one| repairs::applied(tongue, one)).collect(),
        remains: lines(tongue, &report.remains),
        cited: cited::facts(report),
        run: cited::run(tongue, report),
        changes: report.diff.as_ref().map(|diff| Changes {
            new: diff.new.iter().map(|one| one.line(language)).collect(),
            gone: diff.gone.iter().map(|one| one.line(language)).collect(),
            same: diff.same.iter().map(|one| one.line(language)).collect(),
        }),
        never: never(language),
    }
}

fn slug_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Healthy => "healthy",
        Outcome::Finding => "finding",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Repaired => "repaired",
    }
}

/// Whether a fact has too few samples for a 95th percentile.
fn is_few(fact: &Fact) -> bool {
    fact.n < P95_SAMPLES_MIN as u64
}

/// What an endpoint's bar shows: the 95th percentile, or the median of few samples.
fn upper(fact: &Fact) -> Expr {
    if is_few(fact) { Expr::median(fact) } else { Expr::p95(fact) }
}

fn endpoints(tongue: Tongue, report: &Report) -> Vec<Endpoint> {
    let facts = report.facts.as_slice();
    let widest = report
        .facts
        .iter()
        .filter(|fact| fact.key == FactKey::HttpTotalMs)
        .filter_map(|fact| Figure::ms(upper(fact), facts))
        .map(|figure| figure.value)
        .fold(report.thresholds.response_target_ms, f64::max);
    let mut seen: Vec<&str> = Vec::new();
    let mut rows: Vec<Endpoint> = Vec::new();
    for fact in report.facts.iter().filter(|fact| fact.key == FactKey::HttpTotalMs) {
        if seen.contains(&fact.object.as_str()) {
            continue;
        }
        seen.push(&fact.object);
        let Some(median) = Figure::ms(Expr::median(fact), facts) else { continue };
        let Some(upper) = Figure::ms(upper(fact), facts) else { continue };
        let p95 = if is_few(fact) { "-".to_owned() } else { tongue.figure(&upper) };
        let errors = report
            .facts
            .iter()
            .find(|other| other.key == FactKey::HttpErrors && other.object == fact.object)
            .and_then(|fact| Figure::percent(Expr::value(fact), Expr::n(fact), facts));
        rows.push(Endpoint {
            path: fact.object.clone(),
            requests: fact.n,
            median: tongue.figure(&median),
            bar: upper.value / widest * 100.0,
            p95,
            errors: errors.map_or("-".to_owned(), |figure| tongue.figure(&figure)),
            misses: report.symptoms.iter().any(|symptom| symptom.object == fact.object),
        });
    }
    rows.sort_by(|a, b| {
        let (path_a, level_a) = object::parse_endpoint(&a.path);
        let (path_b, level_b) = object::parse_endpoint(&b.path);
        (path_a, level_a).cmp(&(path_b, level_b))
    });
    rows
}

fn card(tongue: Tongue, report: &Report, finding: &Finding) -> Card {
    let title = crate::checks::by_name(finding.cause).map_or("", |cause| tongue.word(cause.title));
    Card {
        cause: finding.cause,
        title,
        grade: tongue.word(finding.grade.word()),
        proven: finding.grade == Grade::Proven,
        object: finding.object.clone(),
        share: finding.share.as_ref().map(|share| tongue.figure(share)),
        says: tongue.line(&finding.says),
        chain: lines(tongue, &finding.chain),
        rooms: rooms(tongue, report, finding),
        explains: finding.explains.clone(),
    }
}

/// The rooms of the request that the finding explains first.
fn rooms(tongue: Tongue, report: &Report, finding: &Finding) -> Vec<Room> {
    let Some(endpoint) = finding.explains.first() else { return Vec::new() };
    let (path, _) = object::parse_endpoint(endpoint);
    [
        ("A", Code::RoomA, FactKey::RoomNotEstablished),
        ("B", Code::RoomB, FactKey::RoomAcceptQueue),
        ("C", Code::RoomC, FactKey::RoomUnread),
        ("D", Code::RoomD, FactKey::RoomInHandler),
        ("E", Code::RoomE, FactKey::RoomWriting),
    ]
    .into_iter()
    .filter_map(|(letter, name, key)| {
        let is_of = |object: &str| {
            report.facts.iter().find(|fact| fact.key == key && fact.object == object)
        };
        let fact = is_of(endpoint).or_else(|| is_of(path))?;
        let looks = fact.value.number()?;
        Some(Room {
            letter,
            name: tongue.word(name),
            looks: tongue.number(looks, Unit::Count),
            percent: looks / (fact.n.max(1) as f64) * 100.0,
        })
    })
    .collect()
}

fn table(tongue: Tongue, budget: &Budget) -> Table {
    let rows = budget.rows.iter().map(|row| TableRow {
        name: tongue.word(row.component.word()),
        slug: slug(row.component),
        time: tongue.figure(&row.time),
        share: tongue.figure(&row.share),
        percent: row.share.value,
        note: row.note.as_ref().map(|note| tongue.line(note)),
    });
    let (path, total) = (budget.object.clone(), tongue.figure(&budget.total));
    Table { path, total, rows: rows.collect() }
}

fn slug(component: Component) -> String {
    component.word().english().replace(' ', "-").to_lowercase()
}

fn exclusions(tongue: Tongue, report: &Report) -> Vec<Exclusion> {
    let mut rows: Vec<Exclusion> = Vec::new();
    for one in &report.verdict.ruled_out {
        let says = tongue.line(&one.says);
        let cause = ExcludedCause {
            id: one.cause.id,
            title: tongue.word(one.cause.title),
            look_alike: one.look_alike,
        };
        match rows.iter_mut().find(|row| row.says.plain() == says.plain()) {
            Some(row) => row.causes.push(cause),
            None => rows.push(Exclusion { causes: vec![cause], says }),
        }
    }
    rows
}

fn open(tongue: Tongue, report: &Report) -> Vec<OpenGroup> {
    let gaps: Vec<_> = report
        .verdict
        .open
        .iter()
        .flat_map(|open| open.missing.iter().map(|missing| (open.cause.id, missing)))
        .collect();
    build::grouped(&gaps)
        .into_iter()
        .map(|(reason, causes)| OpenGroup {
            reason,
            causes: causes
                .into_iter()
                .filter_map(crate::checks::by_name)
                .map(|cause| format!("{} {}", cause.id, tongue.word(cause.title)))
                .collect(),
        })
        .collect()
}
