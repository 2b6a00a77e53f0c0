//! What holds of notifications.

use galen_core::model::{NotificationPage, Publication, Published, Role};
use galen_core::{NotificationId, UserId};
use tokio::task::JoinSet;

use super::bench::{Bench, page};
use super::{Behaviour, behaviour};

/// ALL behaviours of notifications.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_published_notification_is_read_back_whole),
    behaviour!(the_same_key_and_content_publish_once),
    behaviour!(the_same_key_with_another_content_is_refused),
    behaviour!(a_key_belongs_to_whoever_publishes),
    behaviour!(a_hundred_publications_under_one_key_are_one),
    behaviour!(nobody_gets_nothing),
    behaviour!(pages_of_notifications_are_complete_and_do_not_overlap),
    behaviour!(marking_as_read_counts_each_once_and_only_ones_own),
    behaviour!(marking_all_as_read_leaves_none_slice_by_slice_the_oldest_first),
];

async fn list(bench: &Bench, user_id: UserId, unread_only: bool) -> NotificationPage {
    let cx = bench.cx();
    let listed = bench.store.notifications(&cx, user_id, unread_only, page(None, 50)).await;
    listed.expect("answers")
}

async fn publish(bench: &Bench, actor: Option<UserId>, publication: &Publication) -> Published {
    let mut act = bench.samples.act();
    act.actor = actor;
    let mut publication = publication.clone();
    publication.notification.id = bench.samples.notification_id();
    bench.store.publish(&bench.cx(), act, publication).await.expect("answers")
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
    assert!(empty.page.items.is_empty() && empty.page.next.is_none() && empty.unread == 0);
    let first = bench.publish(user.id).await;
    bench.samples.clock.advance_ms(1);
    let second = bench.publish(user.id).await;
    let listed = list(&bench, user.id, false).await;
    assert_eq!(listed.page.items, [second, first]);
    assert_eq!(listed.unread, 2);
    let seen = bench.store.user(&bench.cx(), user.id).await.expect("answers").expect("known");
    assert_eq!(seen.unread, 2);
}

async fn the_same_key_and_content_publish_once(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    let Published::Now(first) = publish(&bench, None, &publication).await else {
        unreachable!("the key is new");
    };
    assert_eq!(publish(&bench, None, &publication).await, Published::Before(first.id));
    assert_eq!(list(&bench, user.id, false).await.unread, 1);
    assert_eq!(bench.counts().await.notifications, 1);
}

async fn the_same_key_with_another_content_is_refused(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    publish(&bench, None, &publication).await;
    let other = Publication { content_hash: bench.samples.hash().0, ..publication };
    assert_eq!(publish(&bench, None, &other).await, Published::KeyMismatch);
    assert_eq!(list(&bench, user.id, false).await.unread, 1);
}

async fn a_key_belongs_to_whoever_publishes(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let publication = keyed(&bench, user.id);
    for actor in [None, Some(bench.samples.user_id()), Some(bench.samples.user_id())] {
        assert!(matches!(publish(&bench, actor, &publication).await, Published::Now(_)));
    }
    assert_eq!(list(&bench, user.id, false).await.unread, 3);
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
    assert_eq!(list(&bench, user.id, false).await.unread, 1);
}

async fn nobody_gets_nothing(bench: Bench) {
    let nobody = bench.samples.user_id();
    let publication = keyed(&bench, nobody);
    assert_eq!(publish(&bench, None, &publication).await, Published::UserNotFound);
    let seen = list(&bench, nobody, false).await;
    assert!(seen.page.items.is_empty() && seen.unread == 0);
    assert_eq!(bench.counts().await.notifications, 0);
    assert!(bench.trail().await.is_empty());
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
    let act = bench.samples.act_of(ada.id);
    let marked = bench.store.mark_read(&bench.cx(), act, ada.id, read.clone()).await;
    assert_eq!(marked.expect("answers").marked, 4);
    wanted.reverse();
    let unread: Vec<NotificationId> =
        wanted.iter().copied().filter(|id| !read.contains(id)).collect();
    for (unread_only, wanted) in [(false, wanted), (true, unread)] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let cx = bench.cx();
            let got = bench.store.notifications(&cx, ada.id, unread_only, page(after, 3)).await;
            let got = got.expect("answers");
            assert_eq!(got.unread, 4);
            seen.extend(got.page.items.iter().map(|one| one.id));
            after = got.page.next;
            if after.is_none() {
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
    let act = bench.samples.act_of(ada.id);
    let marked = bench.store.mark_read(&bench.cx(), act, ada.id, ids.clone()).await;
    let marked = marked.expect("answers");
    assert_eq!((marked.marked, marked.unread), (1, 1));
    bench.samples.clock.advance_ms(5);
    let act = bench.samples.act_of(ada.id);
    let again = bench.store.mark_read(&bench.cx(), act, ada.id, ids).await;
    let again = again.expect("answers");
    assert_eq!((again.marked, again.unread), (0, 1));
    let listed = list(&bench, ada.id, false).await;
    let read_at = |id| listed.page.items.iter().find(|one| one.id == id).and_then(|n| n.read_at);
    assert_eq!((read_at(own.id), read_at(other.id)), (Some(at), None));
    assert_eq!(list(&bench, bob.id, true).await.unread, 1);
}

async fn mark_all(bench: &Bench, user_id: UserId, max_rows: u32) -> (u64, i64) {
    let act = bench.samples.act_of(user_id);
    let marked = bench.store.mark_all_read(&bench.cx(), act, user_id, max_rows).await;
    let marked = marked.expect("answers");
    (marked.marked, marked.unread)
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
    let left = list(&bench, ada.id, true).await.page.items;
    assert!(left.iter().map(|one| one.id).eq([published[4], published[3]]));
    assert_eq!(mark_all(&bench, ada.id, 3).await, (2, 0));
    let unread = list(&bench, ada.id, true).await;
    assert!(unread.page.items.is_empty() && unread.unread == 0);
    assert_eq!(list(&bench, bob.id, true).await.unread, 1);
    assert_eq!(mark_all(&bench, ada.id, 3).await, (0, 0));
}
