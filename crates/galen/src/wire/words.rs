//! Alerts in words: the code, the title, the text and the parameters of a message, made from codes and figures.

use galen_monitor::{Alert, Delivery, Severity, Symptom, Telling};
use serde_json::{Value, json};

use super::clock::rfc3339;
use crate::units;

/// The longest title, in characters (the inbox takes 200).
const TITLE_CHARS_MAX: usize = 180;
/// How many symptoms the text lists.
const LISTED_MAX: usize = 12;
/// The longest name of a symptom's object, in characters.
const OBJECT_CHARS_MAX: usize = 100;
/// The most parameters a message carries, in bytes (the inbox takes 4096), with room for the examination.
const PARAMS_BYTES_MAX: usize = 3_800;

/// What each cause means, by its name or by what stands before its colon.
const CAUSES: &[(&str, &str)] = &[
    ("writer_lock", "The database's write lock is held"),
    ("pool", "Reads wait for a free database reader"),
    ("hash_queue", "Sign-ins wait for passwords to be hashed"),
    ("disk", "Commits wait for the disk"),
    ("query", "A query is slow"),
    ("executor", "The server's threads are blocked"),
    ("outbound", "Requests wait for another service"),
    ("cpu", "Requests use up the CPU"),
    ("client", "Clients send or receive slowly"),
    ("route", "One endpoint is in trouble"),
    ("check", "A check of a page or backend is in trouble"),
];

/// What each rule means when it is its own cause.
const RULES: &[(&str, &str)] = &[
    ("response_slow", "Answers take very long"),
    ("response_target", "Answers take longer than their target"),
    ("error_rate", "Requests fail"),
    ("query_target", "Queries take longer than their target"),
    ("pool_use", "The database readers are busy most of the time"),
    ("sessions_many", "Very many sessions are active"),
    ("post_waits", "Mail does not leave"),
    ("disk_free", "The disk is filling up"),
    ("write_queue", "The database's writer does not get on"),
    ("not_ready", "Galen is not ready"),
    ("login_failures", "Many sign-ins fail"),
    ("no_data", "Nothing was measured"),
    ("check_failed", "A check fails"),
    ("check_slow", "A check is slow"),
    ("monitor_cost", "The monitor costs more than it may"),
];

/// What an alert is about, in a few words.
pub fn headline(alert: &Alert) -> String {
    let (kind, name) = alert.cause.split_once(':').unwrap_or((alert.cause.as_str(), ""));
    let (table, key) = if kind == "rule" { (RULES, name) } else { (CAUSES, kind) };
    let known = table.iter().find(|(known, _)| *known == key).map(|(_, words)| *words);
    let mut text = known.map_or_else(|| alert.cause.clone(), str::to_owned);
    if kind != "rule" && !name.is_empty() {
        text = format!("{text}: {name}");
    }
    match &alert.holder {
        Some(holder) => format!("{text} by {holder}"),
        None => text,
    }
}

/// The title of a message.
pub fn title(delivery: &Delivery) -> String {
    let headline = headline(&delivery.alert);
    let text = match delivery.telling {
        Telling::Firing => headline,
        Telling::Resolved => format!("Over: {headline}"),
    };
    cut(&text, TITLE_CHARS_MAX)
}

/// The text of a message: since when, how long, and what was seen.
pub fn body(delivery: &Delivery) -> String {
    let alert = &delivery.alert;
    let mut lines = vec![match (delivery.telling, alert.resolved_at) {
        (Telling::Resolved, Some(end)) => {
            let lasted_ms = u64::try_from(end.since_ms(alert.began_at)).unwrap_or(0);
            let lasted = units::stretch(lasted_ms.max(1_000));
            format!("From {} to {} ({lasted}).", rfc3339(alert.began_at), rfc3339(end))
        }
        _ => format!("Since {}.", rfc3339(alert.began_at)),
    }];
    if alert.ended_without_data {
        lines.push("It is over because nothing is measured of it any more.".to_owned());
    }
    lines.extend(alert.symptoms.iter().take(LISTED_MAX).map(symptom));
    if let Some(more) = alert.symptoms.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// One symptom: whose figure is beyond which limit.
pub fn symptom(symptom: &Symptom) -> String {
    let object = if symptom.object.is_empty() { "all" } else { symptom.object.as_str() };
    format!(
        "{} ({}): {}, limit {}",
        cut(object, OBJECT_CHARS_MAX),
        symptom.rule,
        figure(symptom.value, &symptom.unit),
        figure(symptom.threshold, &symptom.unit)
    )
}

/// The code of a message, which clients put into words of their own.
pub const fn code(delivery: &Delivery) -> &'static str {
    match delivery.telling {
        Telling::Firing => "alert.firing",
        Telling::Resolved => "alert.resolved",
    }
}

