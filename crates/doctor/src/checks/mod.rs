//! The checks: one pure file per cause, the gate they all pass, and the list of them.

mod abandoned_requests;
mod accept_queue;
mod bloat;
mod busy_snapshot;
pub mod chain;
mod checkpoint_starved;
mod clock;
mod cold_start;
mod commit_bound;
mod cookie_never_returns;
mod copies;
mod cors_hides_error;
mod cors_misconfigured;
mod crash_loop;
pub(crate) mod damaged_database;
mod deadlock;
mod debug_mode;
mod descriptors;
mod dial_upstream;
mod disk_full;
mod disk_slow;
mod expired_sessions;
mod first_address;
mod foreign_writer_lock;
mod gc_pauses;
mod halted;
mod hashing;
mod healthy;
mod large_answer;
mod limiter;
mod local_ports;
mod loop_blocked_by_cpu;
mod loop_blocked_by_wait;
mod measurer_slow;
mod memory_leak;
mod memory_pressure;
mod missing_index;
mod n_plus_one;
mod neighbour;
mod no_wal;
mod nothing_listening;
mod oom_killed;
mod own_transaction;
mod pg_bloat;
mod pg_connect_per_request;
mod pg_disk;
mod pg_down;
mod pg_idle_transaction;
mod pg_lock_wait;
mod pg_missing_index;
mod pg_no_connection_left;
mod pg_pool_exhausted;
mod pg_pool_leaked;
mod pg_slot;
mod pg_stale_statistics;
mod port_held;
mod rate_limiter;
mod read_only_database;
mod replaced_database;
mod resolver;
pub(crate) mod scan_bound;
mod session_in_one_worker;
mod stale_lock;
mod stale_statistics;
mod statements;
mod steal;
mod store_slow;
mod streams_eat_workers;
mod syn_lost;
mod sync_worker;
mod task_limit;
mod thread_pool;
mod throttled;
mod tls;
mod upstream_slow;
mod wal_huge;
mod wal_reset;
mod whole;
mod zombies;

use serde::Serialize;

use crate::budget::UNEXPLAINED_PERCENT_MAX;
use crate::case::Case;
use crate::evidence::{FactId, FactKey, Missing};
use crate::figure::Figure;
use crate::postgres;
use crate::sentence::Sentence;
use crate::symptom::{self, Ailment};
use crate::words::Code;

/// ALL causes the doctor knows: a new check is one file, one `mod` line and one line here.
pub const ALL: &[&Cause] = &[
    &nothing_listening::CAUSE,
    &port_held::CAUSE,
    &loop_blocked_by_wait::CAUSE,
    &loop_blocked_by_cpu::CAUSE,
    &thread_pool::CAUSE,
    &hashing::CAUSE,
    &neighbour::CAUSE,
    &zombies::CAUSE,
    &foreign_writer_lock::CAUSE,
    &own_transaction::CAUSE,
    &wal_huge::CAUSE,
    &missing_index::CAUSE,
    &stale_statistics::CAUSE,
    &bloat::CAUSE,
    &expired_sessions::CAUSE,
    &measurer_slow::CAUSE,
    &healthy::CAUSE,
    &wal_reset::CAUSE,
    &copies::CAUSE,
    &stale_lock::CAUSE,
    // SQLite as a file.
    &checkpoint_starved::CAUSE,
    &no_wal::CAUSE,
    &busy_snapshot::CAUSE,
    &read_only_database::CAUSE,
    &damaged_database::CAUSE,
    &commit_bound::CAUSE,
    &replaced_database::CAUSE,
    // Application and protocol.
    &n_plus_one::CAUSE,
    &upstream_slow::CAUSE,
    &store_slow::CAUSE,
    &streams_eat_workers::CAUSE,
    &abandoned_requests::CAUSE,
    &rate_limiter::CAUSE,
    &cors_misconfigured::CAUSE,
    &cors_hides_error::CAUSE,
    &session_in_one_worker::CAUSE,
    &cookie_never_returns::CAUSE,
    &large_answer::CAUSE,
    &cold_start::CAUSE,
    // PostgreSQL.
    &pg_lock_wait::CAUSE,
    &pg_idle_transaction::CAUSE,
    &pg_pool_exhausted::CAUSE,
    &pg_pool_leaked::CAUSE,
    &pg_no_connection_left::CAUSE,
    &pg_missing_index::CAUSE,
    &pg_stale_statistics::CAUSE,
    &pg_bloat::CAUSE,
    &pg_disk::CAUSE,
    &pg_connect_per_request::CAUSE,
    &pg_down::CAUSE,
    &pg_slot::CAUSE,
    // Group A.
    &first_address::CAUSE,
    &accept_queue::CAUSE,
    &syn_lost::CAUSE,
    &descriptors::CAUSE,
    &halted::CAUSE,
    &tls::CAUSE,
    &local_ports::CAUSE,
    &resolver::CAUSE,
    &dial_upstream::CAUSE,
    &clock::CAUSE,
    // Group B.
    &limiter::CAUSE,
    &sync_worker::CAUSE,
    &throttled::CAUSE,
    &steal::CAUSE,
    &gc_pauses::CAUSE,
    &memory_pressure::CAUSE,
    &oom_killed::CAUSE,
    &memory_leak::CAUSE,
    &deadlock::CAUSE,
    &crash_loop::CAUSE,
    &task_limit::CAUSE,
    &disk_slow::CAUSE,
    &disk_full::CAUSE,
    &debug_mode::CAUSE,
];

