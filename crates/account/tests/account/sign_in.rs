//! Signing in: who gets in, who does not, and what either costs.

use std::sync::Arc;
use std::task::Poll;

use crate::house::{
    House, OTHER_PASSWORD, PASSWORD, code, login, policy, registration, secret, unlimited,
};
use galen_account::{HashPolicy, PasswordChange, Policy, Rate};
use galen_core::model::{Role, UserChange, UserStatus};
use galen_core::{Code, Store};

#[tokio::test]
async fn a_user_signs_in_and_is_known_by_the_token() {
    let house = House::new();
    let user = house.user("anna@example.org", Role::User).await;
    let cx = house.cx();
    let form = login("  Anna@EXAMPLE.org ", PASSWORD, None);
    let signed_in = house.accounts.login(&cx, form).await.expect("signed in");
    assert_eq!(signed_in.caller.user.id, user.id);
    assert_eq!(signed_in.caller.session.address.as_deref(), Some("192.0.2.1"));
    let caller = house.caller(&signed_in.token).await.expect("known");
    assert_eq!(caller.user.last_login_at, Some(caller.session.created_at));
    assert!(!caller.is_admin());
    assert_eq!(house.trail("login.succeeded").await.len(), 1);
}

#[tokio::test]
async fn the_token_is_kept_nowhere() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    house.store.close();
    for entry in std::fs::read_dir(house.dir.path()).expect("a directory") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("its bytes");
        for secret in [signed_in.token.reveal().as_str(), PASSWORD] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is on the disk");
        }
    }
}

#[tokio::test]
async fn lesson_12_unknown_wrong_and_disabled_get_one_answer_for_one_hash() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    house.user("anna@example.org", Role::User).await;
    let gone = house.user("gone@example.org", Role::User).await;
    let disabled = UserChange { status: Some(UserStatus::Disabled), ..UserChange::default() };
    let changed = house.accounts.change_user(&house.cx(), &admin.caller, gone.id, disabled).await;
    changed.expect("disabled");
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@example.org", PASSWORD),
        ("anna@example.org", OTHER_PASSWORD),
        ("gone@example.org", PASSWORD),
        ("gone@example.org", OTHER_PASSWORD),
    ] {
        let before = house.hashes_done();
        let notes = house.trail("login.failed").await.len();
        let refusal = house.try_login(email, password).await.expect_err("refused");
        assert_eq!(house.hashes_done() - before, 1, "{email}");
        assert_eq!(house.trail("login.failed").await.len() - notes, 1, "{email}");
        answers.push(refusal);
    }
    assert_eq!(answers[0].code, Code::WrongCredentials);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn lesson_01_two_hundred_wrong_passwords_at_once_cost_no_more_hashes_than_the_limit() {
    let house = Arc::new(House::new());
    house.user("anna@example.org", Role::User).await;
    let before = house.hashes_done();
    let attempts: Vec<_> = (0..200)
        .map(|number| {
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                let cx = house.cx_from(&format!("198.51.100.{number}"));
                let form = login("anna@example.org", OTHER_PASSWORD, None);
                code(house.accounts.login(&cx, form).await).map(drop)
            })
        })
        .collect();
    let mut wrong = 0;
    for attempt in attempts {
        match attempt.await.expect("joined") {
            Err(Code::WrongCredentials) => wrong += 1,
            other => assert_eq!(other, Err(Code::TooManyAttempts)),
        }
    }
    assert_eq!(wrong, 10);
    assert_eq!(house.hashes_done() - before, 10);
    assert_eq!(house.trail("login.failed").await.len(), 10, "so is the trail");
}

#[tokio::test]
async fn lesson_02_the_same_holds_for_giving_the_password_again() {
    let house = Arc::new(House::new());
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    let before = house.hashes_done();
    let attempts: Vec<_> = (0..100)
        .map(|_| {
            let (house, caller) = (Arc::clone(&house), Arc::clone(&signed_in.caller));
            tokio::spawn(async move {
                let cx = house.cx();
                let password = secret(OTHER_PASSWORD);
                let outcome = house.accounts.reauthenticate(&cx, &caller, password).await;
                code(outcome).map(drop)
            })
        })
        .collect();
    for attempt in attempts {
        let outcome = attempt.await.expect("joined");
        assert!(matches!(outcome, Err(Code::WrongPassword | Code::TooManyAttempts)));
    }
    assert_eq!(house.hashes_done() - before, 10);
}

