//! Proof: what a repair changed, measured before and after beside an untouched control.

use galen_core::Entropy;
use serde::Serialize;

use crate::case::Case;
use crate::evidence::{Evidence, Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure, Lookup, Unit};
use crate::repairs::State;
use crate::sentence::Sentence;
use crate::stats::{self, Interval, P95_SAMPLES_MIN};
use crate::words::Code;

/// The fewest requests per endpoint and side; below it nothing is proven.
pub const REQUESTS_MIN: u64 = 30;
/// The smallest change that counts, in percent of the median before.
pub const CHANGE_PERCENT_MIN: f64 = 20.0;
/// The smallest harm that counts, in milliseconds: below it clock noise is larger.
const HARM_MS_MIN: f64 = 5.0;

/// What the measurements say about one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The interval excludes zero, the median fell by a fifth or more, the control did not.
    Improved,
    /// Nothing that can be told from noise.
    NoEffect,
    /// The interval excludes zero and the median rose by a fifth or more.
    Worse,
    /// Too few requests on one side.
    NotMeasured,
}

/// How an endpoint that missed its target stands afterwards. There is no "partially".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It meets its target now.
    Resolved,
    /// It still misses it.
    NotResolved,
    /// It was not measured often enough.
    NotMeasured,
    /// It met its target before, too.
    WasHealthy,
}

/// Before and after of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndpointProof {
    /// The endpoint.
    pub path: String,
    /// Whether it is the control.
    pub control: bool,
    /// Median before.
    pub median_before: Option<Figure>,
    /// Median after.
    pub median_after: Option<Figure>,
    /// 95th percentile before.
    pub p95_before: Option<Figure>,
    /// 95th percentile after.
    pub p95_after: Option<Figure>,
    /// Failed requests before, in percent.
    pub errors_before: Option<Figure>,
    /// Failed requests after, in percent.
    pub errors_after: Option<Figure>,
    /// Change of the median, in percent.
    pub change_percent: Option<f64>,
    /// Its 95 % bootstrap interval, in percent.
    pub interval_percent: Option<Interval>,
    /// What that says.
    pub effect: Effect,
    /// How the endpoint stands.
    pub status: Status,
    /// The same in a sentence.
    pub says: Sentence,
}

/// The state a hygiene repair is judged by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateProof {
    /// Whether the state was reached.
    pub reached: bool,
    /// What was counted, before and after.
    pub says: Sentence,
}

/// Everything measured about one repair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// The state reached, for repairs judged by it.
    pub state: Option<StateProof>,
    /// Every endpoint measured on both sides.
    pub endpoints: Vec<EndpointProof>,
    /// Whether no endpoint is worse.
    pub unharmed: bool,
    /// Whether the repair counts as proven.
    pub proven: bool,
}

/// Both sides of a repair, readable by fact id.
struct Sides<'a> {
    before: &'a Evidence,
    after: &'a Evidence,
}

impl Lookup for Sides<'_> {
    fn fact(&self, id: crate::evidence::FactId) -> Option<&Fact> {
        self.before.get(id).or_else(|| self.after.get(id))
    }
}

/// Compares two probings of the same plan.
pub fn compare(
    before: &Case<'_>,
    after: &Evidence,
    state: Option<State>,
    entropy: &dyn Entropy,
) -> Proof {
    let sides = Sides { before: before.evidence, after };
    let control = before.control().map(|(path, _)| path.to_owned());
    let control_change = control
        .as_deref()
        .and_then(|path| change(&sides, path, entropy))
        .map(|(percent, interval)| (percent, interval.excludes_zero()));
    let endpoints: Vec<EndpointProof> = before
        .evidence
        .all(FactKey::HttpTotalMs)
        .filter(|fact| object::parse_endpoint(&fact.object).1 == 1)
        .map(|fact| {
            let is_control = control.as_deref() == Some(fact.object.as_str());
            let moved = if is_control { None } else { control_change };
            let has_control = is_control || control.is_some();
            endpoint(before, &sides, fact, (is_control, has_control, moved), entropy)
        })
        .collect();
    let state = state.and_then(|state| state_proof(&sides, state));
    let unharmed = endpoints.iter().all(|one| one.effect != Effect::Worse);
    let improved = endpoints.iter().any(|one| one.effect == Effect::Improved && !one.control);
    let proven = unharmed && state.as_ref().map_or(improved, |state| state.reached);
    Proof { state, endpoints, unharmed, proven }
}

