//! Symptoms: which endpoints miss their target, by measurement alone and before any cause.

use serde::Serialize;

use crate::evidence::{Evidence, Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::stats::P95_SAMPLES_MIN;
use crate::thresholds::Thresholds;

/// What is wrong with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// Nothing answers at the address.
    Unreachable,
    /// Another program answers in place of the intended one.
    Impostor,
    /// Too many requests fail.
    Failing,
    /// The response time misses its target.
    Slow,
}

/// One endpoint (or address) that misses its target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Symptom {
    /// The endpoint as an evidence object (path, perhaps with its concurrency), or the address.
    pub object: String,
    /// What is wrong.
    pub ailment: Ailment,
    /// The number that misses the target: milliseconds, or percent of failures.
    pub figure: Option<Figure>,
    /// The path without its concurrency.
    pub path: String,
}

impl Symptom {
    /// The windows in which this endpoint can have been watched, best first.
    pub fn windows(&self) -> [object::Window; 2] {
        [object::Window::Held(self.object.clone()), object::Window::Held(self.path.clone())]
    }

    fn severity(&self) -> (Ailment, f64) {
        (self.ailment, self.figure.as_ref().map_or(f64::INFINITY, |figure| figure.value))
    }
}

/// Every symptom, the worst first: unreachable, then impostor, failing, slow by time.
pub fn find(evidence: &Evidence, thresholds: &Thresholds) -> Vec<Symptom> {
    let mut found: Vec<Symptom> = unreachable(evidence).into_iter().collect();
    found.extend(half_reachable(evidence));
    found.extend(impostor(evidence));
    let judged = |fact: &&Fact| object::parse_endpoint(&fact.object).1 <= thresholds.concurrency;
    found.extend(
        evidence
            .all(FactKey::HttpErrors)
            .filter(judged)
            .filter_map(|fact| failing(evidence, fact, thresholds)),
    );
    found.extend(
        evidence
            .all(FactKey::HttpTotalMs)
            .filter(judged)
            .filter_map(|fact| slow(evidence, fact, thresholds)),
    );
    found.sort_by(|a, b| {
        let (ailment_a, size_a) = a.severity();
        let (ailment_b, size_b) = b.severity();
        (ailment_a as u8).cmp(&(ailment_b as u8)).then(size_b.total_cmp(&size_a))
    });
    found
}

fn unreachable(evidence: &Evidence) -> Option<Symptom> {
    let answered = evidence.all(FactKey::ConnectOutcome).any(|fact| is(fact, "accepted"));
    let failed = evidence.all(FactKey::ConnectOutcome).find(|fact| !is(fact, "accepted"))?;
    (!answered).then(|| Symptom {
        object: failed.object.clone(),
        ailment: Ailment::Unreachable,
        figure: None,
        path: failed.object.clone(),
    })
}

/// The first of a name's addresses is not answered although another one is served: clients that
/// try addresses in their order wait there.
fn half_reachable(evidence: &Evidence) -> Option<Symptom> {
    let first = evidence.list(FactKey::AddressOrder, object::TARGET)?.first()?;
    served_beside(evidence, first).map(|_| Symptom {
        object: first.clone(),
        ailment: Ailment::Unreachable,
        figure: None,
        path: first.clone(),
    })
}

/// The served address beside one that leaves connections unanswered; a refusal is an answer.
pub fn served_beside<'e>(evidence: &'e Evidence, first: &str) -> Option<&'e Fact> {
    let outcome = evidence.find(FactKey::ConnectOutcome, first)?;
    if !is(outcome, "timeout") {
        return None;
    }
    evidence.all(FactKey::ConnectOutcome).find(|fact| is(fact, "accepted"))
}

