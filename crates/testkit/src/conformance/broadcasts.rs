//! What holds of broadcasts: one row, many readers, an audience fixed at sending.

use galen_core::model::{
    Audience, BroadcastState, Broadcasting, NewBroadcast, Recall, Role, Shelf, Step, UserChange,
};
use galen_core::{BROADCASTS_MAX, NotificationId, Seq, UserId};

use super::bench::{Bench, page};
use super::{Behaviour, behaviour};
use crate::samples::minutes_after;

/// ALL behaviours of broadcasts.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_broadcast_is_one_row_that_everybody_there_has),
    behaviour!(who_comes_later_or_gets_the_role_later_has_nothing_of_it),
    behaviour!(a_filter_is_held_against_the_moment_of_sending),
    behaviour!(reading_and_putting_away_is_each_readers_own),
    behaviour!(alone_and_broadcast_are_one_list_in_the_order_of_their_places),
    behaviour!(a_recalled_broadcast_stays_with_those_who_had_read_it),
    behaviour!(a_scheduled_broadcast_is_sent_when_it_is_due_to_who_is_there_then),
    behaviour!(a_broadcast_ends_leaves_the_counts_and_its_readers_rows_are_swept),
    behaviour!(the_same_broadcast_key_sends_once),
    behaviour!(there_are_no_more_broadcasts_than_there_may_be),
    behaviour!(deleting_a_user_removes_what_it_made_of_broadcasts),
];

const EVERYBODY: Audience =
    Audience { role: None, created_before: None, created_after: None, verified: None };
const ADMINS: Audience = Audience { role: Some(Role::Admin), ..EVERYBODY };

async fn names(bench: &Bench, user_id: UserId, shelf: Shelf) -> Vec<NotificationId> {
    bench.inbox(user_id, shelf).await.items.iter().map(|one| one.id).collect()
}

async fn counts(bench: &Bench, user_id: UserId) -> (i64, i64) {
    let counts = bench.inbox(user_id, Shelf::Inbox).await.counts;
    let user = bench.store.user(&bench.cx(), user_id).await.expect("answers").expect("known");
    assert_eq!((counts.unread, counts.unseen), (user.unread, user.unseen));
    (counts.unread, counts.unseen)
}

async fn mark(bench: &Bench, user_id: UserId, step: Step, id: NotificationId) -> u64 {
    let act = bench.samples.act_of(user_id);
    let marked = bench.store.mark(&bench.cx(), act, user_id, (step, vec![id])).await;
    marked.expect("answers").marked
}

async fn broadcasts(bench: &Bench) -> Vec<galen_core::model::Broadcast> {
    bench.store.broadcasts(&bench.cx(), page(None, 50)).await.expect("answers").items
}

async fn a_broadcast_is_one_row_that_everybody_there_has(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::Admin).await;
    let sent = bench.broadcast(EVERYBODY).await;
    assert_eq!((sent.reach.users, sent.reach.is_exact), (2, true));
    assert_eq!(bench.counts().await.notifications, 0, "nobody has a row of its own");
    for user in [&ada, &bob] {
        let inbox = bench.inbox(user.id, Shelf::Inbox).await;
        assert!(inbox.items[0].is_broadcast);
        assert_eq!(inbox.items[0].content, sent.content);
        assert_eq!(counts(&bench, user.id).await, (1, 1));
    }
    let read = bench.store.notices_after(&bench.cx(), Seq(0), 10).await.expect("answers");
    assert_eq!(read.items.len(), 1);
    assert_eq!(broadcasts(&bench).await, [sent]);
}

async fn who_comes_later_or_gets_the_role_later_has_nothing_of_it(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let root = bench.user("root", Role::Admin).await;
    let other = bench.user("other", Role::Admin).await;
    assert_eq!(bench.broadcast(ADMINS).await.reach.users, 2);
    assert_eq!(bench.broadcast(EVERYBODY).await.reach.users, 3);
    let late = bench.user("late", Role::Admin).await;
    let change_role = async |id, role| {
        let change = UserChange { role: Some(role), ..UserChange::default() };
        let changed = bench.store.change_user(&bench.cx(), bench.samples.act(), id, change).await;
        changed.expect("answers");
    };
    change_role(ada.id, Role::Admin).await;
    change_role(other.id, Role::User).await;
    for (user, unread) in [(&ada, 1), (&root, 2), (&other, 1), (&late, 0)] {
        assert_eq!(counts(&bench, user.id).await.0, unread, "{}", user.name);
    }
    // Who lost a role and got it back is as one who just got it.
    change_role(other.id, Role::Admin).await;
    assert_eq!(counts(&bench, other.id).await.0, 1);
    assert_eq!(bench.broadcast(ADMINS).await.reach.users, 4);
    assert_eq!(counts(&bench, late.id).await.0, 1);
}

