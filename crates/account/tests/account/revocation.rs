//! Revoked stays revoked: at once, whatever revoked it, whoever has left, and after a restart.

use std::sync::Arc;
use std::time::Duration;

use crate::house::{House, OTHER_PASSWORD, PASSWORD, code, invoice, login, secret};
use galen_account::{Message, PasswordChange, Publish, Publisher, Recipient};
use galen_core::model::{InboxAsk, ProfileChange, Role, Shelf, Step, UserChange, UserStatus};
use galen_core::{Code, Secret};

const DAY_MS: u32 = 86_400_000;

#[tokio::test]
async fn a_session_that_signed_out_is_refused_at_once() {
    let house = House::new();
    let here = house.signed_in("anna@example.org", Role::User).await;
    let there = house.login("anna@example.org").await;
    assert!(house.is_signed_in(&here.token).await && house.is_signed_in(&there.token).await);
    house.accounts.logout(&house.cx(), &here.caller).await.expect("out");
    assert_eq!(house.caller(&here.token).await.map(drop), Err(Code::SessionEnded));
    assert!(house.is_signed_in(&there.token).await, "the other goes on");
    house.accounts.logout(&house.cx(), &here.caller).await.expect("twice is no error");
    let ended = house.accounts.logout_all(&house.cx(), &there.caller).await;
    assert_eq!(ended, Ok(1));
    assert!(!house.is_signed_in(&there.token).await);
}

#[tokio::test]
async fn users_see_and_end_their_own_sessions_and_nobody_elses() {
    let house = House::new();
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let phone = house.login("anna@example.org").await;
    let bert = house.signed_in("bert@example.org", Role::User).await;
    let mine = house.accounts.my_sessions(&house.cx(), &anna.caller).await;
    let mine: Vec<_> = mine.expect("a list").iter().map(|session| session.id).collect();
    assert_eq!(mine.len(), 2);
    assert!(!mine.contains(&bert.caller.session.id));
    let foreign = bert.caller.session.id;
    let outcome = house.accounts.end_my_session(&house.cx(), &anna.caller, foreign).await;
    assert_eq!(code(outcome), Err(Code::SessionNotFound));
    assert!(house.is_signed_in(&bert.token).await);
    let own = phone.caller.session.id;
    house.accounts.end_my_session(&house.cx(), &anna.caller, own).await.expect("ended");
    assert!(!house.is_signed_in(&phone.token).await);
    assert!(house.is_signed_in(&anna.token).await);
}

#[tokio::test]
async fn an_admin_ends_a_session_and_a_user_cannot() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("anna@example.org", Role::User).await;
    assert!(house.is_signed_in(&anna.token).await);
    let id = anna.caller.session.id;
    let by_user = house.accounts.end_session(&house.cx(), &anna.caller, id).await;
    assert_eq!(code(by_user), Err(Code::NotAdmin));
    house.accounts.end_session(&house.cx(), &admin.caller, id).await.expect("ended");
    assert!(!house.is_signed_in(&anna.token).await);
    let again = house.accounts.end_session(&house.cx(), &admin.caller, id).await;
    assert_eq!(code(again), Err(Code::SessionNotFound));
}

#[tokio::test]
async fn lesson_13_a_sign_in_makes_a_new_token_and_a_planted_one_never_becomes_good() {
    let house = House::new();
    let planted = house.planted_token();
    assert_eq!(house.caller(&planted).await.map(drop), Err(Code::SessionEnded));
    let first = house.signed_in("anna@example.org", Role::User).await;
    let second = house.login("anna@example.org").await;
    assert_ne!(first.token.reveal(), second.token.reveal());
    assert_ne!(first.caller.session.id, second.caller.session.id);
    assert!(!house.is_signed_in(&planted).await);
    for text in ["", "x", "../../etc/passwd", &"A".repeat(43)] {
        assert!(!house.is_signed_in(&secret(text)).await);
    }
}

