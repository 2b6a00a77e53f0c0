//! What holds of changed rules and of silences.

use galen_core::StoreError;
use galen_core::model::{RuleChange, Silence};

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of changed rules and silences.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_changed_rule_is_read_back_and_replaced_by_a_later_change),
    behaviour!(a_rule_that_is_reset_is_forgotten_for_its_object_only),
    behaviour!(silences_are_given_while_they_last_those_that_end_first_first),
    behaviour!(a_silence_is_ended_once_and_before_its_time),
    behaviour!(a_silence_is_forgotten_a_day_after_its_end_and_not_before),
    behaviour!(no_more_rules_and_silences_are_kept_than_are_given_back),
];

/// How many rules and silences a store keeps: what the port says of its reads.
const KEPT_MOST: usize = 1_000;

fn rule(rule: &str, object: &str, threshold: Option<f64>) -> RuleChange {
    RuleChange {
        rule: rule.to_owned(),
        object: object.to_owned(),
        enabled: true,
        threshold,
        pending_s: None,
    }
}

async fn change(bench: &Bench, change: RuleChange) -> Result<(), StoreError> {
    bench.store.change_rule(&bench.cx(), bench.samples.act(), change).await
}

async fn rules(bench: &Bench) -> Vec<RuleChange> {
    bench.store.rule_changes(&bench.cx()).await.expect("rules are given")
}

async fn reset(bench: &Bench, rule: &str, object: &str) -> bool {
    let (cx, act) = (bench.cx(), bench.samples.act());
    let reset = bench.store.reset_rule(&cx, act, rule.to_owned(), object.to_owned()).await;
    reset.expect("a reset is answered")
}

async fn silence(bench: &Bench, silence: &Silence) -> Result<(), StoreError> {
    bench.store.silence(&bench.cx(), bench.samples.act(), silence.clone()).await
}

async fn silences(bench: &Bench) -> Vec<Silence> {
    let given = bench.store.silences(&bench.cx(), bench.samples.now()).await;
    given.expect("silences are given")
}

async fn end(bench: &Bench, one: &Silence) -> bool {
    let ended = bench.store.end_silence(&bench.cx(), bench.samples.act(), one.id).await;
    ended.expect("an end is answered")
}

async fn noted(bench: &Bench, code: &str) -> Vec<String> {
    let trail = bench.trail().await.into_iter().filter(|(noted, _)| noted == code);
    trail.map(|(_, params)| params).collect()
}

async fn a_changed_rule_is_read_back_and_replaced_by_a_later_change(bench: Bench) {
    let slow =
        RuleChange { pending_s: Some(90), ..rule("response_slow", "GET /api/me", Some(1.5)) };
    let off = RuleChange { enabled: false, ..rule("response_slow", "", None) };
    change(&bench, slow.clone()).await.expect("kept");
    change(&bench, off.clone()).await.expect("kept");
    assert_eq!(rules(&bench).await, [off.clone(), slow]);
    let whole = rule("response_slow", "GET /api/me", Some(3.0));
    change(&bench, whole.clone()).await.expect("replaced");
    assert_eq!(rules(&bench).await, [off, whole]);
    let noted = noted(&bench, "alert.rule_changed").await;
    assert_eq!(noted.len(), 3);
    assert!(
        noted.iter().any(|one| one.contains("1.5") && one.contains("GET /api/me")),
        "{noted:?}"
    );
}

async fn a_rule_that_is_reset_is_forgotten_for_its_object_only(bench: Bench) {
    let (whole, route) = (rule("error_rate", "", Some(0.1)), rule("error_rate", "GET /", None));
    change(&bench, whole).await.expect("kept");
    change(&bench, route.clone()).await.expect("kept");
    assert!(reset(&bench, "error_rate", "").await);
    assert_eq!(rules(&bench).await, [route]);
    assert!(!reset(&bench, "error_rate", "").await, "it is gone");
    assert!(!reset(&bench, "no_such_rule", "").await);
    assert_eq!(noted(&bench, "alert.rule_reset").await.len(), 1, "nothing is noted of nothing");
}

async fn silences_are_given_while_they_last_those_that_end_first_first(bench: Bench) {
    let long = bench.samples.silence("writer_lock", 30);
    let short =
        Silence { created_by: Some(bench.samples.user_id()), ..bench.samples.silence("*", 10) };
    for one in [&long, &short] {
        silence(&bench, one).await.expect("kept");
    }
    assert_eq!(silences(&bench).await, [short.clone(), long.clone()]);
    bench.samples.clock.jump_to(short.ends_at.plus_ms(-1));
    assert_eq!(silences(&bench).await.len(), 2);
    bench.samples.clock.jump_to(short.ends_at);
    assert_eq!(silences(&bench).await, [long]);
    let noted = noted(&bench, "alert.silenced").await;
    assert_eq!(noted.len(), 2);
    assert!(noted.iter().any(|one| one.contains("writer_lock")), "{noted:?}");
}

async fn a_silence_is_ended_once_and_before_its_time(bench: Bench) {
    let (one, other) = (bench.samples.silence("disk", 30), bench.samples.silence("pool", 30));
    for kept in [&one, &other] {
        silence(&bench, kept).await.expect("kept");
    }
    bench.samples.clock.advance_ms(1_000);
    assert!(end(&bench, &one).await);
    assert_eq!(silences(&bench).await, [other]);
    assert!(!end(&bench, &one).await, "it has ended");
    assert!(!end(&bench, &bench.samples.silence("never kept", 1)).await);
    assert_eq!(noted(&bench, "alert.silence_ended").await.len(), 1);
}

/// Whether the store still knows a silence that has ended: seen from a moment before its end.
async fn is_remembered(bench: &Bench, one: &Silence) -> bool {
    let before = one.ends_at.plus_ms(-1);
    let given = bench.store.silences(&bench.cx(), before).await.expect("silences are given");
    given.iter().any(|kept| kept.id == one.id)
}

async fn a_silence_is_forgotten_a_day_after_its_end_and_not_before(bench: Bench) {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let old = bench.samples.silence("cpu", 1);
    silence(&bench, &old).await.expect("kept");
    bench.samples.clock.jump_to(old.ends_at.plus_ms(DAY_MS - 1));
    silence(&bench, &bench.samples.silence("cpu", 1)).await.expect("kept");
    assert!(is_remembered(&bench, &old).await);
    bench.samples.clock.jump_to(old.ends_at.plus_ms(DAY_MS));
    silence(&bench, &bench.samples.silence("cpu", 1)).await.expect("kept");
    assert!(!is_remembered(&bench, &old).await);
    assert_eq!(silences(&bench).await.len(), 2);
}

async fn no_more_rules_and_silences_are_kept_than_are_given_back(bench: Bench) {
    for number in 0..KEPT_MOST {
        change(&bench, rule("query_target", &number.to_string(), None)).await.expect("kept");
        silence(&bench, &bench.samples.silence("disk", 5)).await.expect("kept");
    }
    let refused = change(&bench, rule("query_target", "one too many", None)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    let again = change(&bench, rule("query_target", "7", Some(0.2))).await;
    assert_eq!(again, Ok(()), "one that is kept may be changed");
    let refused = silence(&bench, &bench.samples.silence("disk", 5)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    assert_eq!((rules(&bench).await.len(), silences(&bench).await.len()), (KEPT_MOST, KEPT_MOST));
    bench.samples.clock.advance_ms(5 * 60_000);
    let later = silence(&bench, &bench.samples.silence("disk", 5)).await;
    assert_eq!(later, Ok(()), "those that ended are not counted");
}