#[tokio::test]
async fn lesson_04_an_account_that_is_limited_is_limited_on_every_way_in() {
    let house = House::new();
    let signed_in = house.signed_in("anna@example.org", Role::User).await;
    for _ in 0..10 {
        let wrong = house.try_login("anna@example.org", OTHER_PASSWORD).await;
        assert_eq!(code(wrong).map(drop), Err(Code::WrongCredentials));
    }
    let before = house.hashes_done();
    let (cx, caller) = (house.cx(), &signed_in.caller);
    let right = house.try_login("anna@example.org", PASSWORD).await;
    assert_eq!(code(right).map(drop), Err(Code::TooManyAttempts));
    let again = house.accounts.reauthenticate(&cx, caller, secret(PASSWORD)).await;
    assert_eq!(code(again).map(drop), Err(Code::TooManyAttempts));
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let changed = house.accounts.change_password(&cx, caller, change).await;
    assert_eq!(code(changed).map(drop), Err(Code::TooManyAttempts));
    assert_eq!(house.hashes_done(), before, "refused before any work");
    assert!(house.is_signed_in(&signed_in.token).await, "the session goes on");
    house.clock.advance_ms(30_000);
    house.login("anna@example.org").await;
}

#[tokio::test]
async fn an_owner_signs_in_from_home_while_strangers_guess() {
    let house = House::new();
    house.signed_in("anna@example.org", Role::User).await;
    for number in 0..50 {
        let cx = house.cx_from(&format!("198.51.100.{number}"));
        let form = login("anna@example.org", OTHER_PASSWORD, None);
        assert!(house.accounts.login(&cx, form).await.is_err());
    }
    house.login("anna@example.org").await;
}

/// Strangers try wrong passwords for Anna until her account refuses them.
async fn strangers_guess(house: &House) {
    for number in 0..50 {
        let cx = house.cx_from(&format!("198.51.100.{number}"));
        let form = login("anna@example.org", OTHER_PASSWORD, None);
        assert!(house.accounts.login(&cx, form).await.is_err());
    }
}

#[tokio::test]
async fn an_owner_with_a_session_signs_in_from_home_after_a_restart_while_strangers_guess() {
    let house = House::new();
    house.signed_in("anna@example.org", Role::User).await;
    let house = house.restarted();
    strangers_guess(&house).await;
    house.login("anna@example.org").await;
    let elsewhere = house.cx_from("203.0.113.9");
    let form = login("anna@example.org", PASSWORD, None);
    let refused = house.accounts.login(&elsewhere, form).await;
    assert_eq!(code(refused).map(drop), Err(Code::TooManyAttempts), "no session was opened there");
    let form = login("nobody@example.org", PASSWORD, None);
    for number in 0..50 {
        let cx = house.cx_from(&format!("198.51.100.{number}"));
        let refused = house.accounts.login(&cx, form.clone()).await;
        let expected = if number < 10 { Code::WrongCredentials } else { Code::TooManyAttempts };
        assert_eq!(code(refused).map(drop), Err(expected), "the same without an account");
    }
}

#[tokio::test]
async fn a_place_known_by_a_session_is_limited_too_and_ends_with_the_session() {
    let house = House::new();
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let house = house.restarted();
    strangers_guess(&house).await;
    let before = house.hashes_done();
    for _ in 0..20 {
        assert!(house.try_login("anna@example.org", OTHER_PASSWORD).await.is_err());
    }
    assert_eq!(house.hashes_done() - before, 10);
    let house = house.restarted();
    house.accounts.logout(&house.cx(), &anna.caller).await.expect("out");
    strangers_guess(&house).await;
    let refused = house.try_login("anna@example.org", PASSWORD).await;
    assert_eq!(code(refused).map(drop), Err(Code::TooManyAttempts));
}

#[tokio::test]
async fn an_owner_in_a_session_gives_the_password_again_while_strangers_guess() {
    let house = House::new();
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let house = house.restarted();
    strangers_guess(&house).await;
    let on_the_way = house.cx_from("203.0.113.9");
    let again = house.accounts.reauthenticate(&on_the_way, &anna.caller, secret(PASSWORD)).await;
    let again = again.expect("fresh");
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let changed = house.accounts.change_password(&house.cx(), &again.caller, change).await;
    changed.expect("changed");
}

#[tokio::test]
async fn a_flood_of_registrations_is_bounded_for_all_addresses_together() {
    let mut policy = policy();
    policy.limits.strangers = Rate { attempts: 5, per_ms: 60_000 };
    let house = House::with(policy);
    for number in 0..20 {
        let cx = house.cx_from(&format!("198.51.100.{number}"));
        let form = registration(&format!("user{number}@example.org"), "", PASSWORD);
        let outcome = house.accounts.register(&cx, form).await;
        let expected = if number < 5 { Ok(()) } else { Err(Code::TooManyAttempts) };
        assert_eq!(code(outcome).map(drop), expected);
    }
    assert_eq!(house.hashes_done(), 5);
}

