//! What holds of notifications told to single users.

use galen_core::model::{
    Delivered, InboxAsk, Marked, NotificationPage, Publication, Published, Recipient, Role, Shelf,
    Step,
};
use galen_core::{NotificationId, Seq, UserId};
use tokio::task::JoinSet;

use super::bench::Bench;
use super::{Behaviour, behaviour};

/// ALL behaviours of notifications.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_published_notification_is_read_back_whole),
    behaviour!(the_same_key_and_content_publish_once),
    behaviour!(the_same_key_with_another_content_is_refused),
    behaviour!(a_key_belongs_to_whoever_publishes),
    behaviour!(a_hundred_publications_under_one_key_are_one),
    behaviour!(nobody_gets_nothing),
    behaviour!(many_are_told_in_one_commit_and_each_answer_is_its_own),
    behaviour!(pages_of_notifications_are_complete_and_do_not_overlap),
    behaviour!(marking_as_read_counts_each_once_and_only_ones_own),
    behaviour!(marking_all_as_read_leaves_none_slice_by_slice_the_oldest_first),
    behaviour!(what_was_seen_is_still_unread_and_what_comes_later_is_unseen),
    behaviour!(what_is_put_away_leaves_the_inbox_and_counts_as_read),
    behaviour!(places_rise_with_every_commit_and_what_was_missed_is_found_by_them),
    behaviour!(what_is_over_is_swept_in_slices_and_leaves_the_counts),
];

async fn list(bench: &Bench, user_id: UserId, unread_only: bool) -> NotificationPage {
    let shelf = if unread_only { Shelf::Unread } else { Shelf::Inbox };
    bench.inbox(user_id, shelf).await
}

async fn publish(bench: &Bench, actor: Option<UserId>, publication: &Publication) -> Published {
    let mut act = bench.samples.act();
    act.actor = actor;
    let mut publication = publication.clone();
    if let Some(actor) = actor {
        publication.author = galen_core::model::Author::User(actor);
    }
    for (id, _) in &mut publication.recipients {
        *id = bench.samples.notification_id();
    }
    bench.store.publish(&bench.cx(), act, publication).await.expect("answers")
}

async fn mark(bench: &Bench, user_id: UserId, step: Step, ids: Vec<NotificationId>) -> Marked {
    let act = bench.samples.act_of(user_id);
    bench.store.mark(&bench.cx(), act, user_id, (step, ids)).await.expect("answers")
}

fn keyed(bench: &Bench, user_id: UserId) -> Publication {
    Publication {
        idempotency_key: Some("order-7".to_owned()),
        ..bench.samples.publication(user_id)
    }
}

async fn a_published_notification_is_read_back_whole(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let empty = list(&bench, user.id, false).await;
    assert!(empty.items.is_empty() && empty.next.is_none() && empty.counts.unread == 0);
    let first = bench.publish(user.id).await;
    bench.samples.clock.advance_ms(1);
    let second = bench.publish(user.id).await;
    let listed = list(&bench, user.id, false).await;
    assert_eq!(listed.latest, second.seq);
    assert_eq!(listed.items, [second, first]);
    assert_eq!((listed.counts.unread, listed.counts.unseen), (2, 2));
    let seen = bench.store.user(&bench.cx(), user.id).await.expect("answers").expect("known");
    assert_eq!((seen.unread, seen.unseen), (2, 2));
}

async fn the_same_key_and_content_publish_once(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    let Published::Now(first) = publish(&bench, None, &publication).await else {
        unreachable!("the key is new");
    };
    assert_eq!(publish(&bench, None, &publication).await, Published::Before(first));
    assert_eq!(list(&bench, user.id, false).await.counts.unread, 1);
    assert_eq!(bench.counts().await.notifications, 1);
}

async fn the_same_key_with_another_content_is_refused(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    publish(&bench, None, &publication).await;
    let other = Publication { content_hash: bench.samples.hash().0, ..publication };
    assert_eq!(publish(&bench, None, &other).await, Published::KeyMismatch);
    assert_eq!(list(&bench, user.id, false).await.counts.unread, 1);
}

