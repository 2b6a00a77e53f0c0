//! The metrics that arrive are those of `/metrics`, figure by figure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Exporting;

/// The lines of an exposition: series and value.
fn series(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a series and its value");
        (series.to_owned(), value.parse().expect("a number"))
    };
    lines.map(pair).collect()
}

/// The lines that an exposition would have of these metrics.
fn as_exposed(metrics: &[Value]) -> BTreeMap<String, f64> {
    let mut lines = BTreeMap::new();
    for metric in metrics {
        let name = metric["name"].as_str().expect("a name");
        for point in metric["points"].as_array().expect("points") {
            let labels = labels(&point["attributes"]);
            let bare = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let number = |key: &str| point[key].as_f64().expect("a number");
            if metric["kind"] != "histogram" {
                lines.insert(format!("{name}{bare}"), number("value"));
                continue;
            }
            lines.insert(format!("{name}_sum{bare}"), number("sum"));
            lines.insert(format!("{name}_count{bare}"), number("count"));
            let comma = if labels.is_empty() { "" } else { "," };
            let mut sum = 0.0;
            let bounds =
                point["bounds"].as_array().expect("bounds").iter().map(ToString::to_string);
            let buckets = point["buckets"].as_array().expect("buckets");
            for (bound, n) in bounds.chain(["+Inf".to_owned()]).zip(buckets) {
                sum += n.as_f64().expect("a number");
                let bound = bound.trim_end_matches(".0");
                lines.insert(format!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}}"), sum);
            }
        }
    }
    lines
}

/// As the exposition writes them: in the order of the attributes, which is that of the table.
fn labels(attributes: &Value) -> String {
    let pairs = attributes.as_object().expect("attributes").iter();
    let pairs = pairs.map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(",")
}

/// A series with its labels in the order of their names, as [`labels`] gives them.
fn in_order(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let labels = labels.trim_end_matches('}');
    let mut pairs: Vec<&str> = labels.split("\",").map(|pair| pair.trim_end_matches('"')).collect();
    let le = pairs.iter().position(|pair| pair.starts_with("le=")).map(|at| pairs.remove(at));
    pairs.sort_unstable();
    pairs.extend(le);
    format!("{name}{{{}\"}}", pairs.join("\","))
}

#[test]
fn the_metrics_of_a_collector_are_those_of_the_exposition() {
    let export = Exporting::new("otlp_every = \"1s\"");
    let (mut server, collector) = (export.serve(), export.collector(&[]));
    for _ in 0..25 {
        assert_eq!(server.get("/api/auth/csrf").status, 200);
        assert_eq!(server.get("/api/me").status, 401);
    }
    server.wait_for("every sampler", |_| {
        export.exposition().contains("\ngalen_database_bytes").then_some(())
    });
    let before = collector.metrics().len();
    let exposed = export.exposition();
    let metrics =
        collector.wait_for("a later message", |c| c.metrics().into_iter().nth(before + 1));
    let told = as_exposed(&metrics);
    let exposed = series(&exposed);
    // Whatever /metrics has, the collector has; what can only have stood still is equal.
    let told_of = |series: &str| told.get(&in_order(series)).copied();
    let missing: Vec<_> = exposed.keys().filter(|series| told_of(series).is_none()).collect();
    assert!(missing.is_empty(), "{missing:#?} are not in {:#?}", told.keys());
    let still = |series: &str| {
        ["/api/auth/csrf\"", "/api/me\""].iter().any(|route| series.contains(route))
            || series.starts_with("galen_users")
    };
    let compared: Vec<_> = exposed.iter().filter(|(series, _)| still(series)).collect();
    assert!(compared.len() > 40, "{compared:?}");
    for (series, value) in compared {
        assert_eq!(told_of(series), Some(*value), "{series}");
    }
}

#[test]
fn sums_count_from_the_start_and_have_their_units() {
    let export = Exporting::new("otlp_every = \"1s\"");
    let (_server, collector) = (export.serve(), export.collector(&[]));
    let has = |metrics: &[Value], name: &str| metrics.iter().any(|metric| metric["name"] == name);
    let metrics = collector.wait_for("metrics of every sampler", |c| {
        let last = c.metrics().pop()?;
        let names = ["galen_process_cpu_seconds_total", "galen_pool_use_ratio"];
        names.iter().all(|name| has(&last, name)).then_some(last)
    });
    let named = |name: &str| {
        metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("no {name}"))
    };
    let cpu = named("galen_process_cpu_seconds_total");
    assert_eq!((cpu["kind"].as_str(), cpu["unit"].as_str()), (Some("sum"), Some("s")));
    // AGGREGATION_TEMPORALITY_CUMULATIVE
    assert_eq!((cpu["temporality"].as_i64(), cpu["monotonic"].as_bool()), (Some(2), Some(true)));
    let point = &cpu["points"][0];
    assert!(point["start_ns"].as_u64() < point["at_ns"].as_u64(), "{point}");
    let requests = named("galen_http_request_seconds");
    assert_eq!(
        (requests["kind"].as_str(), requests["temporality"].as_i64()),
        (Some("histogram"), Some(2))
    );
    assert_eq!(named("galen_process_rss_bytes")["unit"], "By");
    assert_eq!(named("galen_pool_use_ratio")["kind"], "gauge");
}