#[tokio::test]
async fn signing_in_often_meets_no_limit() {
    let house = House::new();
    house.user("anna@example.org", Role::User).await;
    for _ in 0..100 {
        house.login("anna@example.org").await;
    }
}

#[tokio::test]
async fn what_cannot_be_an_address_or_a_password_costs_nothing() {
    let house = House::new();
    for (email, password, pointer) in [
        ("nobody", PASSWORD, "/email"),
        ("", PASSWORD, "/email"),
        ("a@b", "", "/password"),
        ("a@b", &"x".repeat(4_097), "/password"),
    ] {
        let refusal = house.try_login(email, password).await.expect_err("refused");
        assert_eq!(refusal.code, Code::InvalidFields);
        assert_eq!(refusal.fields[0].pointer, pointer);
    }
    assert_eq!(house.hashes_done(), 0);
    assert_eq!(house.accounts.limit_counts().allowed, 0);
}

#[tokio::test]
async fn the_trail_says_where_a_failure_came_from_and_never_what_was_typed() {
    let house = House::new();
    let user = house.user("anna@example.org", Role::User).await;
    for email in ["anna@example.org", "hunter2-typed-as-address@example.org"] {
        assert!(house.try_login(email, OTHER_PASSWORD).await.is_err());
    }
    let trail = house.trail("login.failed").await;
    let target = format!("user:{}", user.id);
    assert!(trail.iter().any(|row| row.target.as_ref() == Some(&target)));
    assert!(trail.iter().any(|row| row.target.is_none()));
    for row in trail {
        assert_eq!(row.address.as_deref(), Some("192.0.2.1"));
        assert!(row.params.contains("\"flow\":\"login\""));
        assert!(!row.params.contains(OTHER_PASSWORD) && !row.params.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_hash_of_old_parameters_is_renewed_by_the_next_sign_in_and_only_then() {
    let house = House::new();
    let user = house.user("anna@example.org", Role::User).await;
    let house = house.restarted_with(|policy| policy.hash.memory_kib = 128);
    assert!(house.try_login("anna@example.org", OTHER_PASSWORD).await.is_err());
    let kept = |house: &House| {
        let (store, cx) = (house.store.clone(), house.cx());
        async move {
            let credentials = store.credentials_by_id(&cx, user.id).await.expect("read");
            credentials.expect("a user").password_hash.reveal().clone()
        }
    };
    assert!(kept(&house).await.contains("m=64,"));
    house.login("anna@example.org").await;
    assert!(kept(&house).await.contains("m=128,"));
    let before = house.hashes_done();
    house.login("anna@example.org").await;
    assert_eq!(house.hashes_done() - before, 1);
}

#[tokio::test]
async fn a_password_that_changes_while_it_is_checked_opens_nothing() {
    // Hashes of the real cost, so that one is under way for longer than a poll takes.
    let house = House::with(Policy { hash: HashPolicy::default(), ..policy() });
    let before = house.signed_in("anna@example.org", Role::User).await;
    let hashes = house.hashes_done();
    let cx = house.cx();
    let mut login = Box::pin(house.accounts.login(&cx, login("anna@example.org", PASSWORD, None)));
    // Polled until its password is being checked, and then left alone.
    loop {
        let polled =
            std::future::poll_fn(|context| Poll::Ready(login.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        let pressure = house.accounts.pressure();
        if pressure.running + pressure.waiting > 0 || pressure.hashes_done > hashes {
            break;
        }
        tokio::task::yield_now().await;
    }
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let changed = house.accounts.change_password(&house.cx(), &before.caller, change).await;
    changed.expect("changed");
    assert_eq!(code(login.await).map(drop), Err(Code::WrongCredentials));
    let again = house.try_login("anna@example.org", PASSWORD).await;
    assert_eq!(code(again).map(drop), Err(Code::WrongCredentials));
}

#[tokio::test]
async fn without_limits_a_benchmark_from_one_address_runs_on() {
    let house = House::with(Policy { limits: unlimited(), ..policy() });
    house.user("anna@example.org", Role::User).await;
    for _ in 0..50 {
        let wrong = house.try_login("anna@example.org", OTHER_PASSWORD).await;
        assert_eq!(code(wrong).map(drop), Err(Code::WrongCredentials));
    }
}