/// What a cause can explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It keeps requests out altogether.
    Access,
    /// It makes endpoints slow, and nothing else: without a slow endpoint it is ruled out.
    Latency,
    /// It can make endpoints slow, and is worth knowing when it does not.
    Both,
    /// It makes requests fail, or is worth knowing when none does.
    Failure,
    /// It never explains a symptom.
    Hygiene,
    /// It says whether the measurement itself can be trusted.
    Measurement,
    /// It says that nothing is wrong.
    Health,
}

/// A pure judgement over a case.
pub type Examine = fn(&Case<'_>) -> Judgement;
/// Evidence against a cause, if there is any.
pub type Refute = fn(&Case<'_>) -> Option<Sentence>;
/// The most a cause can explain, if that is bounded.
pub type Bounded = fn(&Case<'_>) -> Option<Bound>;

/// One cause: what it needs, what speaks against it, and how it is judged.
#[derive(Debug)]
pub struct Cause {
    /// Its number in the catalogue of faults, e.g. `F13`.
    pub id: &'static str,
    /// Its stable name, e.g. `event-loop-blocked-by-wait`.
    pub slug: &'static str,
    /// Its title.
    pub title: Code,
    /// What it can explain.
    pub nature: Nature,
    /// Facts without which it is never named; each row is satisfied by any of its keys.
    pub required: &'static [&'static [FactKey]],
    /// Facts that strengthen it.
    pub supporting: &'static [FactKey],
    /// Evidence that excludes it.
    pub refutes: &'static [Refute],
    /// Causes that look the same and must be judged beside it.
    pub look_alikes: &'static [&'static str],
    /// The most it can explain.
    pub bound: Option<Bounded>,
    /// The judgement itself.
    pub examine: Examine,
}

impl Cause {
    /// Whether it cannot be named without a fact of PostgreSQL.
    fn is_about_postgres(&self) -> bool {
        self.required.iter().any(|keys| keys.iter().all(|key| key.name().starts_with("Pg")))
    }
}

/// The most a cause can explain, by a measured bound.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The greatest share of the worst symptom's time, in percent.
    pub share: Figure,
    /// The sentence that says so.
    pub says: Sentence,
}

/// Below this share, in percent, a bounded cause is excluded.
pub const BOUND_PERCENT_MIN: f64 = 10.0;

/// How well a cause is established.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The wait covers at least 80 % of the time, and two coincidences or an intervention agree;
    /// or it is a state that was read directly.
    Proven,
    /// The wait covers at least 60 % of the time.
    Observed,
}