async fn a_filter_is_held_against_the_moment_of_sending(bench: Bench) {
    let old = bench.user("old", Role::User).await;
    bench.samples.clock.advance_ms(60_000);
    let moment = bench.samples.now();
    let new = bench.user("new", Role::User).await;
    let before = Audience { created_before: Some(moment), ..EVERYBODY };
    let after = Audience { created_after: Some(moment), ..EVERYBODY };
    let unproven = Audience { verified: Some(false), ..EVERYBODY };
    let proven = Audience { verified: Some(true), ..EVERYBODY };
    for (audience, readers) in [(before, 1), (after, 1), (unproven, 2), (proven, 0)] {
        let reach = bench.store.reach(&bench.cx(), audience, 100).await.expect("answers");
        assert_eq!((reach.users, reach.is_exact), (readers, true), "{audience:?}");
        assert_eq!(bench.broadcast(audience).await.reach, reach);
    }
    assert_eq!(counts(&bench, old.id).await.0, 2);
    assert_eq!(counts(&bench, new.id).await.0, 2);
    let bounded = bench.store.reach(&bench.cx(), unproven, 1).await.expect("answers");
    assert_eq!((bounded.users, bounded.is_exact), (1, false));
}

async fn reading_and_putting_away_is_each_readers_own(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let sent = bench.broadcast(EVERYBODY).await;
    for marked in [1, 0] {
        assert_eq!(mark(&bench, ada.id, Step::Read, sent.id).await, marked);
    }
    assert_eq!((counts(&bench, ada.id).await, counts(&bench, bob.id).await), ((0, 0), (1, 1)));
    assert_eq!(names(&bench, ada.id, Shelf::Unread).await, []);
    assert_eq!(mark(&bench, ada.id, Step::Archived, sent.id).await, 1);
    assert_eq!(names(&bench, ada.id, Shelf::Inbox).await, []);
    assert_eq!(names(&bench, ada.id, Shelf::Archive).await, [sent.id]);
    assert_eq!(names(&bench, bob.id, Shelf::Inbox).await, [sent.id]);
    let act = bench.samples.act_of(bob.id);
    let all = bench.store.mark_all_read(&bench.cx(), act, bob.id, 10).await.expect("answers");
    assert_eq!((all.marked, all.counts.unread, all.counts.unseen), (1, 0, 0));
    assert_eq!(broadcasts(&bench).await[0].read, 2);
    let late = bench.user("late", Role::User).await;
    assert_eq!(mark(&bench, late.id, Step::Read, sent.id).await, 0, "it is not this user's");
}

async fn alone_and_broadcast_are_one_list_in_the_order_of_their_places(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let mut wanted = Vec::new();
    for number in 0..9 {
        wanted.push(match number % 3 {
            0 => bench.broadcast(EVERYBODY).await.id,
            _ => bench.publish(ada.id).await.id,
        });
    }
    wanted.reverse();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let ask = galen_core::model::InboxAsk { shelf: Shelf::Inbox, before, limit: 2 };
        let got = bench.store.notifications(&bench.cx(), ada.id, ask).await.expect("answers");
        seen.extend(got.items.iter().map(|one| one.id));
        before = got.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, wanted);
    let missed = bench.store.missed(&bench.cx(), ada.id, Seq(0), 50).await.expect("answers");
    wanted.reverse();
    assert!(missed.items.iter().map(|one| one.id).eq(wanted));
}

async fn a_recalled_broadcast_stays_with_those_who_had_read_it(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let sent = bench.broadcast(EVERYBODY).await;
    mark(&bench, ada.id, Step::Read, sent.id).await;
    let recall = async || {
        bench.store.recall(&bench.cx(), bench.samples.act(), sent.id).await.expect("answers")
    };
    let Recall::Done(recalled) = recall().await else { unreachable!("it is live") };
    assert_eq!((recalled.state, recalled.read), (BroadcastState::Recalled, 1));
    assert_eq!(recall().await, Recall::Over);
    assert_eq!(names(&bench, ada.id, Shelf::Inbox).await, [sent.id]);
    assert_eq!(names(&bench, bob.id, Shelf::Inbox).await, []);
    assert_eq!((counts(&bench, ada.id).await, counts(&bench, bob.id).await), ((0, 0), (0, 0)));
    assert_eq!(mark(&bench, bob.id, Step::Read, sent.id).await, 0);
    let unknown = bench.samples.notification_id();
    let none = bench.store.recall(&bench.cx(), bench.samples.act(), unknown).await;
    assert_eq!(none.expect("answers"), Recall::NotFound);
}

