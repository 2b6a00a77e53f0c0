//! What holds of carrying on: the place moves with what it owes, or neither does.

use galen_core::dispatch::{Carrying, Dispatch, FanOutSlice, FanOutState, Held, Released};
use galen_core::model::{Audience, Role};
use galen_core::outbox::{Attempted, NewParcel, ParcelState, Settlement};
use galen_core::post::{Channel, Language, LetterCode};
use galen_core::{Id, NotificationId, ParcelId, Seq, UserId};

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of carrying on.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_place_moves_with_its_parcels_and_from_where_it_stood_only),
    behaviour!(channels_stand_at_places_of_their_own),
    behaviour!(an_audience_is_walked_slice_by_slice_and_each_once),
    behaviour!(what_becomes_of_a_broadcasts_parcels_is_counted),
    behaviour!(what_is_tried_again_after_a_recall_is_cancelled),
    behaviour!(what_is_held_back_is_released_once),
];

const EMAIL: Channel = Channel::Email;

fn parcel(bench: &Bench, user: UserId, broadcast: Option<NotificationId>) -> NewParcel {
    bench.samples.clock.advance_ms(1);
    NewParcel {
        id: ParcelId(Id::mint(bench.samples.clock.as_ref(), bench.samples.entropy.as_ref())),
        channel: EMAIL,
        user_id: Some(user),
        destination: format!("{user}@example.org"),
        code: LetterCode::Test,
        language: Language::En,
        params: Vec::new(),
        links: Vec::new(),
        broadcast,
    }
}

fn dispatch(bench: &Bench, (from, upto): (i64, i64), parcels: Vec<NewParcel>) -> Dispatch {
    Dispatch {
        channel: EMAIL,
        from: Seq(from),
        upto: Seq(upto),
        at: bench.samples.now(),
        carrying: Carrying { parcels, held: Vec::new() },
        broadcasts: Vec::new(),
    }
}

async fn waiting(bench: &Bench) -> i64 {
    let queues = bench.store.queues(&bench.cx()).await.expect("read");
    queues.iter().find(|queue| queue.channel == EMAIL).map_or(0, |queue| queue.waiting)
}

async fn a_place_moves_with_its_parcels_and_from_where_it_stood_only(bench: Bench) {
    let ann = bench.user("ann", Role::User).await;
    let cx = bench.cx();
    let first = dispatch(&bench, (0, 5), vec![parcel(&bench, ann.id, None)]);
    assert_eq!(bench.store.dispatch(&cx, first.clone()).await, Ok(true));
    assert_eq!(bench.store.dispatch(&cx, first).await, Ok(false), "it was carried on before");
    assert_eq!(bench.store.dispatched(&cx, EMAIL).await, Ok(Seq(5)));
    assert_eq!(waiting(&bench).await, 1);
    let early = dispatch(&bench, (4, 9), vec![parcel(&bench, ann.id, None)]);
    assert_eq!(bench.store.dispatch(&cx, early).await, Ok(false));
    assert_eq!(waiting(&bench).await, 1);
}

async fn channels_stand_at_places_of_their_own(bench: Bench) {
    let cx = bench.cx();
    let moved = bench.store.dispatch(&cx, dispatch(&bench, (0, 3), Vec::new())).await;
    assert_eq!(moved, Ok(true));
    for (channel, place) in [(EMAIL, 3), (Channel::Push, 0), (Channel::Ntfy, 0)] {
        assert_eq!(bench.store.dispatched(&cx, channel).await, Ok(Seq(place)), "{channel:?}");
    }
}

/// A broadcast to everybody whose audience is being walked for mail.
async fn walked(bench: &Bench) -> NotificationId {
    let sent = bench.broadcast(Audience::default()).await;
    let seq = sent.seq.expect("it was sent");
    let mut begun = dispatch(bench, (0, seq.0), Vec::new());
    begun.broadcasts = vec![(sent.id, seq)];
    assert_eq!(bench.store.dispatch(&bench.cx(), begun).await, Ok(true));
    sent.id
}

/// Walks one slice, with a parcel for each reader; gives who they are.
async fn slice(bench: &Bench, limit: u32) -> Vec<UserId> {
    let cx = bench.cx();
    let running = bench.store.fan_outs(&cx, EMAIL).await.expect("read");
    let [fan_out] = &running[..] else { return Vec::new() };
    let broadcast = fan_out.notification.id;
    let found = bench.store.audience(&cx, broadcast, fan_out.after, limit).await.expect("read");
    let readers: Vec<UserId> = found.readers.iter().map(|reader| reader.user_id).collect();
    let parcels = readers.iter().map(|id| parcel(bench, *id, Some(broadcast))).collect();
    let slice = FanOutSlice {
        channel: EMAIL,
        broadcast,
        from: fan_out.after,
        upto: found.upto,
        looked: found.looked,
        is_last: found.looked < limit,
        at: bench.samples.now(),
        carrying: Carrying { parcels, held: Vec::new() },
    };
    assert_eq!(bench.store.fan_out(&cx, slice.clone()).await, Ok(true));
    assert_eq!(bench.store.fan_out(&cx, slice).await, Ok(false), "a slice is walked once");
    readers
}

