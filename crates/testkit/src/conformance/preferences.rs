//! What holds of what users want to be told.

use galen_core::UserId;
use galen_core::model::Role;
use galen_core::post::Language;
use galen_core::preferences::{CategoryRule, Digest, Preferences, QuietHours, Unwanted};

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of preferences.
pub const ALL: &[Behaviour] = &[
    behaviour!(what_a_user_wants_is_what_the_user_said_last),
    behaviour!(mails_of_a_kind_end_once_and_leave_one_row_in_the_trail),
    behaviour!(all_mails_end_but_those_of_safety),
    behaviour!(what_a_deleted_user_wanted_is_forgotten),
];

fn rule(category: &str, email: Option<bool>, push: Option<bool>) -> CategoryRule {
    CategoryRule { category: category.to_owned(), email, push }
}

async fn set(bench: &Bench, user_id: UserId, preferences: Preferences) {
    let act = bench.samples.act();
    let set = bench.store.set_preferences(&bench.cx(), act, user_id, preferences).await;
    set.expect("it is set");
}

async fn of(bench: &Bench, user_id: UserId) -> Preferences {
    bench.store.preferences(&bench.cx(), user_id).await.expect("a read answers")
}

async fn end(bench: &Bench, user_id: UserId, unwanted: Unwanted) -> bool {
    let act = bench.samples.act();
    let ended = bench.store.unsubscribe(&bench.cx(), act, user_id, unwanted).await;
    ended.expect("it is answered")
}

async fn what_a_user_wants_is_what_the_user_said_last(bench: Bench) {
    let (ann, bob) = (bench.user("ann", Role::User).await, bench.user("bob", Role::User).await);
    assert_eq!(of(&bench, ann.id).await, Preferences::default());
    let first = Preferences {
        language: Some(Language::Fa),
        zone: Some("Asia/Tehran".to_owned()),
        quiet: Some(QuietHours { from_min: 1_380, to_min: 0 }),
        digest: Digest::Weekly,
        rules: vec![rule("*", Some(false), None), rule("news", Some(true), Some(false))],
    };
    set(&bench, ann.id, first.clone()).await;
    assert_eq!(of(&bench, ann.id).await, first);
    assert_eq!(of(&bench, bob.id).await, Preferences::default());
    let second =
        Preferences { rules: vec![rule("news", None, Some(true))], ..Preferences::default() };
    set(&bench, ann.id, second.clone()).await;
    assert_eq!(of(&bench, ann.id).await, second);
}

async fn mails_of_a_kind_end_once_and_leave_one_row_in_the_trail(bench: Bench) {
    let ann = bench.user("ann", Role::User).await;
    set(
        &bench,
        ann.id,
        Preferences { rules: vec![rule("news", Some(true), Some(true))], ..Preferences::default() },
    )
    .await;
    for _ in 0..3 {
        assert!(end(&bench, ann.id, Unwanted::Category("news".to_owned())).await);
    }
    assert_eq!(of(&bench, ann.id).await.rules, [rule("news", Some(false), Some(true))]);
    let trail = bench.trail().await;
    assert_eq!(trail.iter().filter(|(code, _)| code == "user.unsubscribed").count(), 1);
    let nobody = UserId::from_bytes([7; 16]);
    assert!(!end(&bench, nobody, Unwanted::Every).await);
    assert_eq!(of(&bench, nobody).await, Preferences::default());
}

async fn all_mails_end_but_those_of_safety(bench: Bench) {
    let ann = bench.user("ann", Role::User).await;
    let rules = vec![rule("news", Some(true), None), rule("security", None, Some(false))];
    set(&bench, ann.id, Preferences { digest: Digest::Daily, rules, ..Preferences::default() })
        .await;
    assert!(end(&bench, ann.id, Unwanted::Every).await);
    let wanted = [
        rule("*", Some(false), None),
        rule("news", Some(false), None),
        rule("security", None, Some(false)),
    ];
    assert_eq!(of(&bench, ann.id).await.rules, wanted);
}

async fn what_a_deleted_user_wanted_is_forgotten(bench: Bench) {
    let ann = bench.user("ann", Role::User).await;
    let rules = vec![rule("news", Some(true), None)];
    set(&bench, ann.id, Preferences { digest: Digest::Daily, rules, ..Preferences::default() })
        .await;
    let act = bench.samples.act();
    bench.store.delete_user(&bench.cx(), act, ann.id).await.expect("deleted");
    assert_eq!(of(&bench, ann.id).await, Preferences::default());
}