impl Grade {
    /// The grade a share deserves; `None` below 60 %: then no cause is named.
    pub fn of(share_percent: f64, coincidences: usize) -> Option<Self> {
        if share_percent >= 80.0 && coincidences >= 2 {
            Some(Self::Proven)
        } else if share_percent >= 60.0 {
            Some(Self::Observed)
        } else {
            None
        }
    }

    /// The grade of computing: by its share, or because its CPU time alone misses the target
    /// while waiting for a CPU explains the rest.
    pub fn of_computing(case: &Case<'_>, share: &Figure, cpu_ms: f64, queued: f64) -> Option<Self> {
        let alone = cpu_ms > case.thresholds.response_target_ms;
        let explains = share.value + queued >= 80.0 && share.value >= 15.0;
        Self::of(share.value, 0).or((alone && explains).then_some(Self::Observed))
    }

    /// Its word.
    pub fn word(self) -> Code {
        match self {
            Self::Proven => Code::GradeProven,
            Self::Observed => Code::GradeObserved,
        }
    }
}

/// A cause that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The cause's number.
    pub cause: &'static str,
    /// The exact object: a PID, a thread, a file, a table, a source line.
    pub object: String,
    /// The verdict in one sentence.
    pub says: Sentence,
    /// The links of evidence, in reading order.
    pub chain: Vec<Sentence>,
    /// The symptoms it explains, as their objects; empty for hygiene.
    pub explains: Vec<String>,
    /// The share of the worst symptom's time it explains.
    pub share: Option<Figure>,
    /// How well it is established.
    pub grade: Grade,
}

impl Finding {
    /// Whether it explains no symptom.
    pub fn is_hygiene(&self) -> bool {
        self.explains.is_empty()
    }

