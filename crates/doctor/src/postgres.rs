//! PostgreSQL as seen from its backends: what ours waited for, who blocked it, and whether the pool was empty.

use crate::case::Case;
use crate::checks::chain;
use crate::evidence::{Evidence, Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, most_frequent};
use crate::words::Code;

/// Frames of a Python stack in which a thread waits for a connection of its pool.
const POOLS: [(&str, &str); 4] = [
    ("psycopg_pool", "getconn"),
    ("psycopg_pool", "wait"),
    ("sqlalchemy/pool", "get"),
    ("asyncpg/pool", "acquire"),
];
/// The share of looks from which on all sessions count as in use.
const BUSY_SHARE_MIN: f64 = 0.8;
/// A table's pages below which reading all of it costs next to nothing (1 MB of 8 kB pages).
pub const PAGES_MIN: f64 = 128.0;

/// What a backend does at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Waiting for a lock.
    Locked,
    /// Waiting for the disk.
    Disk,
    /// Working, or waiting for something of the server's own.
    Work,
    /// Being connected.
    Connecting,
    /// Nothing for the request.
    Nothing,
}

/// Classes by PostgreSQL's wait events (documentation, table 28.4), the same from 12 to 17.
fn doing(label: &str) -> Doing {
    match label.split(':').next().unwrap_or(label) {
        "Lock" => Doing::Locked,
        "IO" => Doing::Disk,
        "LWLock" if label.contains("WAL") => Doing::Disk,
        "connecting" => Doing::Connecting,
        "in transaction" | "idle" | "none" | "Client" => Doing::Nothing,
        _ => Doing::Work,
    }
}

/// What the backend of a held request did, by looks.
#[derive(Clone, Debug)]
pub struct Waits<'a> {
    evidence: &'a Evidence,
    /// Counts by what it did.
    pub fact: &'a Fact,
}

/// A fact about a held request, under the endpoint or its path.
pub fn held<'a>(evidence: &'a Evidence, symptom: &Symptom, key: FactKey) -> Option<&'a Fact> {
    [&symptom.object, &symptom.path].into_iter().find_map(|object| evidence.find(key, object))
}

/// The looks at the backend of a slow endpoint's request.
pub fn waits<'a>(evidence: &'a Evidence, symptom: &Symptom) -> Option<Waits<'a>> {
    held(evidence, symptom, FactKey::PgWaits).map(|fact| Waits { evidence, fact })
}

impl<'a> Waits<'a> {
    fn labels(&self, wanted: Doing) -> Vec<&'a str> {
        match &self.fact.value {
            Value::Counts(counts) => {
                counts.keys().map(String::as_str).filter(|label| doing(label) == wanted).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many looks found it doing this.
    pub fn looks_expr(&self, wanted: Doing) -> Expr {
        Expr::sum(self.labels(wanted).into_iter().map(|label| Expr::count(self.fact, label)))
    }

    /// The share of looks that found it doing this, 0 to 1.
    pub fn share_expr(&self, wanted: Doing) -> Expr {
        self.looks_expr(wanted).over(Expr::n(self.fact))
    }

    /// The same as a number.
    pub fn share(&self, wanted: Doing) -> f64 {
        self.share_expr(wanted).evaluate(self.evidence).unwrap_or(0.0)
    }

    /// The most frequent wait of a class.
    pub fn most(&self, wanted: Doing) -> Option<&'a str> {
        let Value::Counts(counts) = &self.fact.value else { return None };
        let of_class = self.labels(wanted).into_iter();
        of_class.max_by_key(|label| counts.get(*label).copied().unwrap_or(0))
    }

    /// A sentence with the looks of a class filled in.
    pub fn looks(&self, case: &Case<'_>, says: Sentence, wanted: Doing) -> Option<Sentence> {
        chain::looks(case, says, self.looks_expr(wanted), self.fact)
    }
}

/// "…in LOOKS of N looks" about the worst slow endpoint that was watched, for what is ruled out.
pub fn watched_looks(case: &Case<'_>, code: Code, wanted: Doing) -> Option<Sentence> {
    let (symptom, waits) = first_watched(case)?;
    let fact = case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    let says = Sentence::new(code).name("path", &symptom.path, fact);
    waits.looks(case, says, wanted)
}

/// The worst slow endpoint whose request's backend was watched.
pub fn first_watched<'c, 'a>(case: &'c Case<'a>) -> Option<(&'c Symptom, Waits<'a>)> {
    case.slow().find_map(|symptom| Some((symptom, waits(case.evidence, symptom)?)))
}

/// A thread's wait is that of its backend for a lock: then the lock is the cause.
pub fn lock_instead(case: &Case<'_>, code: Code) -> Option<Sentence> {
    let (_, waits) = first_watched(case)?;
    let locked = waits.share(Doing::Locked) >= 0.6;
    locked.then(|| waits.looks(case, Sentence::new(code), Doing::Locked)).flatten()
}

/// The server never had a connection to PostgreSQL, and nobody named a database: then none of its
/// faults is the cause.
pub fn absent(case: &Case<'_>) -> Option<Sentence> {
    let (pid, served) = case.server()?;
    let sockets: Vec<&Fact> = case.evidence.all(FactKey::PgServerSockets).collect();
    let none = sockets.iter().all(|fact| fact.value == Value::Int(0)) && !sockets.is_empty();
    let named = case.evidence.any(FactKey::PgConnectOutcome).is_some();
    (none && !named).then(|| {
        Sentence::new(Code::PgNotUsed).name("pid", pid.to_string(), served).cite_all(sockets)
    })
}

/// The session at the head of the chain of blockers.
#[derive(Clone, Debug)]
pub struct Blocker<'a> {
    /// Counts by session over all looks.
    pub fact: &'a Fact,
    /// Its PID.
    pub pid: String,
    /// What it is called in evidence.
    pub object: String,
    /// Its state.
    pub state: &'a Fact,
}