#[tokio::test]
async fn lesson_13_giving_the_password_again_changes_the_token_of_the_same_session() {
    let house = House::new();
    let before = house.signed_in("anna@example.org", Role::User).await;
    assert!(house.is_signed_in(&before.token).await);
    house.clock.advance_ms(20 * 60_000);
    let stale = house.caller(&before.token).await.expect("signed in");
    assert!(!stale.is_fresh(galen_core::Clock::now(house.clock.as_ref())));
    let again = house.accounts.reauthenticate(&house.cx(), &stale, secret(PASSWORD)).await;
    let again = again.expect("fresh");
    assert_eq!(again.caller.session.id, before.caller.session.id);
    assert!(!house.is_signed_in(&before.token).await, "the old token opens nothing");
    let now_in = house.caller(&again.token).await.expect("signed in");
    assert!(now_in.is_fresh(galen_core::Clock::now(house.clock.as_ref())));
    assert_eq!(now_in.session.authenticated_at, again.caller.session.authenticated_at);
    let wrong = house.accounts.reauthenticate(&house.cx(), &now_in, secret("wrong")).await;
    assert_eq!(code(wrong).map(drop), Err(Code::WrongPassword));
    assert!(house.is_signed_in(&again.token).await);
}

/// What two people do in one browser, which keeps one cookie.
#[derive(Clone, Copy, Debug)]
enum Deed {
    AnnaSignsIn,
    BertSignsIn,
    SignOut,
    CookieLost,
    SignOutEverywhere,
}

#[tokio::test]
async fn lesson_14_two_people_at_one_browser_never_see_each_other() {
    const DEEDS: [Deed; 5] = [
        Deed::AnnaSignsIn,
        Deed::BertSignsIn,
        Deed::SignOut,
        Deed::CookieLost,
        Deed::SignOutEverywhere,
    ];
    let house = House::new();
    let anna = house.user("anna@example.org", Role::User).await.id;
    let bert = house.user("bert@example.org", Role::User).await.id;
    // Every order of four deeds out of five, with repetition.
    for order in 0..DEEDS.len().pow(4) {
        let mut cookie: Option<Secret<String>> = None;
        let mut whose;
        let mut old: Vec<Secret<String>> = Vec::new();
        let mut rest = order;
        for _ in 0..4 {
            let deed = DEEDS[rest % DEEDS.len()];
            rest /= DEEDS.len();
            let caller = match &cookie {
                Some(token) => house.caller(token).await.ok(),
                None => None,
            };
            match deed {
                Deed::AnnaSignsIn | Deed::BertSignsIn => {
                    let (email, id) = match deed {
                        Deed::AnnaSignsIn => ("anna@example.org", anna),
                        _ => ("bert@example.org", bert),
                    };
                    let replaces = caller.map(|caller| caller.session.id);
                    let form = login(email, PASSWORD, replaces);
                    let signed_in = house.accounts.login(&house.cx(), form).await;
                    old.extend(cookie.replace(signed_in.expect("in").token));
                    whose = Some(id);
                }
                Deed::SignOut | Deed::SignOutEverywhere => {
                    if let Some(caller) = caller {
                        let cx = house.cx();
                        if matches!(deed, Deed::SignOut) {
                            house.accounts.logout(&cx, &caller).await.expect("out");
                        } else {
                            house.accounts.logout_all(&cx, &caller).await.expect("out");
                        }
                    }
                    old.extend(cookie.take());
                    whose = None;
                }
                Deed::CookieLost => {
                    // The session lives on without its cookie; nobody inherits it.
                    cookie = None;
                    whose = None;
                }
            }
            let seen = match &cookie {
                Some(token) => house.caller(token).await.ok().map(|caller| caller.user.id),
                None => None,
            };
            assert_eq!(seen, whose, "order {order}, {deed:?}");
            for token in &old {
                assert!(!house.is_signed_in(token).await, "order {order}, {deed:?}");
            }
        }
    }
}

#[tokio::test]
async fn lesson_15_a_new_password_ends_every_session_and_opens_one() {
    let house = House::new();
    let here = house.signed_in("anna@example.org", Role::User).await;
    let there = house.login("anna@example.org").await;
    assert!(house.is_signed_in(&there.token).await);
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let changed = house.accounts.change_password(&house.cx(), &here.caller, change).await;
    let now_in = changed.expect("changed");
    assert!(!house.is_signed_in(&here.token).await);
    assert!(!house.is_signed_in(&there.token).await);
    assert!(house.is_signed_in(&now_in.token).await);
    let wrong = house.try_login("anna@example.org", PASSWORD).await;
    assert_eq!(code(wrong).map(drop), Err(Code::WrongCredentials));
    house.try_login("anna@example.org", OTHER_PASSWORD).await.expect("the new one");
}