fn change(sides: &Sides<'_>, path: &str, entropy: &dyn Entropy) -> Option<(f64, Interval)> {
    let before = sides.before.samples(FactKey::HttpTotalMs, path)?;
    let after = sides.after.samples(FactKey::HttpTotalMs, path)?;
    let enough = before.len().min(after.len()) as u64 >= REQUESTS_MIN;
    enough.then(|| stats::median_change_percent(before, after, entropy)).flatten()
}

fn endpoint(
    case: &Case<'_>,
    sides: &Sides<'_>,
    before: &Fact,
    (control, has_control, control_moved): (bool, bool, Option<(f64, bool)>),
    entropy: &dyn Entropy,
) -> EndpointProof {
    let path = before.object.clone();
    let after = sides.after.find(FactKey::HttpTotalMs, &path);
    let ms = |expr| Figure::ms(expr, sides);
    let enough = |fact: &Fact| fact.n >= P95_SAMPLES_MIN as u64;
    let p95 = |fact: &Fact| enough(fact).then(|| ms(Expr::p95(fact))).flatten();
    let measured = change(sides, &path, entropy);
    let moved_alike = |percent: f64| {
        (!has_control && percent < 0.0)
            || control_moved.is_some_and(|(control, real)| {
                real && control.signum() == percent.signum() && control.abs() >= percent.abs() / 2.0
            })
    };
    let effect = match measured {
        None => Effect::NotMeasured,
        Some((percent, interval)) => {
            let rise = sides.after.median(before.key, &path).unwrap_or(0.0)
                - sides.before.median(before.key, &path).unwrap_or(0.0);
            judge(percent, interval, rise, moved_alike(percent))
        }
    };
    EndpointProof {
        control,
        median_before: ms(Expr::median(before)),
        median_after: after.and_then(|fact| ms(Expr::median(fact))),
        p95_before: p95(before),
        p95_after: after.and_then(p95),
        errors_before: errors(sides, sides.before, &path),
        errors_after: errors(sides, sides.after, &path),
        change_percent: measured.map(|(percent, _)| percent),
        interval_percent: measured.map(|(_, interval)| interval),
        effect,
        status: status(case, sides.after, &path, after.map_or(0, |fact| fact.n)),
        says: sentence(sides, before, after, measured, effect),
        path,
    }
}

fn judge(percent: f64, interval: Interval, rise_ms: f64, moved_alike: bool) -> Effect {
    if !interval.excludes_zero() || percent.abs() < CHANGE_PERCENT_MIN || moved_alike {
        Effect::NoEffect
    } else if percent < 0.0 {
        Effect::Improved
    } else if rise_ms >= HARM_MS_MIN {
        Effect::Worse
    } else {
        Effect::NoEffect
    }
}

fn errors(sides: &Sides<'_>, side: &Evidence, path: &str) -> Option<Figure> {
    let fact = side.find(FactKey::HttpErrors, path)?;
    Figure::percent(Expr::value(fact), Expr::n(fact), sides)
}

fn status(case: &Case<'_>, after: &Evidence, path: &str, n: u64) -> Status {
    if !case.symptoms.iter().any(|symptom| symptom.path == path) {
        return Status::WasHealthy;
    }
    if n < REQUESTS_MIN {
        return Status::NotMeasured;
    }
    let still = crate::symptom::find(after, case.thresholds);
    if still.iter().any(|symptom| symptom.path == path) {
        Status::NotResolved
    } else {
        Status::Resolved
    }
}

fn sentence(
    sides: &Sides<'_>,
    before: &Fact,
    after: Option<&Fact>,
    measured: Option<(f64, Interval)>,
    effect: Effect,
) -> Sentence {
    let parts = after.and_then(|after| {
        let from = Figure::ms(Expr::median(before), sides)?;
        let to = Figure::ms(Expr::median(after), sides)?;
        let n_from = Figure::count(Expr::n(before), sides)?;
        let n_to = Figure::count(Expr::n(after), sides)?;
        Some((from, to, n_from, n_to, measured?))
    });
    let Some((from, to, n_before, n_after, (percent, interval))) = parts else {
        let n = after.map_or(0, |fact| fact.n);
        return Sentence::new(Code::ProofNotMeasured)
            .name("path", &before.object, before)
            .setting("n", n.to_string())
            .setting("needed", REQUESTS_MIN.to_string());
    };
    let code = match effect {
        Effect::Improved => Code::ProofImproved,
        Effect::Worse => Code::ProofWorse,
        Effect::NoEffect | Effect::NotMeasured => Code::ProofNoEffect,
    };
    let percent_text = |value: f64| crate::figure::print(value, Unit::Percent);
    let says = Sentence::new(code)
        .name("path", &before.object, before)
        .figure("before", &from)
        .figure("after", &to)
        .setting("change", percent_text(percent))
        .setting("low", percent_text(interval.low))
        .setting("high", percent_text(interval.high));
    if code == Code::ProofImproved {
        says.figure("n_before", &n_before).figure("n_after", &n_after)
    } else {
        says
    }
}

