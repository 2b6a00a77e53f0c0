//! What holds of webhooks and of what is owed to them.

use galen_core::outbox::{LinkOrder, NewParcel};
use galen_core::post::{Channel, Language, LetterCode};
use galen_core::webhooks::{NewWebhook, WEBHOOKS_MAX, Webhook, WebhookChange, WebhookState};
use galen_core::{Id, ParcelId, StoreError, WebhookId};

use super::bench::{Bench, page};
use super::{Behaviour, behaviour};

/// ALL behaviours of webhooks.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_webhook_is_as_it_was_changed_and_rotated_last),
    behaviour!(no_more_webhooks_are_kept_than_are_given),
    behaviour!(a_parcel_that_is_owed_twice_waits_once),
    behaviour!(the_deliveries_of_a_webhook_are_its_own_newest_first),
    behaviour!(the_trail_knows_what_became_of_a_webhook_and_not_its_url),
];

async fn add(bench: &Bench, label: &str) -> Result<Webhook, StoreError> {
    let id = WebhookId::mint(bench.samples.clock.as_ref(), bench.samples.entropy.as_ref());
    let (url, label) = ("https://example.org/hook?k=hush".to_owned(), label.to_owned());
    let new = NewWebhook { id, url, label };
    bench.store.add_webhook(&bench.cx(), bench.samples.act(), new).await
}

async fn change(bench: &Bench, id: WebhookId, change: WebhookChange) -> Option<Webhook> {
    let changed = bench.store.change_webhook(&bench.cx(), bench.samples.act(), id, change).await;
    changed.expect("a change is answered")
}

fn parcel(bench: &Bench, webhook: WebhookId) -> NewParcel {
    bench.samples.clock.advance_ms(1);
    NewParcel {
        id: ParcelId(Id::mint(bench.samples.clock.as_ref(), bench.samples.entropy.as_ref())),
        channel: Channel::Webhook,
        user_id: None,
        destination: webhook.to_string(),
        code: LetterCode::Test,
        language: Language::En,
        params: Vec::new(),
        links: vec![LinkOrder::Leads { path: "/admin".to_owned() }],
        broadcast: None,
    }
}

async fn owe(bench: &Bench, parcels: &[NewParcel]) -> u64 {
    let owed = bench.store.owe_each(&bench.cx(), bench.samples.now(), parcels.to_vec()).await;
    owed.expect("parcels are taken")
}

async fn a_webhook_is_as_it_was_changed_and_rotated_last(bench: Bench) {
    let added = add(&bench, "one").await.expect("added");
    assert_eq!((added.state, added.rotation, added.rotated_at), (WebhookState::Active, 1, None));
    let paused = WebhookChange { state: Some(WebhookState::Paused), ..WebhookChange::default() };
    let changed = change(&bench, added.id, paused.clone()).await.expect("it is there");
    assert_eq!(changed, Webhook { state: WebhookState::Paused, ..added.clone() });
    bench.samples.clock.advance_ms(5);
    let (cx, now) = (bench.cx(), bench.samples.now());
    let rotated = bench.store.rotate_webhook(&cx, bench.samples.act(), added.id).await;
    let rotated = rotated.expect("answered").expect("it is there");
    assert_eq!((rotated.rotation, rotated.rotated_at), (2, Some(now)));
    assert_eq!(bench.store.webhook(&cx, added.id).await.expect("read"), Some(rotated));
    for removed in [true, false] {
        let answer = bench.store.remove_webhook(&cx, bench.samples.act(), added.id).await;
        assert_eq!(answer.expect("answered"), removed);
    }
    assert_eq!(bench.store.webhooks(&cx).await.expect("read"), []);
    assert_eq!(change(&bench, added.id, paused).await, None);
}

async fn no_more_webhooks_are_kept_than_are_given(bench: Bench) {
    for _ in 0..WEBHOOKS_MAX {
        add(&bench, "one of many").await.expect("added");
    }
    let refused = add(&bench, "one too many").await;
    assert!(matches!(refused, Err(StoreError::Full { queue: "webhooks" })), "{refused:?}");
    let kept = bench.store.webhooks(&bench.cx()).await.expect("read");
    assert_eq!(kept.len(), usize::try_from(WEBHOOKS_MAX).expect("a small number"));
    assert!(kept.iter().all(|webhook| webhook.label == "one of many"));
}

async fn a_parcel_that_is_owed_twice_waits_once(bench: Bench) {
    let webhook = add(&bench, "").await.expect("added");
    let (first, second) = (parcel(&bench, webhook.id), parcel(&bench, webhook.id));
    assert_eq!(owe(&bench, std::slice::from_ref(&first)).await, 1);
    assert_eq!(owe(&bench, &[first, second]).await, 1);
    let queues = bench.store.queues(&bench.cx()).await.expect("read");
    let queue = queues.iter().find(|queue| queue.channel == Channel::Webhook);
    assert_eq!(queue.map(|queue| queue.waiting), Some(2));
}

async fn the_deliveries_of_a_webhook_are_its_own_newest_first(bench: Bench) {
    let (one, other) =
        (add(&bench, "").await.expect("added"), add(&bench, "").await.expect("added"));
    let parcels = [one.id, other.id, one.id, one.id].map(|id| parcel(&bench, id));
    owe(&bench, &parcels).await;
    let wanted = [parcels[3].id, parcels[2].id, parcels[0].id];
    let cx = bench.cx();
    let first = bench.store.deliveries(&cx, one.id, page(None, 2)).await.expect("read");
    let ids = |items: &[galen_core::outbox::KeptParcel]| {
        items.iter().map(|parcel| parcel.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first.items), wanted[..2]);
    let rest = bench.store.deliveries(&cx, one.id, page(first.next, 2)).await.expect("read");
    assert_eq!((ids(&rest.items).as_slice(), rest.next), (&wanted[2..], None));
}

async fn the_trail_knows_what_became_of_a_webhook_and_not_its_url(bench: Bench) {
    let added = add(&bench, "one").await.expect("added");
    let url = Some("https://example.org/other?k=hush".to_owned());
    change(&bench, added.id, WebhookChange { url, ..WebhookChange::default() }).await;
    let trail = bench.trail().await;
    for code in ["webhook.added", "webhook.changed"] {
        assert!(trail.iter().any(|(noted, _)| noted == code), "{code}: {trail:?}");
    }
    assert!(!format!("{trail:?}").contains("hush"), "{trail:?}");
}
