//! A request that was let in before its session ended: it may read on, and changes nothing.

use std::sync::Arc;

use crate::house::{House, OTHER_PASSWORD, PASSWORD, code, invoice, login, policy, secret};
use galen_account::{
    AdminUser, Caller, PasswordChange, Policy, Publish, Publisher, Recipient, SessionPolicy,
    SweepPolicy,
};
use galen_core::model::{EndReason, ProfileChange, Role, Step, UserChange};
use galen_core::{Clock, Code, EndSession, Store, UnixMs, UserId};
use galen_testkit::samples::Samples;

const DAY_MS: i64 = 86_400_000;
const ENDED: Result<(), Code> = Err(Code::SessionEnded);

fn publish(user: UserId) -> Publish {
    invoice(Recipient::Id(user))
}

fn renamed() -> ProfileChange {
    ProfileChange { name: Some("Renamed".to_owned()), preferences: None }
}

/// Ends a session where memory does not hear of it.
async fn end_behind_the_rooms_back(house: &House, samples: &Samples, caller: &Caller) {
    let ending =
        EndSession { id: caller.session.id, owner: None, reason: EndReason::RevokedByAdmin };
    let ended = house.store.end_session(&house.cx(), samples.act(), ending).await;
    assert!(ended.expect("answers").is_some());
}

#[tokio::test]
async fn a_request_let_in_before_its_session_ended_changes_nothing_of_its_user() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let phone = house.login("anna@example.org").await;
    let (cx, accounts, caller) = (house.cx(), &house.accounts, &anna.caller);
    house
        .accounts
        .publish(&cx, Publisher::System, publish(caller.user.id))
        .await
        .expect("published");
    accounts.end_session(&cx, &admin.caller, caller.session.id).await.expect("ended");

    let changed = accounts.change_profile(&cx, caller, renamed()).await;
    assert_eq!(code(changed).map(drop), ENDED);
    let (current, new) = (secret(PASSWORD), secret(OTHER_PASSWORD));
    let change = PasswordChange { current, new, user_agent: None };
    assert_eq!(code(accounts.change_password(&cx, caller, change).await).map(drop), ENDED);
    let again = accounts.reauthenticate(&cx, caller, secret(PASSWORD)).await;
    assert_eq!(code(again).map(drop), ENDED);
    assert_eq!(code(accounts.delete_me(&cx, caller).await), ENDED);
    let other = phone.caller.session.id;
    assert_eq!(code(accounts.end_my_session(&cx, caller, other).await), ENDED);
    assert_eq!(code(accounts.logout_all(&cx, caller).await).map(drop), ENDED);
    assert_eq!(code(accounts.mark(&cx, caller, Step::Read, Vec::new()).await).map(drop), ENDED);
    assert_eq!(code(accounts.mark_all_read(&cx, caller).await).map(drop), ENDED);

    let user = house.caller(&phone.token).await.expect("the other session goes on").user.clone();
    // The second one says that an admin ended a session.
    assert_eq!((user.name.as_str(), user.unread), ("", 2));
    house.login("anna@example.org").await;
    // To sign out once more is no error, whichever way.
    accounts.logout(&cx, caller).await.expect("out");
    accounts.end_my_session(&cx, caller, caller.session.id).await.expect("out");
}

#[tokio::test]
async fn a_request_let_in_before_an_admins_session_ended_changes_nothing_of_others() {
    let house = House::new();
    let first = house.signed_in("first@example.org", Role::Admin).await;
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let (cx, accounts, caller) = (house.cx(), &house.accounts, &admin.caller);
    let demoted = UserChange { role: Some(Role::User), ..UserChange::default() };
    let done = accounts.change_user(&cx, &first.caller, caller.user.id, demoted).await;
    done.expect("demoted");

    let id = anna.caller.user.id;
    let form = AdminUser {
        email: "made@example.org".to_owned(),
        name: String::new(),
        password: secret(PASSWORD),
        role: Role::Admin,
    };
    assert_eq!(code(accounts.create_user(&cx, Some(caller), form).await).map(drop), ENDED);
    let promoted = UserChange { role: Some(Role::Admin), ..UserChange::default() };
    assert_eq!(code(accounts.change_user(&cx, caller, id, promoted).await).map(drop), ENDED);
    assert_eq!(code(accounts.delete_user(&cx, caller, id).await), ENDED);
    let session = anna.caller.session.id;
    assert_eq!(code(accounts.end_session(&cx, caller, session).await), ENDED);
    let published = accounts.publish(&cx, Publisher::Admin(caller), publish(id)).await;
    assert_eq!(code(published).map(drop), ENDED);

    let seen = house.caller(&anna.token).await.expect("she is still here").user.clone();
    assert_eq!((seen.role, seen.unread), (Role::User, 0));
    assert!(house.try_login("made@example.org", PASSWORD).await.is_err(), "nobody was made");
}