fn state_proof(sides: &Sides<'_>, state: State) -> Option<StateProof> {
    let before = (state.read)(sides.before)?;
    let after = (state.read)(sides.after);
    let count = |fact: &Fact| match (&fact.value, fact.key) {
        // A lock file counts as one, whatever PID it names.
        (Value::Int(_), FactKey::LockFilePid) => Some(1.0),
        (value, _) => value.number(),
    };
    let reached = (state.reached)(count(before), after.and_then(count));
    let text = |fact: Option<&Fact>| {
        fact.and_then(count)
            .map_or_else(|| "0".to_owned(), |value| crate::figure::print(value, Unit::Count))
    };
    let says = Sentence::new(Code::ProofState)
        .word("what", state.what)
        .setting("before", text(Some(before)))
        .setting("after", text(after))
        .cite(before)
        .cite_all(after);
    Some(StateProof { reached, says })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::FactId;
    use crate::sample::Bed;
    use crate::thresholds::Thresholds;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0x3c);
        }
    }

    fn times(base: f64) -> Vec<f64> {
        (0..40).map(|i| base + f64::from(i % 9) * base * 0.01).collect()
    }

    fn proof(before: [f64; 2], after: [f64; 2]) -> Proof {
        let lay = |[slow, control]: [f64; 2]| {
            Bed::new().samples(FactKey::HttpTotalMs, "/slow", &times(slow)).samples(
                FactKey::HttpTotalMs,
                "/health",
                &times(control),
            )
        };
        let before = lay(before).seal();
        let after = lay(after).seal_after(before.last_id());
        assert!(after.facts()[0].id > FactId(1));
        let thresholds = Thresholds::default();
        let case = Case::new(&before, &thresholds, true);
        compare(&case, &after, None, &Fixed)
    }

    fn of<'p>(proof: &'p Proof, path: &str) -> &'p EndpointProof {
        proof.endpoints.iter().find(|one| one.path == path).unwrap()
    }

    #[test]
    fn a_real_improvement_beside_a_still_control_is_improved_and_resolved() {
        let proof = proof([3000.0, 5.0], [40.0, 5.0]);
        let slow = of(&proof, "/slow");
        assert_eq!((slow.effect, slow.status), (Effect::Improved, Status::Resolved));
        assert!(proof.proven);
    }

    #[test]
    fn a_control_that_moves_alike_takes_the_credit_away() {
        let proof = proof([3000.0, 50.0], [900.0, 15.0]);
        assert_eq!(of(&proof, "/slow").effect, Effect::NoEffect);
        assert!(!proof.proven);
    }

    #[test]
    fn a_tenth_is_not_enough() {
        let proof = proof([3000.0, 5.0], [2700.0, 5.0]);
        assert_eq!(of(&proof, "/slow").effect, Effect::NoEffect);
        assert_eq!(of(&proof, "/slow").status, Status::NotResolved);
    }

    #[test]
    fn a_harmed_control_is_noticed() {
        let proof = proof([3000.0, 50.0], [3000.0, 90.0]);
        assert_eq!(of(&proof, "/health").effect, Effect::Worse);
        assert!(!proof.unharmed);
    }

    #[test]
    fn fewer_than_thirty_requests_prove_nothing() {
        let before = Bed::new()
            .samples(FactKey::HttpTotalMs, "/slow", &[3000.0; 8])
            .samples(FactKey::HttpTotalMs, "/health", &times(5.0))
            .seal();
        let after = Bed::new().samples(FactKey::HttpTotalMs, "/slow", &[10.0; 8]);
        let after = after.seal_after(before.last_id());
        let thresholds = Thresholds::default();
        let case = Case::new(&before, &thresholds, true);
        let proof = compare(&case, &after, None, &Fixed);
        assert_eq!(of(&proof, "/slow").effect, Effect::NotMeasured);
        assert_eq!(of(&proof, "/slow").status, Status::NotMeasured);
    }
}