async fn a_scheduled_broadcast_is_sent_when_it_is_due_to_who_is_there_then(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let due = minutes_after(bench.samples.now(), 10);
    let schedule = async || {
        let later = NewBroadcast { publish_at: Some(due), ..bench.samples.broadcast(EVERYBODY) };
        let stored = bench.store.broadcast(&bench.cx(), bench.samples.act(), later).await;
        let Broadcasting::Now(stored) = stored.expect("answers") else { unreachable!("no key") };
        *stored
    };
    let release =
        async || bench.store.release(&bench.cx(), bench.samples.act()).await.expect("answers");
    let (first, second) = (schedule().await, schedule().await);
    assert_eq!((first.state, first.seq), (BroadcastState::Scheduled, None));
    assert_eq!((release().await, counts(&bench, ada.id).await), (0, (0, 0)));
    let recalled = bench.store.recall(&bench.cx(), bench.samples.act(), second.id).await;
    assert!(matches!(recalled.expect("answers"), Recall::Done(_)));
    let bob = bench.user("bob", Role::User).await;
    bench.samples.clock.advance_ms(11 * 60_000);
    assert_eq!((release().await, release().await), (1, 0));
    for user in [ada.id, bob.id] {
        assert_eq!(names(&bench, user, Shelf::Inbox).await, [first.id]);
        assert_eq!(counts(&bench, user).await, (1, 1));
    }
}

async fn a_broadcast_ends_leaves_the_counts_and_its_readers_rows_are_swept(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let sent = bench.broadcast(EVERYBODY).await;
    for user in [ada.id, bob.id] {
        mark(&bench, user, Step::Read, sent.id).await;
    }
    bench.samples.clock.advance_ms(1);
    let late = bench.broadcast(EVERYBODY).await;
    let sweep = async |rows| {
        let now = bench.samples.now();
        bench.store.sweep_notices(&bench.samples.background_cx(), now, rows).await.expect("swept")
    };
    assert_eq!(sweep(10).await.ended, 0);
    bench.samples.clock.advance_ms(31 * 24 * 60 * 60_000);
    let slices = [sweep(1).await, sweep(1).await, sweep(1).await];
    let forgotten: Vec<u64> = slices.iter().map(|one| one.forgotten).collect();
    assert_eq!((slices[0].ended, forgotten), (2, vec![1, 1, 0]));
    assert_eq!(
        (counts(&bench, ada.id).await, names(&bench, ada.id, Shelf::Inbox).await),
        ((0, 0), vec![])
    );
    let history: Vec<_> = broadcasts(&bench).await.iter().map(|one| (one.id, one.state)).collect();
    assert_eq!(history, [(late.id, BroadcastState::Ended), (sent.id, BroadcastState::Ended)]);
    assert_eq!(broadcasts(&bench).await[1].read, 2, "the history knows how many read it");
}

async fn the_same_broadcast_key_sends_once(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let keyed = NewBroadcast {
        idempotency_key: Some("news-1".to_owned()),
        ..bench.samples.broadcast(EVERYBODY)
    };
    let send = async |broadcast: &NewBroadcast| {
        let broadcast = NewBroadcast { id: bench.samples.notification_id(), ..broadcast.clone() };
        bench.store.broadcast(&bench.cx(), bench.samples.act(), broadcast).await.expect("answers")
    };
    let Broadcasting::Now(first) = send(&keyed).await else { unreachable!("the key is new") };
    assert_eq!(send(&keyed).await, Broadcasting::Before(first.id));
    let other = NewBroadcast { content_hash: bench.samples.hash().0, ..keyed };
    assert_eq!(send(&other).await, Broadcasting::KeyMismatch);
    assert_eq!(counts(&bench, ada.id).await, (1, 1));
}

async fn there_are_no_more_broadcasts_than_there_may_be(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let mut last = None;
    for _ in 0..BROADCASTS_MAX {
        last = Some(bench.broadcast(EVERYBODY).await.id);
    }
    let more = async || {
        let more = bench.samples.broadcast(EVERYBODY);
        bench.store.broadcast(&bench.cx(), bench.samples.act(), more).await.expect("answers")
    };
    assert_eq!(more().await, Broadcasting::TooMany);
    assert_eq!(counts(&bench, ada.id).await.0, i64::from(BROADCASTS_MAX));
    assert_eq!(mark(&bench, ada.id, Step::Read, last.expect("the last")).await, 1);
    bench.samples.clock.advance_ms(31 * 24 * 60 * 60_000);
    let now = bench.samples.now();
    let cx = bench.samples.background_cx();
    bench.store.sweep_notices(&cx, now, 1).await.expect("swept");
    assert!(matches!(more().await, Broadcasting::Now(_)));
}

async fn deleting_a_user_removes_what_it_made_of_broadcasts(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let (first, second) = (bench.broadcast(EVERYBODY).await, bench.broadcast(EVERYBODY).await);
    for sent in [&first, &second] {
        mark(&bench, ada.id, Step::Read, sent.id).await;
    }
    bench.publish(ada.id).await;
    bench.store.delete_user(&bench.cx(), bench.samples.act(), ada.id).await.expect("deleted");
    let work = galen_core::model::SweepWork { expired_at: bench.samples.now(), max_rows: 2 };
    let sweep =
        async || bench.store.sweep(&bench.samples.background_cx(), work).await.expect("swept");
    let (one, two) = (sweep().await, sweep().await);
    assert_eq!((one.orphans, one.more, two.orphans, two.more), (2, true, 1, false));
}