#[tokio::test]
async fn a_refused_act_and_a_sign_out_make_memory_forget_what_the_store_no_longer_has() {
    let house = House::new();
    let one = house.signed_in("anna@example.org", Role::User).await;
    let two = house.login("anna@example.org").await;
    let samples = Samples::new(9);
    for signed_in in [&one, &two] {
        assert!(house.is_signed_in(&signed_in.token).await, "held in memory");
        end_behind_the_rooms_back(&house, &samples, &signed_in.caller).await;
        assert!(house.is_signed_in(&signed_in.token).await, "memory was not told");
    }
    let (cx, accounts) = (house.cx(), &house.accounts);
    let refused = accounts.change_profile(&cx, &one.caller, renamed()).await;
    assert_eq!(code(refused).map(drop), ENDED);
    assert!(!house.is_signed_in(&one.token).await);
    accounts.logout(&cx, &two.caller).await.expect("out");
    assert!(!house.is_signed_in(&two.token).await);
}

#[tokio::test]
async fn what_the_sweep_removed_leaves_memory_too() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    assert!(house.is_signed_in(&signed_in.token).await, "held in memory");
    // A clock that was wrong for a while: what memory holds would outlive the row.
    let now = house.clock.now();
    house.clock.jump_to(UnixMs(now.0 + 9 * DAY_MS));
    let report = house.accounts.sweep(&house.cx(), SweepPolicy::default()).await;
    assert_eq!(report.expect("swept").sessions, 1);
    house.clock.jump_to(now);
    assert_eq!(house.caller(&signed_in.token).await.map(drop), ENDED);
}

#[tokio::test]
async fn a_flush_that_is_given_up_half_way_loses_no_use() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    house.clock.advance_ms(10 * 60_000);
    assert!(house.is_signed_in(&signed_in.token).await, "its use waits in memory");
    let cx = house.cx();
    let mut flush = Box::pin(house.accounts.flush_touches(&cx));
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(flush.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    drop(flush);
    assert_eq!(house.accounts.flush_touches(&house.cx()).await, Ok(1), "it was put back");
}

#[tokio::test]
async fn one_sign_in_too_many_ends_the_oldest_session_at_once() {
    let session = SessionPolicy { sessions_per_user_max: 3, ..SessionPolicy::default() };
    let house = House::with(Policy { session, ..policy() });
    let oldest = house.signed_in("anna@example.org", Role::User).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        house.clock.advance_ms(1);
        kept.push(house.login("anna@example.org").await);
    }
    assert!(house.is_signed_in(&oldest.token).await, "held in memory");
    // A browser that replaces its own session makes room for the new one.
    let replaces = Some(kept.remove(0).caller.session.id);
    let form = login("anna@example.org", PASSWORD, replaces);
    house.clock.advance_ms(1);
    kept.push(house.accounts.login(&house.cx(), form).await.expect("in"));
    assert!(house.is_signed_in(&oldest.token).await);
    house.clock.advance_ms(1);
    kept.push(house.login("anna@example.org").await);
    assert_eq!(house.caller(&oldest.token).await.map(drop), ENDED);
    for signed_in in kept {
        assert!(house.is_signed_in(&signed_in.token).await);
    }
}

#[tokio::test]
async fn marking_all_as_read_goes_on_until_nothing_is_left() {
    let house = Arc::new(House::new());
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let id = anna.caller.user.id;
    for _ in 0..5 {
        let publishing: Vec<_> = (0..250)
            .map(|_| {
                let house = Arc::clone(&house);
                tokio::spawn(async move {
                    house.accounts.publish(&house.cx(), Publisher::System, publish(id)).await
                })
            })
            .collect();
        for one in publishing {
            one.await.expect("joined").expect("published");
        }
    }
    let marked = house.accounts.mark_all_read(&house.cx(), &anna.caller).await.expect("marked");
    assert_eq!((marked.marked, marked.counts.unread), (1_250, 0));
    assert_eq!(house.caller(&anna.token).await.expect("in").user.unread, 0);
}
