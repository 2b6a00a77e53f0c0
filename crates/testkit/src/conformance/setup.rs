//! What holds of the one-time setup token.

use galen_core::TokenHash;
use galen_core::model::{Role, UserChange, UserChangeOutcome, UserCreation, UserStatus};
use tokio::task::JoinSet;

use super::bench::Bench;
use super::{Behaviour, behaviour};
use crate::samples::minutes_after;

/// ALL behaviours of the setup token.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_setup_token_makes_one_admin_and_works_once),
    behaviour!(of_a_hundred_that_redeem_at_once_one_wins),
    behaviour!(no_setup_beside_an_admin),
    behaviour!(an_expired_or_replaced_setup_token_is_refused),
    behaviour!(asking_whether_a_setup_token_opens_uses_nothing_up),
    behaviour!(an_address_that_is_taken_does_not_use_the_token_up),
    behaviour!(an_installation_whose_admin_is_disabled_is_not_open_to_setup),
];

async fn offer(bench: &Bench) -> TokenHash {
    let hash = bench.samples.hash();
    let until = minutes_after(bench.samples.now(), 60);
    let kept = bench.store.offer_setup(&bench.cx(), hash, until).await.expect("answers");
    assert!(kept, "the offer is kept");
    hash
}

async fn redeem(bench: &Bench, name: &str, hash: TokenHash) -> UserCreation {
    let new = bench.samples.new_user(name, Role::Admin);
    let made = bench.store.create_user(&bench.cx(), bench.samples.act(), new, Some(hash)).await;
    made.expect("answers")
}

async fn a_setup_token_makes_one_admin_and_works_once(bench: Bench) {
    let hash = offer(&bench).await;
    assert_eq!(redeem(&bench, "no", bench.samples.hash()).await, UserCreation::TokenRefused);
    let UserCreation::Created(user) = redeem(&bench, "root", hash).await else {
        unreachable!("the token waits");
    };
    assert_eq!(user.role, Role::Admin);
    assert_eq!(redeem(&bench, "other", hash).await, UserCreation::TokenRefused);
    assert_eq!(bench.counts().await.users, 1);
    let codes: Vec<String> = bench.trail().await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["user.created", "setup.completed"]);
}

async fn of_a_hundred_that_redeem_at_once_one_wins(bench: Bench) {
    let hash = offer(&bench).await;
    let mut racers = JoinSet::new();
    for number in 0..100 {
        let bench = bench.clone();
        racers.spawn(async move { redeem(&bench, &format!("root{number}"), hash).await });
    }
    let outcomes = racers.join_all().await;
    let won = outcomes.iter().filter(|one| matches!(one, UserCreation::Created(_))).count();
    let lost = outcomes.iter().filter(|one| **one == UserCreation::TokenRefused).count();
    assert_eq!((won, lost), (1, 99));
    let counts = bench.counts().await;
    assert_eq!((counts.users, counts.active_admins), (1, 1));
}

async fn no_setup_beside_an_admin(bench: Bench) {
    let hash = offer(&bench).await;
    bench.user("root", Role::Admin).await;
    assert_eq!(redeem(&bench, "late", hash).await, UserCreation::TokenRefused);
    let until = minutes_after(bench.samples.now(), 60);
    let kept = bench.store.offer_setup(&bench.cx(), bench.samples.hash(), until).await;
    assert_eq!(kept, Ok(false));
}

async fn an_expired_or_replaced_setup_token_is_refused(bench: Bench) {
    let old = offer(&bench).await;
    let new = offer(&bench).await;
    assert_eq!(redeem(&bench, "old", old).await, UserCreation::TokenRefused);
    bench.samples.clock.advance_ms(61 * 60_000);
    assert_eq!(redeem(&bench, "new", new).await, UserCreation::TokenRefused);
}

async fn asking_whether_a_setup_token_opens_uses_nothing_up(bench: Bench) {
    let opens = async |hash| {
        let now = bench.samples.now();
        bench.store.setup_opens(&bench.cx(), hash, now).await.expect("answers")
    };
    assert!(!opens(bench.samples.hash()).await, "none was offered");
    let expired = offer(&bench).await;
    bench.samples.clock.advance_ms(61 * 60_000);
    assert!(!opens(expired).await, "it expired");
    let hash = offer(&bench).await;
    assert!(!opens(bench.samples.hash()).await, "another one");
    assert!(opens(hash).await && opens(hash).await, "asking twice");
    assert!(matches!(redeem(&bench, "root", hash).await, UserCreation::Created(_)));
    assert!(!opens(hash).await, "it was redeemed");
}

async fn an_address_that_is_taken_does_not_use_the_token_up(bench: Bench) {
    bench.user("ada", Role::User).await;
    let hash = offer(&bench).await;
    assert_eq!(redeem(&bench, "ada", hash).await, UserCreation::EmailTaken);
    // Who has no token is not told that the address is taken.
    assert_eq!(redeem(&bench, "ada", bench.samples.hash()).await, UserCreation::TokenRefused);
    assert!(matches!(redeem(&bench, "root", hash).await, UserCreation::Created(_)));
}

async fn an_installation_whose_admin_is_disabled_is_not_open_to_setup(bench: Bench) {
    let admin = bench.user("root", Role::Admin).await;
    let disable = UserChange { status: Some(UserStatus::Disabled), ..UserChange::default() };
    let act = bench.samples.act();
    let outcome = bench.store.change_user(&bench.cx(), act, admin.id, disable).await;
    assert_eq!(outcome, Ok(UserChangeOutcome::LastAdmin));
    let until = minutes_after(bench.samples.now(), 60);
    let kept = bench.store.offer_setup(&bench.cx(), bench.samples.hash(), until).await;
    assert_eq!(kept, Ok(false));
}