async fn a_key_belongs_to_whoever_publishes(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    for actor in [None, Some(bench.samples.user_id()), Some(bench.samples.user_id())] {
        assert!(matches!(publish(&bench, actor, &publication).await, Published::Now(_)));
    }
    assert_eq!(list(&bench, user.id, false).await.counts.unread, 3);
}

async fn a_hundred_publications_under_one_key_are_one(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    let mut racers = JoinSet::new();
    for _ in 0..100 {
        let (bench, publication) = (bench.clone(), publication.clone());
        racers.spawn(async move { publish(&bench, None, &publication).await });
    }
    let outcomes = racers.join_all().await;
    let now = outcomes.iter().filter(|one| matches!(one, Published::Now(_))).count();
    let before = outcomes.iter().filter(|one| matches!(one, Published::Before(_))).count();
    assert_eq!((now, before), (1, 99));
    assert_eq!(list(&bench, user.id, false).await.counts.unread, 1);
}

async fn nobody_gets_nothing(bench: Bench) {
    let nobody = bench.samples.user_id();
    let publication = keyed(&bench, nobody);
    let told = publish(&bench, None, &publication).await;
    assert_eq!(told, Published::Now(vec![Delivered::Nobody]));
    assert_eq!(publish(&bench, None, &publication).await, told, "no key was kept");
    let seen = list(&bench, nobody, false).await;
    assert!(seen.items.is_empty() && seen.counts.unread == 0);
    assert_eq!(bench.counts().await.notifications, 0);
    assert!(bench.trail().await.is_empty());
}

async fn many_are_told_in_one_commit_and_each_answer_is_its_own(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let by_address =
        |name: &str| Recipient::Email(galen_core::model::EmailKey(format!("{name}@example.org")));
    let recipients =
        [Recipient::Id(ada.id), by_address("bob"), by_address("nobody"), by_address("ada")];
    let recipients = recipients.map(|to| (bench.samples.notification_id(), to)).to_vec();
    let publication = Publication { recipients, ..keyed(&bench, ada.id) };
    let Published::Now(delivered) = publish(&bench, None, &publication).await else {
        unreachable!("the key is new");
    };
    let told: Vec<Option<UserId>> = delivered
        .iter()
        .map(|one| match one {
            Delivered::To { user, .. } => Some(*user),
            Delivered::Nobody => None,
        })
        .collect();
    assert_eq!(told, [Some(ada.id), Some(bob.id), None, Some(ada.id)]);
    assert_eq!(delivered[0], delivered[3], "whoever is named twice is told once");
    assert_eq!(bench.counts().await.notifications, 2);
    assert_eq!(publish(&bench, None, &publication).await, Published::Before(delivered));
    for user in [ada.id, bob.id] {
        assert_eq!(list(&bench, user, false).await.counts.unread, 1);
    }
}

async fn pages_of_notifications_are_complete_and_do_not_overlap(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let mut wanted = Vec::new();
    for _ in 0..8 {
        bench.samples.clock.advance_ms(1);
        bench.publish(bob.id).await;
        wanted.push(bench.publish(ada.id).await.id);
    }
    let read: Vec<NotificationId> = wanted.iter().copied().step_by(2).collect();
    assert_eq!(mark(&bench, ada.id, Step::Read, read.clone()).await.marked, 4);
    wanted.reverse();
    let unread: Vec<NotificationId> =
        wanted.iter().copied().filter(|id| !read.contains(id)).collect();
    for (shelf, wanted) in [(Shelf::Inbox, wanted), (Shelf::Unread, unread)] {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let ask = InboxAsk { shelf, before, limit: 3 };
            let got = bench.store.notifications(&bench.cx(), ada.id, ask).await;
            let got = got.expect("answers");
            assert_eq!(got.counts.unread, 4);
            seen.extend(got.items.iter().map(|one| one.id));
            before = got.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, wanted);
    }
}

