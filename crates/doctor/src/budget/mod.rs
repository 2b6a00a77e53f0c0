//! The latency budget: where the time of one request went, adding up to all of it.

mod inside;

use serde::Serialize;

use crate::evidence::{Evidence, Fact, FactKey};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads;
use crate::words::Code;

/// Above this share of unexplained time no cause is named.
pub const UNEXPLAINED_PERCENT_MAX: f64 = 40.0;

/// One place where time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Room A: no connection yet.
    Connect,
    /// Room B: established, nobody has accepted it.
    NotAccepted,
    /// Room C: accepted, the request lies unread.
    Unread,
    /// Computing.
    OnCpu,
    /// Ready to compute, waiting for a CPU.
    RunQueue,
    /// Forbidden to compute by a quota.
    Throttled,
    /// Waiting for a database lock.
    DbLock,
    /// The database working.
    DbWork,
    /// Waiting for a permit or a pooled connection.
    PoolWait,
    /// Waiting for the disk.
    Disk,
    /// Waiting for another server.
    Upstream,
    /// A timed sleep.
    Sleep,
    /// Room E: the answer on its way.
    Answer,
    /// What nothing measured explains.
    Unexplained,
}

impl Component {
    /// Every component, in the order of the table.
    pub const ALL: &'static [Self] = &[
        Self::Connect,
        Self::NotAccepted,
        Self::Unread,
        Self::OnCpu,
        Self::RunQueue,
        Self::Throttled,
        Self::DbLock,
        Self::DbWork,
        Self::PoolWait,
        Self::Disk,
        Self::Upstream,
        Self::Sleep,
        Self::Answer,
        Self::Unexplained,
    ];

    /// Its name in the reader's language.
    pub fn word(self) -> Code {
        match self {
            Self::Connect => Code::BudgetConnect,
            Self::NotAccepted => Code::BudgetNotAccepted,
            Self::Unread => Code::BudgetUnread,
            Self::OnCpu => Code::BudgetOnCpu,
            Self::RunQueue => Code::BudgetRunQueue,
            Self::Throttled => Code::BudgetThrottled,
            Self::DbLock => Code::BudgetDbLock,
            Self::DbWork => Code::BudgetDbWork,
            Self::PoolWait => Code::BudgetPoolWait,
            Self::Disk => Code::BudgetDisk,
            Self::Upstream => Code::BudgetUpstream,
            Self::Sleep => Code::BudgetSleep,
            Self::Answer => Code::BudgetAnswer,
            Self::Unexplained => Code::BudgetUnexplained,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Where the time went.
    pub component: Component,
    /// How much, in milliseconds.
    pub time: Figure,
    /// Its share of the whole, in percent.
    pub share: Figure,
    /// What was seen.
    pub note: Option<Sentence>,
}

/// The budget of one watched request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// The endpoint, as in its symptom.
    pub object: String,
    /// All of it, in milliseconds.
    pub total: Figure,
    /// The rows; they add up to `total`.
    pub rows: Vec<Row>,
}

impl Budget {
    /// The share of a component, in percent.
    pub fn percent(&self, component: Component) -> f64 {
        self.rows.iter().filter(|row| row.component == component).map(|row| row.share.value).sum()
    }

    /// The unexplained share, in percent.
    pub fn unexplained_percent(&self) -> f64 {
        self.percent(Component::Unexplained)
    }

    /// The greatest explained row.
    pub fn greatest(&self) -> Option<&Row> {
        self.rows
            .iter()
            .filter(|row| row.component != Component::Unexplained)
            .max_by(|a, b| a.time.value.total_cmp(&b.time.value))
    }
}

/// A row before the total is known.
struct Part {
    component: Component,
    time: Expr,
    note: Option<Sentence>,
}

impl Part {
    fn new(component: Component, time: Expr) -> Self {
        Self { component, time, note: None }
    }
}

/// The whole time of a watched request: the one held in the waiting rooms, or the median.
pub fn total_expr(evidence: &Evidence, symptom: &Symptom) -> Option<Expr> {
    [&symptom.object, &symptom.path]
        .into_iter()
        .find_map(|object| evidence.find(FactKey::HeldRequestMs, object))
        .map(Expr::value)
        .or_else(|| evidence.find(FactKey::HttpTotalMs, &symptom.object).map(Expr::median))
}

/// The budget of a symptom; `None` where no request was timed.
pub fn of(evidence: &Evidence, symptom: &Symptom) -> Option<Budget> {
    let views = threads::watched(evidence, &symptom.windows());
    if let Some((total, parts)) = inside::of_burst(evidence, symptom, &views) {
        return close(evidence, symptom, total, parts);
    }
    let total = total_expr(evidence, symptom)?;
    let rooms = Rooms::of(evidence, symptom);
    let mut parts = match &rooms {
        Some(rooms) => rooms.parts(&total),
        None => connect_part(evidence, symptom).into_iter().collect(),
    };
    let inside = match &rooms {
        Some(rooms) => total.clone().times(rooms.share(rooms.handler)),
        None => total.clone().less(Expr::sum(parts.iter().map(|part| part.time.clone()))),
    };
    parts.extend(inside::parts(evidence, symptom, &views, &inside));
    close(evidence, symptom, total, parts)
}