/// The code's parameters: what the words were made of.
pub fn params(delivery: &Delivery) -> Value {
    let alert = &delivery.alert;
    let mut listed = LISTED_MAX.min(alert.symptoms.len());
    loop {
        let symptoms: Vec<Value> = alert.symptoms.iter().take(listed).map(in_figures).collect();
        let params = json!({
            "telling": delivery.telling,
            "alert": alert.id,
            "cause": cut(&alert.cause, OBJECT_CHARS_MAX),
            "is_measured": alert.is_measured,
            "severity": match alert.severity {
                Severity::Warning => "warning",
                Severity::Critical => "critical",
            },
            "began_at": alert.began_at,
            "fired_at": alert.fired_at,
            "resolved_at": alert.resolved_at,
            "holder": alert.holder.as_deref().map(|holder| cut(holder, TITLE_CHARS_MAX)),
            "symptoms": symptoms,
            "symptoms_in_all": alert.symptoms.len(),
        });
        if listed == 0 || params.to_string().len() <= PARAMS_BYTES_MAX {
            return params;
        }
        listed -= 1;
    }
}

fn in_figures(symptom: &Symptom) -> Value {
    json!({
        "rule": symptom.rule,
        "object": cut(&symptom.object, OBJECT_CHARS_MAX),
        "value": symptom.value,
        "threshold": symptom.threshold,
        "unit": symptom.unit,
    })
}

/// A value in its rule's unit, for people.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people; a negative or infinite one saturates"
)]
pub fn figure(value: f64, unit: &str) -> String {
    match unit {
        "s" => units::time((value * 1e9) as u64),
        "ratio" => format!("{:.1} %", value * 100.0),
        "bytes" => units::size(value as u64),
        _ => format!("{value:.0}"),
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::{AlertId, UnixMs};
    use galen_monitor::{AlertState, RuleHealth};

    fn delivery(cause: &str, symptoms: usize, telling: Telling) -> Delivery {
        let symptom = |n: usize| Symptom {
            rule: "response_slow".to_owned(),
            object: format!("GET /api/{n}/{}", "x".repeat(300)),
            state: AlertState::Firing,
            value: 6.2,
            threshold: 5.0,
            unit: "s".to_owned(),
            health: RuleHealth::Ok,
            since: UnixMs(0),
        };
        let alert = Alert {
            id: AlertId::from_bytes([1; 16]),
            cause: cause.to_owned(),
            is_measured: true,
            severity: Severity::Critical,
            state: AlertState::Firing,
            began_at: UnixMs(0),
            fired_at: UnixMs(60_000),
            resolved_at: (telling == Telling::Resolved).then_some(UnixMs(200_000)),
            holder: Some("PID 4711 (sqlite3 dev.db)".to_owned()),
            symptoms: (0..symptoms).map(symptom).collect(),
            silenced_until: None,
            told_firing: false,
            told_resolved: false,
            ended_without_data: false,
        };
        Delivery { alert, telling, key: "k".to_owned() }
    }

    #[test]
    fn a_message_names_the_cause_the_holder_and_the_figures() {
        let firing = delivery("writer_lock", 1, Telling::Firing);
        assert_eq!(
            title(&firing),
            "The database's write lock is held by PID 4711 (sqlite3 dev.db)"
        );
        assert!(
            body(&firing).contains("(response_slow): 6.20 s, limit 5.00 s"),
            "{}",
            body(&firing)
        );
        let over = delivery("writer_lock", 1, Telling::Resolved);
        assert!(title(&over).starts_with("Over: The database's write lock"));
        assert!(body(&over).contains("(3m 20s)"), "{}", body(&over));
        assert_eq!(params(&over)["telling"], "resolved");
    }

    #[test]
    fn a_message_stays_within_what_the_inbox_takes() {
        let many = delivery("query:user.by_email_key", 500, Telling::Firing);
        assert!(title(&many).chars().count() <= 200);
        assert!(body(&many).chars().count() <= 4_000);
        assert!(params(&many).to_string().len() <= 4_096);
        assert!(body(&many).ends_with("and 488 more"));
    }

    #[test]
    fn a_cause_without_words_is_said_as_it_is() {
        let mut odd = delivery("rule:later", 0, Telling::Firing).alert;
        odd.holder = None;
        assert_eq!(headline(&odd), "rule:later");
        odd.cause = "rule:disk_free".to_owned();
        assert_eq!(headline(&odd), "The disk is filling up");
    }
}