fn impostor(evidence: &Evidence) -> Option<Symptom> {
    let pid = evidence.int(FactKey::IntendedPid, object::TARGET);
    let exe = evidence.text(FactKey::IntendedExe, object::TARGET);
    if pid.is_none() && exe.is_none() {
        return None;
    }
    let mut holders = evidence.all(FactKey::ListenerPid).peekable();
    let first = holders.peek().map(|fact| object::listener_address(&fact.object).to_owned())?;
    let is_serving = |fact: &Fact| match (&fact.value, pid) {
        (Value::Int(holder), Some(pid)) => *holder == pid || related(evidence, fact, pid),
        (Value::Int(holder), None) => {
            let holder = evidence.text(FactKey::ProcessExe, &holder.to_string());
            holder.is_none() || holder == exe
        }
        _ => true,
    };
    (!holders.any(is_serving)).then(|| Symptom {
        object: first.clone(),
        ailment: Ailment::Impostor,
        figure: None,
        path: first,
    })
}

/// Whether the process of a listener is parent, child or sibling of the intended one.
fn related(evidence: &Evidence, listener: &Fact, intended: i64) -> bool {
    let Value::Int(pid) = listener.value else { return false };
    [(pid, intended), (intended, pid)].iter().any(|(of, other)| {
        let process = of.to_string();
        let listed = |key| {
            evidence
                .list(key, &process)
                .is_some_and(|pids| pids.iter().any(|pid| *pid == other.to_string()))
        };
        listed(FactKey::ForkSiblings)
            || listed(FactKey::ProcessChildren)
            || evidence.int(FactKey::ProcessParent, &process) == Some(*other)
    })
}

fn failing(evidence: &Evidence, fact: &Fact, thresholds: &Thresholds) -> Option<Symptom> {
    let rate = Figure::percent(Expr::value(fact), Expr::n(fact), evidence)?;
    (rate.value > thresholds.error_rate_percent).then(|| symptom(fact, Ailment::Failing, rate))
}

fn slow(evidence: &Evidence, fact: &Fact, thresholds: &Thresholds) -> Option<Symptom> {
    let Value::Samples(samples) = &fact.value else { return None };
    let expr = if samples.len() >= P95_SAMPLES_MIN { Expr::p95(fact) } else { Expr::median(fact) };
    let time = Figure::ms(expr, evidence)?;
    (time.value > thresholds.response_target_ms).then(|| symptom(fact, Ailment::Slow, time))
}

fn symptom(fact: &Fact, ailment: Ailment, figure: Figure) -> Symptom {
    let (path, _) = object::parse_endpoint(&fact.object);
    Symptom { object: fact.object.clone(), ailment, figure: Some(figure), path: path.to_owned() }
}

fn is(fact: &Fact, text: &str) -> bool {
    matches!(&fact.value, Value::Text(value) if value == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Bed;

    #[test]
    fn a_median_above_the_target_is_a_symptom() {
        let bed = Bed::new().samples(FactKey::HttpTotalMs, "/a", &[3020.0; 5]);
        let found = find(&bed.seal(), &Thresholds::default());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].ailment, Ailment::Slow);
    }

    #[test]
    fn one_slow_request_in_sixty_is_no_symptom() {
        let mut times = [12.0; 60];
        times[7] = 9000.0;
        let bed = Bed::new().samples(FactKey::HttpTotalMs, "/a", &times);
        assert!(find(&bed.seal(), &Thresholds::default()).is_empty());
    }

    #[test]
    fn a_concurrency_above_the_judged_one_is_no_symptom() {
        let bed = Bed::new().samples(FactKey::HttpTotalMs, "/a ×32", &[9000.0; 32]);
        assert!(find(&bed.seal(), &Thresholds::default()).is_empty());
    }

    #[test]
    fn a_worker_of_the_intended_server_is_no_impostor() {
        let bed = Bed::new()
            .fact(FactKey::IntendedPid, object::TARGET, 10)
            .fact(FactKey::ListenerPid, "127.0.0.1:80 inode 5", 11)
            .fact(FactKey::ProcessParent, "11", 10);
        assert!(find(&bed.seal(), &Thresholds::default()).is_empty());
    }

    #[test]
    fn failures_above_the_limit_are_a_symptom() {
        let bed = Bed::new().counted(FactKey::HttpErrors, "/a", 3, 30);
        let found = find(&bed.seal(), &Thresholds::default());
        assert_eq!(found[0].ailment, Ailment::Failing);
        assert!((found[0].figure.as_ref().unwrap().value - 10.0).abs() < 1e-9);
    }
}