async fn marking_as_read_counts_each_once_and_only_ones_own(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let own = bench.publish(ada.id).await;
    let other = bench.publish(ada.id).await;
    let foreign = bench.publish(bob.id).await;
    let at = bench.samples.now();
    let ids = vec![own.id, own.id, foreign.id, bench.samples.notification_id()];
    let marked = mark(&bench, ada.id, Step::Read, ids.clone()).await;
    assert_eq!((marked.marked, marked.counts.unread, marked.counts.unseen), (1, 1, 1));
    bench.samples.clock.advance_ms(5);
    let again = mark(&bench, ada.id, Step::Read, ids).await;
    assert_eq!((again.marked, again.counts.unread), (0, 1));
    let listed = list(&bench, ada.id, false).await;
    let read_at = |id| listed.items.iter().find(|one| one.id == id).and_then(|n| n.read_at);
    assert_eq!((read_at(own.id), read_at(other.id)), (Some(at), None));
    assert_eq!(list(&bench, bob.id, true).await.counts.unread, 1);
}

async fn mark_all(bench: &Bench, user_id: UserId, max_rows: u32) -> (u64, i64) {
    let act = bench.samples.act_of(user_id);
    let marked = bench.store.mark_all_read(&bench.cx(), act, user_id, max_rows).await;
    let marked = marked.expect("answers");
    (marked.marked, marked.counts.unread)
}

async fn marking_all_as_read_leaves_none_slice_by_slice_the_oldest_first(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let mut published = Vec::new();
    for _ in 0..5 {
        bench.samples.clock.advance_ms(1);
        published.push(bench.publish(ada.id).await.id);
    }
    bench.publish(bob.id).await;
    assert_eq!(mark_all(&bench, ada.id, 3).await, (3, 2));
    let left = list(&bench, ada.id, true).await;
    assert!(left.items.iter().map(|one| one.id).eq([published[4], published[3]]));
    assert_eq!(left.counts.unseen, 0, "all are seen with the first slice");
    assert_eq!(mark_all(&bench, ada.id, 3).await, (2, 0));
    let unread = list(&bench, ada.id, true).await;
    assert!(unread.items.is_empty() && unread.counts.unread == 0);
    assert_eq!(list(&bench, bob.id, true).await.counts.unread, 1);
    assert_eq!(mark_all(&bench, ada.id, 3).await, (0, 0));
}

async fn mark_seen(bench: &Bench, user_id: UserId, upto: Seq) -> (u64, i64, i64) {
    let act = bench.samples.act_of(user_id);
    let marked = bench.store.mark_seen(&bench.cx(), act, user_id, upto).await.expect("answers");
    (marked.marked, marked.counts.unread, marked.counts.unseen)
}

async fn what_was_seen_is_still_unread_and_what_comes_later_is_unseen(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(bench.publish(ada.id).await.seq);
    }
    assert_eq!(mark_seen(&bench, ada.id, places[1]).await, (2, 3, 1));
    assert_eq!(mark_seen(&bench, ada.id, places[0]).await, (0, 3, 1), "no step goes back");
    let listed = list(&bench, ada.id, false).await.items;
    let seen: Vec<bool> = listed.iter().map(|one| one.is_seen).collect();
    assert_eq!(seen, [false, true, true]);
    // Reading what was seen leaves the unseen ones, reading what was not takes from them.
    assert_eq!(mark(&bench, ada.id, Step::Read, vec![listed[2].id]).await.counts.unseen, 1);
    assert_eq!(mark(&bench, ada.id, Step::Read, vec![listed[0].id]).await.counts.unseen, 0);
    bench.publish(ada.id).await;
    assert_eq!(list(&bench, ada.id, false).await.counts.unseen, 1);
    // A place nobody was given yet does not hide what will come.
    assert_eq!(mark_seen(&bench, ada.id, Seq(i64::MAX)).await, (1, 2, 0));
    bench.publish(ada.id).await;
    assert_eq!(list(&bench, ada.id, false).await.counts.unseen, 1);
}

