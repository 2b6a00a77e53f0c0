//! What the serving Galen remembers of the last two hours, as evidence: so that "now" has a before.

use galen_core::UnixMs;
use galen_doctor::evidence::{Collector, Draft, FactKey, Source, Value, object};
use galen_monitor::TopRow;

use super::ControlWitness;
use crate::wire::control::Ask;
use crate::wire::remembered::Remembered;

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// How many routes are told of: those with most time.
const ROUTES_MAX: usize = 20;
/// How many named causes are told of.
const CAUSES_MAX: usize = 20;

/// Asks for both hours and tells of them.
pub async fn observe(witness: &ControlWitness, collector: &Collector) {
    let now = witness.clock.now();
    let (last, before) = (now.plus_ms(-HOUR_MS), now.plus_ms(-2 * HOUR_MS));
    let asked = async {
        let last: Remembered = witness.ask(Ask::History { from: last, until: now }).await?;
        let before: Remembered =
            witness.ask(Ask::History { from: before, until: last.from }).await?;
        Ok::<_, String>((last, before))
    };
    match asked.await {
        Ok((last, before)) => tell(collector, now, last, before),
        Err(reason) => collector.missing(FactKey::HistoryP95Ms, object::TARGET, reason),
    }
}

fn tell(collector: &Collector, taken_at: UnixMs, last: Remembered, before: Remembered) {
    let fact = |n: u64, key: FactKey, object: &str, value: Value| {
        let from = "what the serving Galen remembers, over its control socket";
        let source = Source::new("history", from, "galen status --json");
        collector.push(Draft::new(key, object, value, source, taken_at).over(n));
    };
    let hours = [
        (last.routes, FactKey::HistoryP50Ms, FactKey::HistoryP95Ms),
        (before.routes, FactKey::HistoryP50BeforeMs, FactKey::HistoryP95BeforeMs),
    ];
    for (mut rows, p50, p95) in hours {
        rows.sort_by(|a: &TopRow, b| b.figures.sum.total_cmp(&a.figures.sum));
        for row in rows.iter().take(ROUTES_MAX) {
            for (key, value_ns) in [(p50, row.figures.p50), (p95, row.figures.p95)] {
                if let Some(value_ns) = value_ns {
                    fact(row.figures.count, key, &row.object, Value::Float(value_ns / 1e6));
                }
            }
        }
    }
    let named = last.causes.iter().filter(|cause| !cause.route.is_empty());
    for cause in named.take(CAUSES_MAX) {
        if let Some(name) = &cause.cause {
            let object = object::phase(&cause.route, name);
            fact(1, FactKey::HistoryCauseShare, &object, Value::Float(cause.share));
        }
    }
    let open = last.alerts.iter().filter(|alert| alert.resolved_at.is_none());
    let causes: Vec<String> = open.map(|alert| alert.cause.clone()).collect();
    fact(1, FactKey::HistoryAlertsOpen, object::TARGET, causes.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_monitor::{RouteCause, Step};

    fn row(object: &str, count: u64, p95_ns: f64) -> TopRow {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let sum = p95_ns * count as f64;
        TopRow {
            object: object.to_owned(),
            figures: Step {
                at: UnixMs(0),
                count,
                sum,
                min: 0.0,
                max: p95_ns,
                last: 0.0,
                p50: Some(p95_ns / 2.0),
                p95: Some(p95_ns),
                p99: None,
            },
            share: 1.0,
        }
    }

    fn hour(routes: Vec<TopRow>, causes: Vec<RouteCause>) -> Remembered {
        Remembered {
            from: UnixMs(0),
            until: UnixMs(1),
            routes,
            phases: Vec::new(),
            causes,
            alerts: Vec::new(),
        }
    }

    #[test]
    fn both_hours_and_the_named_causes_become_facts_of_the_history() {
        let cause = |route: &str, cause: Option<&str>| RouteCause {
            route: route.to_owned(),
            cause: cause.map(str::to_owned),
            phase: None,
            share: 0.75,
            unexplained: 0.0,
            wall_ns: 1.0,
        };
        let me = "GET /api/me ok";
        let causes = vec![
            cause("", Some("pool")),
            cause("GET /api/me", Some("pool")),
            cause("GET /x", None),
        ];
        let collector = Collector::new();
        let (last, before) =
            (hour(vec![row(me, 10, 4e6)], causes), hour(vec![row(me, 7, 2e6)], Vec::new()));
        tell(&collector, UnixMs(5), last, before);
        let evidence = collector.seal(UnixMs(5));
        let number = |key, object: &str| {
            let fact = evidence.find(key, object)?;
            assert_eq!(fact.source.probe, "history");
            Some((fact.value.number()?, fact.n))
        };
        assert_eq!(number(FactKey::HistoryP95Ms, me), Some((4.0, 10)));
        assert_eq!(number(FactKey::HistoryP50Ms, me), Some((2.0, 10)));
        assert_eq!(number(FactKey::HistoryP95BeforeMs, me), Some((2.0, 7)));
        let pool = object::phase("GET /api/me", "pool");
        assert_eq!(number(FactKey::HistoryCauseShare, &pool), Some((0.75, 1)));
        assert_eq!(evidence.all(FactKey::HistoryCauseShare).count(), 1);
        assert!(evidence.any(FactKey::HistoryAlertsOpen).is_some());
    }

    #[test]
    fn only_the_routes_with_most_time_are_told_of() {
        let rows = (0..100).map(|n| row(&format!("GET /{n} ok"), n, 1e6)).collect();
        let collector = Collector::new();
        tell(&collector, UnixMs(5), hour(rows, Vec::new()), hour(Vec::new(), Vec::new()));
        let evidence = collector.seal(UnixMs(5));
        assert_eq!(evidence.all(FactKey::HistoryP95Ms).count(), ROUTES_MAX);
        assert!(evidence.find(FactKey::HistoryP95Ms, "GET /99 ok").is_some());
    }
}