#[tokio::test]
async fn lesson_15_disabling_demoting_and_deleting_end_every_session_at_once() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let cx = house.cx();
    let changes = [
        UserChange { status: Some(UserStatus::Disabled), ..UserChange::default() },
        UserChange { role: Some(Role::Admin), ..UserChange::default() },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let email = format!("user{number}@example.org");
        let signed_in = house.signed_in(&email, Role::User).await;
        assert!(house.is_signed_in(&signed_in.token).await);
        let id = signed_in.caller.user.id;
        let changed = house.accounts.change_user(&cx, &admin.caller, id, change).await;
        changed.expect("changed");
        assert!(!house.is_signed_in(&signed_in.token).await, "{email}");
    }
    let doomed = house.signed_in("doomed@example.org", Role::User).await;
    assert!(house.is_signed_in(&doomed.token).await);
    let id = doomed.caller.user.id;
    house.accounts.delete_user(&cx, &admin.caller, id).await.expect("deleted");
    assert!(!house.is_signed_in(&doomed.token).await);
    let leaver = house.signed_in("leaver@example.org", Role::User).await;
    house.accounts.delete_me(&cx, &leaver.caller).await.expect("deleted");
    assert!(!house.is_signed_in(&leaver.token).await);
    assert!(house.is_signed_in(&admin.token).await);
}

