//! What holds of API keys.

use galen_core::StoreError;
use galen_core::model::{Author, KeyUse, NewApiKey, Publication, Role};

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of API keys.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_key_is_found_by_its_hash_and_nothing_else),
    behaviour!(a_revoked_or_expired_key_publishes_nothing),
    behaviour!(the_last_use_of_a_key_never_moves_back),
];

async fn made(bench: &Bench, new: &NewApiKey) -> galen_core::model::ApiKey {
    let made = bench.store.create_api_key(&bench.cx(), bench.samples.act(), new.clone()).await;
    made.expect("answers").expect("there is room")
}

async fn a_key_is_found_by_its_hash_and_nothing_else(bench: Bench) {
    let new = bench.samples.api_key();
    let key = made(&bench, &new).await;
    let found = bench.store.api_key_by_token(&bench.cx(), new.token_hash).await;
    assert_eq!(found.expect("answers"), Some(key.clone()));
    let foreign = bench.store.api_key_by_token(&bench.cx(), bench.samples.hash()).await;
    assert_eq!(foreign.expect("answers"), None);
    assert_eq!(bench.store.api_keys(&bench.cx()).await.expect("answers"), [key]);
    let trail = bench.trail().await;
    assert_eq!(trail[0].0, "api_key.created");
}

async fn a_revoked_or_expired_key_publishes_nothing(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let lasting = bench.samples.api_key();
    let expires_at = Some(bench.samples.now().plus_ms(1_000));
    let short = NewApiKey { expires_at, ..bench.samples.api_key() };
    for key in [&lasting, &short] {
        made(&bench, key).await;
    }
    let publish = async |key: &NewApiKey| {
        let author = Author::Key(key.id);
        let publication = Publication { author, ..bench.samples.publication(ada.id) };
        bench.store.publish(&bench.cx(), bench.samples.act(), publication).await.map(drop)
    };
    assert_eq!((publish(&lasting).await, publish(&short).await), (Ok(()), Ok(())));
    bench.samples.clock.advance_ms(1_000);
    assert_eq!(publish(&short).await, Err(StoreError::KeyEnded));
    let revoke =
        async || bench.store.revoke_api_key(&bench.cx(), bench.samples.act(), lasting.id).await;
    assert_eq!((revoke().await, revoke().await), (Ok(true), Ok(false)));
    assert_eq!(publish(&lasting).await, Err(StoreError::KeyEnded));
    assert_eq!(bench.counts().await.notifications, 2);
}

async fn the_last_use_of_a_key_never_moves_back(bench: Bench) {
    let new = bench.samples.api_key();
    made(&bench, &new).await;
    let now = bench.samples.now();
    for at in [now.plus_ms(5), now] {
        let uses = vec![KeyUse { id: new.id, at }];
        bench.store.note_key_uses(&bench.cx(), uses).await.expect("noted");
    }
    let key = &bench.store.api_keys(&bench.cx()).await.expect("answers")[0];
    assert_eq!(key.last_used_at, Some(now.plus_ms(5)));
}