async fn an_audience_is_walked_slice_by_slice_and_each_once(bench: Bench) {
    let mut before = Vec::new();
    for number in 0..5 {
        before.push(bench.user(&format!("u{number}"), Role::User).await.id);
    }
    let id = walked(&bench).await;
    bench.user("late", Role::User).await;
    let mut met = Vec::new();
    for _ in 0..4 {
        met.extend(slice(&bench, 2).await);
    }
    before.sort_unstable();
    assert_eq!(met, before);
    assert_eq!(waiting(&bench).await, 5);
    let page = bench.store.broadcasts(&bench.cx(), super::bench::page(None, 9)).await;
    let found = page.expect("read").items.into_iter().find(|one| one.id == id);
    let carried = found.expect("it is there").carried;
    assert_eq!((carried[0].state, carried[0].looked), (FanOutState::Done, 6));
    assert_eq!(carried[0].queued, 5);
}

/// Claims the parcel that is due longest and settles it so.
async fn settle(bench: &Bench, outcome: Attempted) {
    let (cx, now) = (bench.cx(), bench.samples.now());
    let until = now.plus_ms(60_000);
    let claimed = bench.store.claim_parcel(&cx, EMAIL, now, until).await.expect("claimed");
    let claimed = claimed.expect("one is due");
    let settlement = Settlement { id: claimed.id, attempt: claimed.attempts, at: now, outcome };
    assert_eq!(bench.store.settle_parcel(&cx, settlement).await, Ok(true));
}

async fn what_becomes_of_a_broadcasts_parcels_is_counted(bench: Bench) {
    for number in 0..4 {
        bench.user(&format!("u{number}"), Role::User).await;
    }
    let id = walked(&bench).await;
    slice(&bench, 9).await;
    let says = || "250 Ok".to_owned();
    settle(&bench, Attempted::Sent { says: says() }).await;
    settle(&bench, Attempted::Failed { says: says() }).await;
    settle(&bench, Attempted::Captured).await;
    let recalled = bench.store.recall(&bench.cx(), bench.samples.act(), id).await;
    let galen_core::model::Recall::Done(recalled) = recalled.expect("answered") else {
        unreachable!("it was live")
    };
    let mail = recalled.carried[0];
    assert_eq!((mail.sent, mail.failed, mail.captured, mail.cancelled), (1, 1, 1, 1));
    assert_eq!(waiting(&bench).await, 0);
}

async fn what_is_tried_again_after_a_recall_is_cancelled(bench: Bench) {
    bench.user("ann", Role::User).await;
    let id = walked(&bench).await;
    slice(&bench, 9).await;
    let (cx, now) = (bench.cx(), bench.samples.now());
    let claimed = bench.store.claim_parcel(&cx, EMAIL, now, now.plus_ms(60_000)).await;
    let claimed = claimed.expect("claimed").expect("one is due");
    bench.store.recall(&cx, bench.samples.act(), id).await.expect("recalled");
    let outcome = Attempted::Again { at: now.plus_ms(5_000), says: "no connection".to_owned() };
    let settlement = Settlement { id: claimed.id, attempt: claimed.attempts, at: now, outcome };
    assert_eq!(bench.store.settle_parcel(&cx, settlement).await, Ok(true));
    let kept = bench.store.parcel(&cx, claimed.id).await.expect("read").expect("it is there");
    assert_eq!((kept.state, waiting(&bench).await), (ParcelState::Cancelled, 0));
}

async fn what_is_held_back_is_released_once(bench: Bench) {
    let ann = bench.user("ann", Role::User).await;
    let (cx, now) = (bench.cx(), bench.samples.now());
    let notification = NotificationId::from_bytes([7; 16]);
    let held = |seq| Held { user_id: ann.id, seq: Seq(seq), notification, due_at: now.plus_ms(10) };
    let mut back = dispatch(&bench, (0, 2), Vec::new());
    back.carrying.held = vec![held(1), held(2)];
    assert_eq!(bench.store.dispatch(&cx, back).await, Ok(true));
    assert_eq!(bench.store.due_release(&cx, EMAIL, now).await, Ok(None), "it is not due");
    let due = bench.store.due_release(&cx, EMAIL, now.plus_ms(10)).await.expect("read");
    let due = due.expect("it is due");
    assert_eq!((due.held.as_slice(), due.unread.as_slice()), (&[held(1), held(2)][..], &[][..]));
    assert_eq!(due.addressee.map(|user| user.user_id), Some(ann.id));
    let parcels = vec![parcel(&bench, ann.id, None)];
    for released in [true, false] {
        let (held, parcels) = (due.held.clone(), parcels.clone());
        let made = Released { channel: EMAIL, at: now, held, parcels };
        let answer = bench.store.release_held(&cx, made).await;
        assert_eq!(answer, Ok(released));
    }
    assert_eq!(waiting(&bench).await, 1);
}
