//! F16: a semaphore or limiter inside the application lets only a few requests in at a time.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::threads::{self, Wait};
use crate::words::Code;

/// Requests sent at one moment are answered a few at a time, while no thread is busy, no CPU is
/// used, and the server waits for no other one.
pub(super) const CAUSE: Cause = Cause {
    id: "F16",
    slug: "limiter-inside-application",
    title: Code::LimiterTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::BurstMs], &[FactKey::OutboundPeers]],
    supporting: &[FactKey::ThreadSyscalls, FactKey::HttpThroughput],
    refutes: &[rate_limited, has_peers, somebody_works],
    look_alikes: &["F15", "F17", "F51", "F66"],
    bound: None,
    examine,
};

/// The last of a burst takes at least so many times one alone.
const SLOWDOWN_MIN: f64 = 1.8;

/// A slow endpoint that was sent a burst: its path, the burst, and one request alone.
fn burst<'a>(case: &Case<'a>) -> Option<(String, &'a Fact, &'a Fact)> {
    case.slow().find_map(|symptom| {
        let burst = case.evidence.find(FactKey::BurstMs, &symptom.path)?;
        let alone = case.evidence.find(FactKey::HeldRequestMs, &symptom.path)?;
        Some((symptom.path.clone(), burst, alone))
    })
}

fn rate_limited(case: &Case<'_>) -> Option<Sentence> {
    let (path, ..) = burst(case)?;
    let fact = case.evidence.find(FactKey::HttpStatus, &path)?;
    let count = case.count(Expr::count(fact, "429")).filter(|count| count.value > 0.0)?;
    Some(Sentence::new(Code::LimiterRefused).figure("count", &count))
}

fn has_peers(case: &Case<'_>) -> Option<Sentence> {
    burst(case)?;
    case.evidence.all(FactKey::OutboundPeers).find_map(|fact| {
        let peer = threads::most_frequent(fact)?;
        Some(Sentence::new(Code::LimiterPeers).name("peer", peer, fact))
    })
}

fn somebody_works(case: &Case<'_>) -> Option<Sentence> {
    let (path, ..) = burst(case)?;
    let symptom = case.slow().find(|symptom| symptom.path == path)?;
    let views = case.threads(symptom);
    let view = threads::occupied(&views)?;
    Some(Sentence::new(Code::LimiterBusy).name("thread", chain::thread_name(view), view.waits))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((path, burst, alone)) = burst(case) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let judged = name(case, &path, burst, alone);
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn last(burst: &Fact) -> Expr {
    Expr::Of(burst.id, crate::figure::Stat::Max)
}

fn name(case: &Case<'_>, path: &str, burst: &Fact, alone: &Fact) -> Option<Judgement> {
    let n = case.count(Expr::n(burst))?;
    let last_ms = case.ms(last(burst))?;
    let alone_ms = case.ms(Expr::value(alone))?;
    if last_ms.value < alone_ms.value * SLOWDOWN_MIN {
        return Some(Judgement::RuledOut(
            Sentence::new(Code::LimiterTogether)
                .figure("n", &n)
                .figure("last", &last_ms)
                .figure("alone", &alone_ms),
        ));
    }
    // Little's law at the plateau: N = X × R, with X the burst over the time it took.
    let permits = Expr::n(burst).over(last(burst)).times(Expr::value(alone));
    let permits = Figure::of(permits, Unit::Plain, case.evidence)?;
    let peers = case.evidence.any(FactKey::OutboundPeers)?;
    let (pid, server) = case.server()?;
    let says = Sentence::new(Code::Limiter)
        .name("path", path, burst)
        .figure("alone", &alone_ms)
        .figure("n", &n)
        .figure("last", &last_ms)
        .figure("permits", &permits)
        .name("pid", pid.to_string(), server)
        .cite(peers);
    let median = case.ms(Expr::median(burst))?;
    let spread = Sentence::new(Code::LimiterBurst)
        .figure("n", &n)
        .figure("median", &median)
        .figure("last", &last_ms);
    let share = case.share(waited(burst, alone).over(Expr::median(burst)))?;
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: path.to_owned(),
        says,
        chain: chain::of([chain::timing(case, path), Some(spread), quiet(case)]),
        explains: explained(case, path),
        share: Some(share),
        grade: Grade::Observed,
    }))
}

/// What the median request of the burst waited beyond one alone.
fn waited(burst: &Fact, alone: &Fact) -> Expr {
    Expr::median(burst).less(Expr::value(alone))
}

/// Every slow level of concurrency of the same path.
fn explained(case: &Case<'_>, path: &str) -> Vec<String> {
    let same = case.slow().filter(|symptom| symptom.path == path);
    same.map(|symptom| symptom.object.clone()).collect()
}

fn quiet(case: &Case<'_>) -> Option<Sentence> {
    let (_, view) = case.loops().into_iter().next()?;
    let parked = view.labels(Wait::Parked);
    let parked = Expr::sum(parked.iter().map(|(label, _)| Expr::count(view.waits, label)));
    let says =
        Sentence::new(Code::LimiterQuiet).name("thread", chain::thread_name(&view), view.waits);
    chain::looks(case, says, parked, view.waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn burst(times: &[f64]) -> Bed {
        let path = "/api/export";
        let bed = sample::held(Bed::new().with(sample::server), path, [0, 0, 0, 64, 0], 610.0);
        sample::thread(bed, 4100, path, "epoll_wait", &[("epoll_wait", 64)])
            .samples(FactKey::HttpTotalMs, path, &[2900.0; 30])
            .fact(FactKey::PythonOnLoop, "4100/4100 during /api/export", true)
            .samples(FactKey::BurstMs, path, times)
            .counts_of(FactKey::OutboundPeers, "4100", &[], 40)
    }

    const ONE_BY_ONE: [f64; 8] = [610.0, 1215.0, 1820.0, 2430.0, 3040.0, 3650.0, 4260.0, 4870.0];

    #[test]
    fn a_burst_answered_one_by_one_is_found_with_the_number_let_in() {
        let finding = assert_found(judge(&CAUSE, burst(&ONE_BY_ONE)));
        assert_eq!(finding.object, "/api/export");
        assert!(crate::words::render(&finding.says).contains("as if 1"), "{:?}", finding.says);
    }

    #[test]
    fn a_burst_that_is_answered_together_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, burst(&[612.0; 8])), Code::LimiterTogether);
    }

    #[test]
    fn connections_to_another_server_leave_its_pool_as_the_limit_and_rule_it_out() {
        let bed = burst(&ONE_BY_ONE).counts_of(
            FactKey::OutboundPeers,
            "4100",
            &[("127.0.0.1:5432", 40)],
            40,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::LimiterPeers);
    }

    #[test]
    fn a_burst_without_a_slow_endpoint_is_ruled_out() {
        let bed = sample::fast(Bed::new().with(sample::server), "/health");
        assert_ruled_out(judge(&CAUSE, bed), Code::NothingSlow);
    }
}
