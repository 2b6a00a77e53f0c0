//! F26: memory grows with every request.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// The resident set grows in each of several equal cycles of requests, by about the same.
pub(super) const CAUSE: Cause = Cause {
    id: "F26",
    slug: "memory-leak",
    title: Code::LeakTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::RssGrowthBytes], &[FactKey::RssCycleRequests]],
    supporting: &[FactKey::ProcessRssBytes, FactKey::FrameworkLanguage],
    refutes: &[],
    look_alikes: &["F24", "F25"],
    bound: None,
    examine,
};

/// The fewest cycles that say anything.
const CYCLES_MIN: usize = 3;
/// Growth per request below this is within what allocators and collectors keep, in bytes.
const GROWTH_MIN: f64 = 8.0 * 1024.0;
/// A cache that warms up grows less and less; a leak grows at the end as at the beginning.
const DECAY_MIN: f64 = 0.6;
/// What V8 leaves lying about before it first collects, in bytes: a young generation of three semi-spaces of
/// 16 MiB (Node.js, command-line options, `--max-semi-space-size`).
const YOUNG_BYTES: f64 = 48.0 * 1024.0 * 1024.0;
/// Student's t for a two-sided 95 % interval of the mean, by degrees of freedom from 2 on.
const T95: [f64; 6] = [4.303, 3.182, 2.776, 2.571, 2.447, 2.365];

/// Whether the cycles grow: every one, without decay, the mean's interval clear of zero.
fn grows(cycles: &[f64]) -> bool {
    let (Some(first), Some(last)) = (cycles.first(), cycles.last()) else { return false };
    let n = cycles.len() as f64;
    let mean = cycles.iter().sum::<f64>() / n;
    let variance = cycles.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let t = T95.get(cycles.len().saturating_sub(3)).copied().unwrap_or(2.365);
    let low = mean - t * (variance / n).sqrt();
    cycles.len() >= CYCLES_MIN
        && cycles.iter().all(|one| *one >= GROWTH_MIN)
        && *last >= first * DECAY_MIN
        && low > 0.0
}

/// Whether all of it together is more than a collector leaves lying about; only where there is one.
fn outgrows_the_young(case: &Case<'_>, fact: &Fact) -> bool {
    let language = case.evidence.any(FactKey::FrameworkLanguage);
    let collects = language.is_some_and(|fact| fact.value == Value::from("node"));
    let requests = case.evidence.find(FactKey::RssCycleRequests, &fact.object);
    let requests = requests.and_then(|fact| fact.value.number()).unwrap_or(0.0);
    !collects || cycles(fact).iter().sum::<f64>() * requests >= YOUNG_BYTES
}

fn cycles(fact: &Fact) -> &[f64] {
    match &fact.value {
        Value::Samples(cycles) => cycles,
        _ => &[],
    }
}

fn examine(case: &Case<'_>) -> Judgement {
    let all = || case.evidence.all(FactKey::RssGrowthBytes);
    let greatest = |a: &&Fact, b: &&Fact| {
        a.value.number().unwrap_or(0.0).total_cmp(&b.value.number().unwrap_or(0.0))
    };
    let leaks = |fact: &&Fact| grows(cycles(fact)) && outgrows_the_young(case, fact);
    let leaking = all().filter(leaks).max_by(greatest);
    let judged = match leaking {
        Some(fact) => name(case, fact),
        None => all().max_by(greatest).and_then(|fact| {
            let young = grows(cycles(fact)) && !outgrows_the_young(case, fact);
            let code = if young { Code::LeakYoung } else { Code::LeakNone };
            Some(Judgement::RuledOut(filled(case, code, fact)?))
        }),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn filled(case: &Case<'_>, code: Code, fact: &Fact) -> Option<Sentence> {
    let growth = Figure::of(Expr::median(fact), Unit::Bytes, case.evidence)?;
    Some(
        Sentence::new(code)
            .figure("growth", &growth)
            .name("path", &fact.object, fact)
            .figure("cycles", &case.count(Expr::n(fact))?),
    )
}

fn name(case: &Case<'_>, fact: &Fact) -> Option<Judgement> {
    let (pid, server) = case.server()?;
    let requests = case.evidence.find(FactKey::RssCycleRequests, &fact.object)?;
    let says = filled(case, Code::Leak, fact)?
        .name("pid", pid.to_string(), server)
        .figure("requests", &case.count(Expr::value(requests))?);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: format!("{pid} {}", fact.object),
        says,
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Observed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn growing(cycles: &[f64]) -> Bed {
        Bed::new().with(sample::server).samples(FactKey::RssGrowthBytes, "/cart", cycles).fact(
            FactKey::RssCycleRequests,
            "/cart",
            24,
        )
    }

    #[test]
    fn the_same_growth_in_every_cycle_is_found_with_the_endpoint() {
        let bed = growing(&[100_500.0, 99_800.0, 101_200.0, 100_100.0, 100_700.0]);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "4100 /cart");
        assert!(finding.is_hygiene());
    }

    #[test]
    fn a_cache_that_warms_up_grows_less_and_less_and_is_ruled_out() {
        let bed = growing(&[90_000.0, 50_000.0, 30_000.0, 16_000.0, 9_000.0]);
        assert_ruled_out(judge(&CAUSE, bed), Code::LeakNone);
    }

    #[test]
    fn what_node_has_not_collected_yet_is_ruled_out_and_more_than_that_is_found() {
        let node = |bed: Bed| bed.fact(FactKey::FrameworkLanguage, "4100", "node");
        let young = [31_000.0, 39_000.0, 40_000.0, 44_000.0, 54_000.0];
        assert_ruled_out(judge(&CAUSE, node(growing(&young))), Code::LeakYoung);
        assert_found(judge(&CAUSE, growing(&young)));
        assert_found(judge(&CAUSE, node(growing(&[500_000.0; 5]))));
    }

    #[test]
    fn one_step_of_an_allocator_is_ruled_out() {
        let bed = growing(&[0.0, 0.0, 43_000.0, 0.0, 0.0]);
        assert_ruled_out(judge(&CAUSE, bed), Code::LeakNone);
    }
}