async fn what_is_put_away_leaves_the_inbox_and_counts_as_read(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let first = bench.publish(ada.id).await;
    let second = bench.publish(ada.id).await;
    let marked = mark(&bench, ada.id, Step::Archived, vec![first.id, first.id]).await;
    assert_eq!((marked.marked, marked.counts.unread, marked.counts.unseen), (1, 1, 1));
    let names = |page: NotificationPage| -> Vec<NotificationId> {
        page.items.iter().map(|one| one.id).collect()
    };
    assert_eq!(names(bench.inbox(ada.id, Shelf::Inbox).await), [second.id]);
    assert_eq!(names(bench.inbox(ada.id, Shelf::Unread).await), [second.id]);
    let archive = bench.inbox(ada.id, Shelf::Archive).await;
    assert_eq!(archive.items[0].read_at, Some(bench.samples.now()));
    assert_eq!(archive.items[0].archived_at, Some(bench.samples.now()));
    assert_eq!(names(archive), [first.id]);
    let missed = bench.store.missed(&bench.cx(), ada.id, Seq(0), 10).await.expect("answers");
    let all: Vec<NotificationId> = missed.items.iter().map(|one| one.id).collect();
    assert_eq!(all, [first.id, second.id], "an export has what was put away, too");
}

async fn places_rise_with_every_commit_and_what_was_missed_is_found_by_them(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let mut writers = JoinSet::new();
    for number in 0..40 {
        let (bench, to) = (bench.clone(), if number % 2 == 0 { ada.id } else { bob.id });
        writers.spawn(async move { bench.publish(to).await.seq });
    }
    // Read while they come: what is read on from the last place is everything, once, in order.
    let (mut seen, mut after) = (Vec::new(), Seq(0));
    while seen.len() < 40 {
        let read = bench.store.notices_after(&bench.cx(), after, 7).await.expect("answers");
        assert!(read.items.len() <= 7 && (read.more || read.upto >= after));
        seen.extend(read.items.iter().map(|one| one.notification.seq));
        after = read.upto;
        tokio::task::yield_now().await;
    }
    let mut given = writers.join_all().await;
    given.sort_unstable();
    assert_eq!(seen, given);
    let cx = bench.cx();
    assert_eq!(bench.store.latest_seq(&cx).await.expect("answers"), given[39]);
    let first = bench.store.missed(&cx, ada.id, Seq(0), 15).await.expect("answers");
    assert_eq!((first.items.len(), first.more), (15, true));
    let rest = bench.store.missed(&cx, ada.id, first.upto, 15).await.expect("answers");
    assert_eq!((rest.items.len(), rest.more, rest.upto), (5, false, given[39]));
    assert_eq!(rest.counts.unread, 20);
}

async fn what_is_over_is_swept_in_slices_and_leaves_the_counts(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let kept = bench.publish(ada.id).await;
    for minutes in [1, 2, 3] {
        let gone_at = crate::samples::minutes_after(bench.samples.now(), minutes);
        let short = Publication { gone_at, ..bench.samples.publication(ada.id) };
        bench.store.publish(&bench.cx(), bench.samples.act(), short).await.expect("stored");
    }
    let sweep = async |rows| {
        let now = bench.samples.now();
        bench.store.sweep_notices(&bench.samples.background_cx(), now, rows).await.expect("swept")
    };
    assert_eq!(sweep(2).await.removed, 0);
    bench.samples.clock.advance_ms(10 * 60_000);
    let first = sweep(2).await;
    assert_eq!((first.removed, first.users.as_slice(), first.more), (2, &[ada.id][..], true));
    let second = sweep(2).await;
    assert_eq!((second.removed, second.more), (1, false));
    let left = list(&bench, ada.id, false).await;
    assert_eq!((left.counts.unread, left.counts.unseen), (1, 1));
    assert_eq!(left.items, [kept]);
    assert_eq!(bench.counts().await.notifications, 1);
}