impl<'a> Blocker<'a> {
    /// The session that blocked a held request in most looks.
    pub fn of(evidence: &'a Evidence, symptom: &Symptom) -> Option<Self> {
        let fact = held(evidence, symptom, FactKey::PgBlockedBy)?;
        let pid = most_frequent(fact)?;
        let ending = format!(" backend {pid}");
        let state = evidence
            .all(FactKey::PgBackendState)
            .rev()
            .find(|one| one.object.ends_with(&ending))?;
        Some(Self { fact, pid: pid.to_owned(), object: state.object.clone(), state })
    }

    /// Whether it is in a transaction and runs nothing.
    pub fn is_idle(&self) -> bool {
        matches!(&self.state.value, Value::Text(state) if state.starts_with("idle in transaction"))
    }

    /// The share of looks in which it stood at the head, 0 to 1.
    pub fn share_expr(&self) -> Expr {
        Expr::count(self.fact, &self.pid).over(Expr::n(self.fact))
    }

    /// A text fact about it.
    pub fn text(&self, case: &Case<'a>, key: FactKey) -> Option<(&'a str, &'a Fact)> {
        let fact = case.evidence.find(key, &self.object)?;
        match &fact.value {
            Value::Text(text) => Some((text, fact)),
            _ => None,
        }
    }

    /// Who it is, for how long, from where, and what it ran last.
    pub fn links(&self, case: &Case<'a>) -> Vec<Sentence> {
        let head = Sentence::new(Code::PgHead).name("pid", &self.pid, self.fact);
        let head = chain::looks(case, head, Expr::count(self.fact, &self.pid), self.fact);
        let named = |code, name, key| {
            self.text(case, key).map(|(text, fact)| Sentence::new(code).name(name, text, fact))
        };
        let state = named(Code::PgHeadState, "state", FactKey::PgBackendState)
            .map(|says| says.name("pid", &self.pid, self.fact));
        let age = case.evidence.find(FactKey::PgBackendXactMs, &self.object).and_then(|fact| {
            Some(Sentence::new(Code::PgHeadXact).figure("age", &case.ms(Expr::value(fact))?))
        });
        let ours = case.evidence.find(FactKey::PgBackendOurs, &self.object);
        let ours = ours
            .filter(|fact| fact.value == Value::Bool(true))
            .map(|fact| Sentence::new(Code::PgHeadOurs).cite(fact));
        let client =
            case.evidence.find(FactKey::PgBackendClientPid, &self.object).and_then(|fact| {
                let pid = u32::try_from(match fact.value {
                    Value::Int(pid) => pid,
                    _ => return None,
                });
                let says = Sentence::new(Code::PgHeadProcess).figure("pid", &case.pid(fact)?);
                Some(case.command(says, pid.ok()?))
            });
        chain::of([
            head,
            state,
            age,
            named(Code::PgHeadClient, "client", FactKey::PgBackendClient),
            ours,
            client,
            named(Code::PgHeadQuery, "sql", FactKey::PgBackendQuery),
        ])
    }
}