/// Adds the unexplained remainder and computes the shares.
fn close(evidence: &Evidence, symptom: &Symptom, total: Expr, parts: Vec<Part>) -> Option<Budget> {
    // A sliver below a two-thousandth says nothing; it stays in the unexplained rest.
    let parts: Vec<Part> = parts
        .into_iter()
        .filter(|part| {
            let share = Figure::percent(part.time.clone(), total.clone(), evidence);
            share.is_some_and(|share| share.value >= 0.05)
        })
        .collect();
    let explained = Expr::sum(parts.iter().map(|part| part.time.clone()));
    let rest = Part::new(Component::Unexplained, total.clone().less(explained));
    let mut rows: Vec<Row> = parts
        .into_iter()
        .chain([rest])
        .filter_map(|part| {
            Some(Row {
                component: part.component,
                share: Figure::percent(part.time.clone(), total.clone(), evidence)?,
                time: Figure::ms(part.time, evidence)?,
                note: part.note,
            })
        })
        .filter(|row| row.time.value > 0.0 || row.component == Component::Unexplained)
        .collect();
    rows.sort_by_key(|row| row.component);
    let total = Figure::ms(total, evidence)?;
    Some(Budget { object: symptom.object.clone(), total, rows })
}

fn connect_part(evidence: &Evidence, symptom: &Symptom) -> Option<Part> {
    let fact = evidence.find(FactKey::HttpConnectMs, &symptom.object)?;
    Some(Part::new(Component::Connect, Expr::median(fact)))
}

/// The five waiting rooms of one held request.
struct Rooms<'a> {
    connecting: &'a Fact,
    queued: &'a Fact,
    unread: &'a Fact,
    handler: &'a Fact,
    writing: &'a Fact,
}

impl<'a> Rooms<'a> {
    fn of(evidence: &'a Evidence, symptom: &Symptom) -> Option<Self> {
        [&symptom.object, &symptom.path].into_iter().find_map(|object| {
            let room = |key| evidence.find(key, object).filter(|fact| fact.n > 0);
            Some(Self {
                connecting: room(FactKey::RoomNotEstablished)?,
                queued: room(FactKey::RoomAcceptQueue)?,
                unread: room(FactKey::RoomUnread)?,
                handler: room(FactKey::RoomInHandler)?,
                writing: room(FactKey::RoomWriting)?,
            })
        })
    }

    fn share(&self, room: &Fact) -> Expr {
        Expr::value(room).over(Expr::n(room))
    }

    fn parts(&self, total: &Expr) -> Vec<Part> {
        [
            (Component::Connect, self.connecting, Code::RoomConnecting),
            (Component::NotAccepted, self.queued, Code::RoomQueued),
            (Component::Unread, self.unread, Code::RoomUnread),
            (Component::Answer, self.writing, Code::RoomWriting),
        ]
        .into_iter()
        .map(|(component, room, code)| Part {
            component,
            time: total.clone().times(self.share(room)),
            note: room_note(code, room),
        })
        .collect()
    }
}

fn room_note(code: Code, room: &Fact) -> Option<Sentence> {
    let looks = room.value.number()?;
    let count = Figure { value: looks, unit: crate::figure::Unit::Count, expr: Expr::value(room) };
    let n = Figure { value: room.n as f64, unit: crate::figure::Unit::Count, expr: Expr::n(room) };
    Some(Sentence::new(code).figure("looks", &count).figure("n", &n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed};
    use crate::symptom;
    use crate::thresholds::Thresholds;

    fn budget(bed: Bed) -> Budget {
        let evidence = bed.seal();
        let symptoms = symptom::find(&evidence, &Thresholds::default());
        of(&evidence, &symptoms[0]).unwrap()
    }

    fn adds_up(budget: &Budget) {
        let sum: f64 = budget.rows.iter().map(|row| row.share.value).sum();
        assert!((sum - 100.0).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn a_request_behind_a_blocked_loop_stands_in_the_accept_queue() {
        let budget = budget(Bed::new().with(sample::blocked_loop));
        adds_up(&budget);
        assert!(budget.percent(Component::NotAccepted) > 95.0);
        assert!(budget.unexplained_percent() < 5.0);
    }

    #[test]
    fn a_request_behind_a_lock_waits_for_the_database() {
        let budget = budget(Bed::new().with(sample::foreign_lock));
        adds_up(&budget);
        assert!(budget.percent(Component::DbLock) > 80.0, "{budget:?}");
    }

    #[test]
    fn a_request_nobody_works_on_is_unexplained() {
        let budget = budget(Bed::new().with(sample::awaiting_handler));
        adds_up(&budget);
        assert!(budget.unexplained_percent() > UNEXPLAINED_PERCENT_MAX);
    }

    #[test]
    fn without_rooms_or_threads_all_but_connecting_is_unexplained() {
        let bed = Bed::new().samples(FactKey::HttpTotalMs, "/a", &[3000.0; 30]).samples(
            FactKey::HttpConnectMs,
            "/a",
            &[1.0; 30],
        );
        let budget = budget(bed);
        adds_up(&budget);
        assert!(budget.unexplained_percent() > 99.0);
    }
}
