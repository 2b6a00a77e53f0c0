//! How values, times and sizes are written for people.

use galen_core::UnixMs;

use crate::evidence::{Fact, FactKey, Value, redact};
use crate::figure::{Unit, print};
use crate::stats;

/// How many labels or names of a fact a table shows.
const SHOWN: usize = 4;

/// A fact's value in a few words.
pub(super) fn of(fact: &Fact) -> String {
    let text = match &fact.value {
        Value::Int(value) => number(fact.key, *value as f64),
        Value::Float(value) => number(fact.key, *value),
        Value::Text(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::List(names) if names.is_empty() => "none".to_owned(),
        Value::List(names) => some(names.iter().cloned(), names.len()),
        Value::Samples(samples) => summary(fact.key, samples),
        Value::Counts(counts) => labels(counts),
    };
    let text = redact::printable(&text);
    match &fact.value {
        Value::Int(_) | Value::Counts(_) if fact.n > 1 => format!("{text} (n {})", fact.n),
        _ => text,
    }
}

fn number(key: FactKey, value: f64) -> String {
    match key.unit() {
        "ms" => print(value, Unit::Ms),
        "ns" => print(value / 1e6, Unit::Ms),
        "s" => print(value * 1e3, Unit::Ms),
        "bytes" => print(value, Unit::Bytes),
        "%" => print(value, Unit::Percent),
        "unix ms" => time(UnixMs(value as i64)),
        "pid" | "uid" | "" => print(value, Unit::Id),
        "cores" | "requests/s" => format!("{} {}", print(value, Unit::Plain), key.unit()),
        unit => format!("{} {unit}", print(value, Unit::Count)),
    }
}

fn summary(key: FactKey, samples: &[f64]) -> String {
    let write = |value: Option<f64>| value.map_or("-".to_owned(), |value| number(key, value));
    let p95 = match samples.len() {
        few if few < stats::P95_SAMPLES_MIN => String::new(),
        _ => format!("p95 {}, ", write(stats::quantile(samples, 0.95))),
    };
    format!(
        "median {}, {p95}max {} (n {})",
        write(stats::median(samples)),
        write(stats::quantile(samples, 1.0)),
        samples.len()
    )
}

fn labels(counts: &std::collections::BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(label, count)| (std::cmp::Reverse(**count), *label));
    some(sorted.iter().map(|(label, count)| format!("{label} {count}")), counts.len())
}

fn some(names: impl Iterator<Item = String>, all: usize) -> String {
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if all > SHOWN { format!("{shown} and {} more", all - SHOWN) } else { shown }
}

/// A moment in UTC, to the second.
pub(super) fn time(at: UnixMs) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_else(|_| at.0.to_string())
}

/// The time of day in UTC, to the millisecond.
pub(super) fn clock(at: UnixMs) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|moment| moment.strftime("%H:%M:%S.%3f").to_string())
        .unwrap_or_else(|_| at.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Bed;

    #[test]
    fn values_are_written_in_their_unit() {
        let evidence = Bed::new()
            .fact(FactKey::ProcessOnCpuNs, "1 idle", 1_500_000_000_i64)
            .fact(FactKey::SqliteSizeBytes, "/a", 331_776)
            .counts(FactKey::ThreadSyscalls, "1/1 idle", &[("futex", 2), ("epoll_wait", 18)])
            .fact(FactKey::ProcessStartedAt, "1", 1_764_000_000_000_i64)
            .seal();
        let written: Vec<String> = evidence.facts().iter().map(of).collect();
        assert_eq!(
            written,
            ["1.50 s", "0.33 MB", "epoll_wait 18, futex 2 (n 20)", "2025-11-24 16:00:00 UTC"]
        );
    }

    #[test]
    fn three_samples_have_no_95th_percentile() {
        let evidence = Bed::new()
            .samples(FactKey::HttpTotalMs, "/few", &[1.0, 2.0, 9.0])
            .samples(FactKey::HttpTotalMs, "/many", &[2.0; 20])
            .seal();
        let written: Vec<String> = evidence.facts().iter().map(of).collect();
        assert_eq!(written[0], "median 2.0 ms, max 9.0 ms (n 3)");
        assert!(written[1].contains("p95 2.0 ms"), "{}", written[1]);
    }
}