/// The links that lead from the held request to its backend and what that did.
pub fn backend_links(
    case: &Case<'_>,
    symptom: &Symptom,
    waits: &Waits<'_>,
    wanted: Doing,
) -> Vec<Sentence> {
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    let ours = held(case.evidence, symptom, FactKey::PgOurBackend)
        .and_then(|fact| Some(Sentence::new(Code::PgOurs).figure("pid", &case.pid(fact)?)));
    let waited = waits.most(wanted).and_then(|label| {
        let says = Sentence::new(Code::PgWaited).name("wait", label, waits.fact);
        chain::looks(case, says, Expr::count(waits.fact, label), waits.fact)
    });
    let ran = held(case.evidence, symptom, FactKey::PgQueries).and_then(|fact| {
        let sql = most_frequent(fact)?;
        let says = Sentence::new(Code::PgRan).name("sql", sql, fact);
        chain::looks(case, says, Expr::count(fact, sql), fact)
    });
    let lock =
        held(case.evidence, symptom, FactKey::PgBlockedOn).and_then(|fact| match &fact.value {
            Value::Text(text) if wanted == Doing::Locked => {
                Some(Sentence::new(Code::PgBlockedOn).name("lock", text, fact))
            }
            _ => None,
        });
    links.extend(chain::of([ours, waited, ran, lock]));
    links
}

/// The pool of the server's connections while a request was held.
#[derive(Clone, Debug)]
pub struct Pool<'a> {
    /// The server's sessions at each look.
    pub total: &'a Fact,
    /// Of them in use by others at each look.
    pub busy: &'a Fact,
    /// Other clients of the server at each look.
    pub inbound: &'a Fact,
    /// What PostgreSQL did for the request.
    pub waits: Waits<'a>,
    /// The thread that waits in the pool, and the fact with its stack.
    pub thread: Option<(ThreadView<'a>, &'a Fact, String)>,
}

impl<'a> Pool<'a> {
    /// The pool as it was during a held request; `None` where the sessions were not watched or
    /// there were none.
    pub fn of(evidence: &'a Evidence, symptom: &Symptom, views: &[ThreadView<'a>]) -> Option<Self> {
        let total = held(evidence, symptom, FactKey::PgPoolTotal)?;
        let most = Figure::count(Expr::median(total), evidence)?;
        (most.value >= 1.0).then_some(Self {
            total,
            busy: held(evidence, symptom, FactKey::PgPoolBusy)?,
            inbound: held(evidence, symptom, FactKey::PgInbound)?,
            waits: waits(evidence, symptom)?,
            thread: views.iter().find_map(in_pool),
        })
    }

    /// Whether the request waited for a connection: a thread stands in the pool, or every session
    /// was in use by others while PostgreSQL did nothing for the request.
    pub fn is_exhausted(&self) -> bool {
        let idle = self.waits.share(Doing::Nothing);
        idle >= 0.5 && (self.thread.is_some() || self.share_of_looks_in_use() >= BUSY_SHARE_MIN)
    }

    /// The share of looks at which every session was in use by others, 0 to 1.
    fn share_of_looks_in_use(&self) -> f64 {
        let (Value::Samples(total), Value::Samples(busy)) = (&self.total.value, &self.busy.value)
        else {
            return 0.0;
        };
        let full = total.iter().zip(busy).filter(|(total, busy)| busy >= total).count();
        full as f64 / total.len().max(1) as f64
    }
}

/// The thread, if it stands in a pool of connections.
fn in_pool<'a>(view: &ThreadView<'a>) -> Option<(ThreadView<'a>, &'a Fact, String)> {
    let fact = view.fact(FactKey::PythonStack)?;
    let Value::List(frames) = &fact.value else { return None };
    let stands = |frame: &&String| {
        POOLS.iter().any(|(file, name)| frame.contains(file) && frame.contains(name))
    };
    let frame = frames.iter().find(stands)?;
    Some((view.clone(), fact, frame.clone()))
}

/// The endpoints that fail or are slow, which a database that lets nobody in explains.
pub fn ailing(case: &Case<'_>) -> Vec<String> {
    use crate::symptom::Ailment;
    let shown = |ailment| matches!(ailment, Ailment::Failing | Ailment::Slow);
    let mut objects: Vec<String> = case
        .symptoms
        .iter()
        .filter(|symptom| shown(symptom.ailment))
        .map(|symptom| symptom.object.clone())
        .collect();
    objects.dedup();
    objects
}

/// A statement that our requests made PostgreSQL run, and its plan.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// Its text.
    pub text: &'a Fact,
    /// The nodes of its plan.
    pub plan: &'a Fact,
    /// The fact that names the table it reads in full, or most.
    pub table: &'a Fact,
    /// The object of that table's facts.
    pub table_object: String,
}