#[tokio::test]
async fn lesson_16_what_was_revoked_stays_so_after_a_restart_and_the_rest_goes_on() {
    let house = House::new();
    let out = house.signed_in("anna@example.org", Role::User).await;
    let stays = house.login("anna@example.org").await;
    assert!(house.is_signed_in(&out.token).await);
    house.accounts.logout(&house.cx(), &out.caller).await.expect("out");
    let house = house.restarted();
    assert!(!house.is_signed_in(&out.token).await);
    assert!(house.is_signed_in(&stays.token).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_while_signing_out_is_signed_out() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    assert!(house.is_signed_in(&signed_in.token).await, "in the cache");
    let cx = house.cx();
    let mut logout = Box::pin(house.accounts.logout(&cx, &signed_in.caller));
    // Polled once, so that the command is on its way, and dropped.
    std::future::poll_fn(|context| {
        drop(logout.as_mut().poll(context));
        std::task::Poll::Ready(())
    })
    .await;
    drop(logout);
    let signed_out = async {
        while house.is_signed_in(&signed_in.token).await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), signed_out).await;
    waited.expect("the cache forgot it although nobody waited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_that_begins_after_a_revocation_was_answered_gets_in() {
    let house = Arc::new(House::new());
    house.user("anna@example.org", Role::User).await;
    for _ in 0..50 {
        let signed_in = Arc::new(house.login("anna@example.org").await);
        let told = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (house, signed_in) = (Arc::clone(&house), Arc::clone(&signed_in));
                let told = Arc::clone(&told);
                tokio::spawn(async move {
                    loop {
                        let was_told = told.load(std::sync::atomic::Ordering::SeqCst);
                        let is_in = house.is_signed_in(&signed_in.token).await;
                        if was_told {
                            return is_in;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        house.accounts.logout(&house.cx(), &signed_in.caller).await.expect("out");
        told.store(true, std::sync::atomic::Ordering::SeqCst);
        for reader in readers {
            assert!(!reader.await.expect("joined"), "it came back to life");
        }
    }
}

#[tokio::test]
async fn lesson_23_a_change_of_the_user_is_seen_by_the_next_request() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    assert_eq!(house.caller(&signed_in.token).await.expect("in").user.name, "");
    let change = ProfileChange { name: Some(" Anna ".to_owned()), preferences: None };
    let changed = house.accounts.change_profile(&house.cx(), &signed_in.caller, change).await;
    assert_eq!(changed.expect("changed").name, "Anna");
    assert_eq!(house.caller(&signed_in.token).await.expect("in").user.name, "Anna");
}

#[tokio::test]
async fn sessions_of_one_user_share_the_user_in_memory() {
    let house = House::new();
    let one = house.signed_in("anna@example.org", Role::User).await;
    let two = house.login("anna@example.org").await;
    let one = house.caller(&one.token).await.expect("in");
    let again = house.caller(&two.token).await.expect("in");
    let two = house.caller(&two.token).await.expect("in");
    assert!(Arc::ptr_eq(&again, &two), "an unchanged caller is not put together again");
    assert_eq!(one.user, two.user);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_without_use_wherever_it_is_held() {
    let house = House::new();
    let cached = house.signed_in("anna@example.org", Role::User).await;
    let uncached = house.login("anna@example.org").await;
    assert!(house.is_signed_in(&cached.token).await);
    house.clock.advance_ms(7 * DAY_MS);
    assert_eq!(house.caller(&cached.token).await.map(drop), Err(Code::SessionEnded));
    assert_eq!(house.caller(&uncached.token).await.map(drop), Err(Code::SessionEnded));
}

#[tokio::test]
async fn a_used_session_lives_on_to_its_absolute_end_also_across_restarts() {
    let mut house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    for day in 1..30 {
        house.clock.advance_ms(DAY_MS);
        assert!(house.is_signed_in(&signed_in.token).await, "day {day}");
        assert_eq!(house.accounts.flush_touches(&house.cx()).await, Ok(1));
        if day % 10 == 0 {
            house = house.restarted();
        }
    }
    house.clock.advance_ms(DAY_MS);
    assert!(!house.is_signed_in(&signed_in.token).await, "thirty days in any case");
}

#[tokio::test]
async fn uses_close_together_are_written_once_and_one_that_ended_stays_ended() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    for _ in 0..100 {
        assert!(house.is_signed_in(&signed_in.token).await);
    }
    assert_eq!(house.accounts.flush_touches(&house.cx()).await, Ok(0));
    house.clock.advance_ms(5 * 60_000);
    for _ in 0..100 {
        assert!(house.is_signed_in(&signed_in.token).await);
    }
    house.accounts.logout(&house.cx(), &signed_in.caller).await.expect("out");
    assert_eq!(house.accounts.flush_touches(&house.cx()).await, Ok(1));
    let house = house.restarted();
    assert!(!house.is_signed_in(&signed_in.token).await);
}

#[tokio::test]
async fn an_unread_count_in_memory_is_that_of_the_store() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    assert_eq!(house.caller(&signed_in.token).await.expect("in").user.unread, 0);
    let publish = Publish {
        idempotency_key: Some("invoice-7".to_owned()),
        ..invoice(Recipient::Email("ANNA@example.org".to_owned()))
    };
    let cx = house.cx();
    house.accounts.publish(&cx, Publisher::System, publish.clone()).await.expect("published");
    house
        .accounts
        .publish(&cx, Publisher::System, publish.clone())
        .await
        .expect("published before");
    let message = Message { title: "Another".to_owned(), ..publish.message.clone() };
    let other = Publish { message, ..publish };
    let mismatch = house.accounts.publish(&cx, Publisher::System, other).await;
    assert_eq!(code(mismatch).map(drop), Err(Code::IdempotencyMismatch));
    let caller = house.caller(&signed_in.token).await.expect("in");
    assert_eq!(caller.user.unread, 1);
    let bert = house.signed_in("bert@example.org", Role::User).await;
    let ask = InboxAsk { shelf: Shelf::Unread, before: None, limit: 20 };
    let page = house.accounts.notifications(&cx, &caller, ask).await.expect("a page");
    let ids: Vec<_> = page.items.iter().map(|notification| notification.id).collect();
    let foreign = house.accounts.mark(&cx, &bert.caller, Step::Read, ids.clone()).await;
    assert_eq!(foreign.expect("passed over").marked, 0, "lesson 20: not his");
    let marked = house.accounts.mark(&cx, &caller, Step::Read, ids).await.expect("marked");
    assert_eq!((marked.marked, marked.counts.unread), (1, 0));
    assert_eq!(house.caller(&signed_in.token).await.expect("in").user.unread, 0);
}