    /// Every fact it rests on.
    pub fn evidence(&self) -> Vec<FactId> {
        let mut ids: Vec<FactId> = std::iter::once(&self.says)
            .chain(&self.chain)
            .flat_map(|sentence| sentence.evidence.iter().copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// What a check says.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// The cause is there.
    Found(Box<Finding>),
    /// The cause is excluded by this.
    RuledOut(Sentence),
    /// The cause can be neither named nor excluded for want of these.
    CannotTell(Vec<Missing>),
}

impl Judgement {
    /// A finding.
    pub fn found(finding: Finding) -> Self {
        Self::Found(Box::new(finding))
    }

    /// Cannot tell, for want of these kinds of facts.
    pub fn lacking(case: &Case<'_>, keys: &[FactKey]) -> Self {
        Self::CannotTell(case.gaps(keys))
    }
}

/// Judges one cause: the evidence gate around its own examination.
///
/// In this order: nothing to explain, or a server that runs nothing, rules a cause of latency out; missing required facts make it
/// unknowable; refuting evidence and then its bound exclude it; what it finds must carry every
/// required fact in its chain, and must not stand on a budget that is largely unexplained.
pub fn judge(cause: &Cause, case: &Case<'_>) -> Judgement {
    if cause.nature == Nature::Latency
        && let Some(says) = nothing_to_explain(case).or_else(|| whole::halted_instead(case))
    {
        return Judgement::RuledOut(says);
    }
    if cause.is_about_postgres()
        && let Some(says) = postgres::absent(case)
    {
        return Judgement::RuledOut(says);
    }
    let lacking: Vec<Missing> = cause
        .required
        .iter()
        .filter(|keys| !keys.iter().any(|key| case.evidence.any(*key).is_some()))
        .flat_map(|keys| case.gaps(keys))
        .collect();
    if !lacking.is_empty() {
        return Judgement::CannotTell(lacking);
    }
    if let Some(says) = cause.refutes.iter().find_map(|refute| refute(case)) {
        return Judgement::RuledOut(says);
    }
    if case.slow().next().is_some()
        && let Some(bound) = cause.bound.and_then(|bound| bound(case))
        && bound.share.value < BOUND_PERCENT_MIN
        && cause.nature == Nature::Latency
    {
        return Judgement::RuledOut(bound.says);
    }
    match (cause.examine)(case) {
        Judgement::Found(finding) => gate(cause, case, *finding),
        other => other,
    }
}

/// Lets a finding through, or says what its chain lacks.
fn gate(cause: &Cause, case: &Case<'_>, finding: Finding) -> Judgement {
    let ids = finding.evidence();
    let carries = |keys: &&&[FactKey]| {
        ids.iter().filter_map(|id| case.evidence.get(*id)).any(|fact| keys.contains(&fact.key))
    };
    if let Some(lacking) = cause.required.iter().find(|keys| !carries(keys)) {
        return Judgement::lacking(case, lacking);
    }
    let is_latency = matches!(cause.nature, Nature::Latency | Nature::Both);
    let unexplained = case
        .budgets
        .iter()
        .filter(|budget| finding.explains.contains(&budget.object))
        .map(crate::budget::Budget::unexplained_percent)
        .fold(0.0, f64::max);
    if is_latency && unexplained > UNEXPLAINED_PERCENT_MAX {
        return Judgement::CannotTell(vec![Missing {
            key: FactKey::HeldRequestMs,
            object: finding.explains.first().cloned().unwrap_or_default(),
            reason: format!("{unexplained:.0} % of its time is unexplained"),
        }]);
    }
    Judgement::found(finding)
}

/// The sentence that excludes every cause of latency at once, if there is no slow endpoint.
fn nothing_to_explain(case: &Case<'_>) -> Option<Sentence> {
    if case.slow().next().is_some() {
        return None;
    }
    if let Some(symptom) = case.ailing(Ailment::Unreachable)
        && symptom::served_beside(case.evidence, &symptom.object).is_none()
    {
        let outcome = case.evidence.find(FactKey::ConnectOutcome, &symptom.object)?;
        let text = case.evidence.text(FactKey::ConnectOutcome, &symptom.object)?;
        return Some(
            Sentence::new(Code::NothingAnswered)
                .name("address", &symptom.object, outcome)
                .name("outcome", text, outcome),
        );
    }
    let (path, fact, p95) = case.slowest()?;
    Some(Sentence::new(Code::NothingSlow).name("path", path, fact).figure("p95", &p95))
}

/// The cause with this number or name.
pub fn by_name(name: &str) -> Option<&'static Cause> {
    ALL.iter()
        .copied()
        .find(|cause| cause.id.eq_ignore_ascii_case(name) || cause.slug.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed};
    use crate::thresholds::Thresholds;

    #[test]
    fn every_look_alike_is_itself_a_check() {
        for cause in ALL {
            for other in cause.look_alikes {
                assert!(by_name(other).is_some(), "{} {other}", cause.id);
            }
        }
    }

    #[test]
    fn numbers_and_names_are_unique() {
        for (at, cause) in ALL.iter().enumerate() {
            assert!(ALL[at + 1..].iter().all(|other| other.id != cause.id));
            assert!(ALL[at + 1..].iter().all(|other| other.slug != cause.slug));
        }
    }

    #[test]
    fn a_finding_without_its_required_facts_is_not_named() {
        let evidence = Bed::new().with(sample::blocked_loop).seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        let hollow = Finding {
            cause: "F13",
            object: "4100".to_owned(),
            says: Sentence::new(Code::HealthyTitle),
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Observed,
        };
        let judged = gate(&loop_blocked_by_wait::CAUSE, &case, hollow);
        assert!(matches!(judged, Judgement::CannotTell(_)));
    }

    #[test]
    fn nothing_within_a_server_that_runs_nothing_is_the_cause() {
        let bed =
            Bed::new().with(sample::blocked_loop).fact(FactKey::FreezerState, "4100", "frozen");
        let judged = sample::judge(&loop_blocked_by_wait::CAUSE, bed);
        sample::assert_ruled_out(judged, Code::HaltedInstead);
    }

    #[test]
    fn empty_evidence_finds_nothing_and_excludes_nothing() {
        let evidence = Bed::new().seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        for cause in ALL {
            let judged = judge(cause, &case);
            assert!(matches!(judged, Judgement::CannotTell(_)), "{} {judged:?}", cause.id);
        }
    }
}