/// Every statement with a plan and a table.
pub fn statements(evidence: &Evidence) -> impl Iterator<Item = Statement<'_>> {
    evidence.all(FactKey::PgStatementPlan).filter_map(|plan| {
        let table = evidence.find(FactKey::PgStatementTable, &plan.object)?;
        let Value::Text(name) = &table.value else { return None };
        let database = plan.object.rsplit_once('?')?.0;
        Some(Statement {
            text: evidence.find(FactKey::PgStatement, &plan.object)?,
            plan,
            table,
            table_object: object::table(database, name),
        })
    })
}

/// A slow endpoint and the share of its time that PostgreSQL worked at a statement.
pub struct Worked<'c, 'a> {
    /// The endpoint.
    pub symptom: &'c Symptom,
    /// What its backend did.
    pub waits: Waits<'a>,
    /// The share, 0 to 1.
    pub share: Expr,
}

impl<'a> Statement<'a> {
    /// Its redacted text.
    pub fn sql(&self) -> &'a str {
        match &self.text.value {
            Value::Text(sql) => sql,
            _ => "",
        }
    }

    /// A fact about it.
    pub fn fact(&self, evidence: &'a Evidence, key: FactKey) -> Option<&'a Fact> {
        evidence.find(key, &self.plan.object)
    }

    /// A fact about its table.
    pub fn of_table(&self, evidence: &'a Evidence, key: FactKey) -> Option<&'a Fact> {
        evidence.find(key, &self.table_object)
    }

    /// The slow endpoint whose backend ran it in most looks, working or reading the disk.
    pub fn worked<'c>(&self, case: &'c Case<'a>) -> Option<Worked<'c, 'a>> {
        let all = case.slow().filter_map(|symptom| {
            let waits = waits(case.evidence, symptom)?;
            let ran = held(case.evidence, symptom, FactKey::PgQueries)?;
            let ran = Expr::count(ran, self.sql()).over(Expr::n(ran));
            let work = waits.share_expr(Doing::Work).plus(waits.share_expr(Doing::Disk));
            let share = ran.at_most(work).times(case.inside_share(symptom));
            Some((share.evaluate(case.evidence)?, Worked { symptom, waits, share }))
        });
        all.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, worked)| worked)
    }

    /// Its text, its plan and its counters.
    pub fn links(&self, case: &Case<'a>) -> Vec<Sentence> {
        let text = Sentence::new(Code::IndexStatement).name("sql", self.sql(), self.text);
        let plan = match &self.plan.value {
            Value::List(nodes) => {
                Some(Sentence::new(Code::IndexPlan).name("plan", nodes.join(", "), self.plan))
            }
            _ => None,
        };
        let mut links = chain::of([Some(text), plan]);
        links.extend(self.counters(case));
        links
    }

    /// Blocks a call and time a block: a wait for a lock takes long on few blocks.
    fn counters(&self, case: &Case<'a>) -> Vec<Sentence> {
        let find = |key| self.fact(case.evidence, key);
        let counters = || {
            let blocks = Expr::value(find(FactKey::PgStatementBlocks)?);
            let calls = Expr::value(find(FactKey::PgStatementCalls)?);
            let pages = self.of_table(case.evidence, FactKey::PgTablePages)?;
            let each = Expr::value(find(FactKey::PgStatementMs)?).over(blocks.clone());
            let touched = Sentence::new(Code::PgIndexBlocks)
                .figure("blocks", &case.count(blocks.over(calls))?)
                .figure("pages", &case.count(Expr::value(pages))?);
            Some([touched, Sentence::new(Code::PgIndexPerBlock).figure("each", &case.ms(each)?)])
        };
        counters().into_iter().flatten().collect()
    }

    /// Blocks it touched a call, where they are counted.
    pub fn blocks_per_call(&self, evidence: &'a Evidence) -> Option<f64> {
        let blocks = self.fact(evidence, FactKey::PgStatementBlocks)?.value.number()?;
        let calls = self.fact(evidence, FactKey::PgStatementCalls)?.value.number()?;
        (calls > 0.0).then_some(blocks / calls)
    }
}

/// The table's name within its object, as a person reads it.
pub fn table_name(object: &str) -> &str {
    object.rsplit_once('#').map_or(object, |(_, table)| table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_events_are_sorted_by_what_they_mean_for_the_request() {
        assert_eq!(doing("Lock:transactionid"), Doing::Locked);
        assert_eq!(doing("IO:WALSync"), Doing::Disk);
        assert_eq!(doing("LWLock:WALWrite"), Doing::Disk);
        assert_eq!(doing("LWLock:BufferMapping"), Doing::Work);
        assert_eq!(doing("Timeout:PgSleep"), Doing::Work);
        assert_eq!(doing("working"), Doing::Work);
        assert_eq!(doing("in transaction"), Doing::Nothing);
    }
}
