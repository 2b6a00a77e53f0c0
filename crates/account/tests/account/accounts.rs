//! Making, changing and deleting accounts, and what needs the password once more.

use std::sync::Arc;

use crate::house::{
    House, OTHER_PASSWORD, PAGE, PASSWORD, code, invoice, policy, registration, secret, unlimited,
};
use galen_account::{
    AdminUser, PasswordChange, Policy, Publisher, Rate, Recipient, RegistrationPolicy,
};
use galen_core::model::{ProfileChange, Role, UserChange, UserFilter, UserStatus};
use galen_core::post::LetterCode;
use galen_core::{Clock, Code, Refusal};

fn field_codes(refusal: &Refusal) -> Vec<(&str, Code)> {
    let fields = refusal.fields.iter();
    fields.map(|field| (field.pointer.as_str(), field.code)).collect()
}

fn role(role: Role) -> UserChange {
    UserChange { role: Some(role), ..UserChange::default() }
}

fn status(status: UserStatus) -> UserChange {
    UserChange { status: Some(status), ..UserChange::default() }
}

#[tokio::test]
async fn registration_is_open_unless_it_is_closed_and_the_address_is_to_be_proven() {
    let house = House::with(Policy { registration: RegistrationPolicy::Closed, ..policy() });
    let form = registration("anna@example.org", "Anna", PASSWORD);
    let refused = house.accounts.register(&house.cx(), form.clone()).await;
    assert_eq!(code(refused).map(drop), Err(Code::RegistrationClosed));
    assert_eq!(house.hashes_done(), 0);
    let house = house.restarted_with(|policy| policy.registration = RegistrationPolicy::Open);
    house.accounts.register(&house.cx(), form).await.expect("registered");
    let refused = house.try_login("anna@example.org", PASSWORD).await;
    assert_eq!(code(refused).map(drop), Err(Code::EmailNotVerified));
    let house = house.restarted_with(|policy| policy.links.unproven_may_sign_in = true);
    let user = house.login("anna@example.org").await.caller.user.clone();
    assert_eq!((user.role, user.name.as_str()), (Role::User, "Anna"));
    assert_eq!(user.email_verified_at, None);
}

#[tokio::test]
async fn every_wrong_field_of_a_registration_is_named() {
    let house = House::new();
    let form = registration("not an address", "a\nb", "short");
    let refusal = house.accounts.register(&house.cx(), form).await.expect_err("refused");
    assert_eq!(
        field_codes(&refusal),
        [
            ("/email", Code::FieldEmail),
            ("/name", Code::FieldFormat),
            ("/password", Code::PasswordTooShort)
        ]
    );
    for (password, expected) in [
        ("passwordpassword1", Code::PasswordCommon),
        ("annalarsson and the rest", Code::PasswordPersonal),
    ] {
        let form = registration("anna@example.org", "Anna Larsson", password);
        let refusal = house.accounts.register(&house.cx(), form).await.expect_err("refused");
        assert_eq!(field_codes(&refusal), [("/password", expected)]);
    }
    assert_eq!(house.hashes_done(), 0, "what is refused is not hashed");
}

#[tokio::test]
async fn lesson_11_addresses_that_a_case_fold_confuses_cannot_stand_side_by_side() {
    let house = House::new();
    house.user("mike@example.org", Role::User).await;
    for email in
        ["MIKE@example.org", "mıke@example.org", "mi\u{212A}e@example.org", "MİKE@EXAMPLE.ORG"]
    {
        let form = registration(email, "", PASSWORD);
        let elsewhere = house.cx_from("198.51.100.1");
        house.accounts.register(&elsewhere, form).await.expect("the same answer as ever");
        let mails = house.outbox().await;
        assert_eq!(mails[0].destination, "mike@example.org", "mail goes to the stored address");
        assert_eq!(mails[0].code, LetterCode::EmailInUse);
        let user = house.login(email).await.caller.user.clone();
        assert_eq!(user.email, "mike@example.org");
    }
}

#[tokio::test]
async fn accounts_made_from_one_address_are_limited_whatever_comes_of_them() {
    let house = House::new();
    for number in 0..20 {
        let form = registration(&format!("user{number}@example.org"), "", PASSWORD);
        house.accounts.register(&house.cx(), form).await.expect("registered");
    }
    let form = registration("one-more@example.org", "", PASSWORD);
    let refused = house.accounts.register(&house.cx(), form.clone()).await;
    assert_eq!(code(refused).map(drop), Err(Code::TooManyAttempts));
    let elsewhere = house.cx_from("198.51.100.1");
    house.accounts.register(&elsewhere, form).await.expect("from elsewhere");
}

#[tokio::test]
async fn lesson_07_risky_acts_want_the_password_or_a_fresh_authentication() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let id = anna.caller.user.id;
    house.clock.advance_ms(15 * 60_000);
    let cx = house.cx();
    let (admin, anna) = (
        house.caller(&admin.token).await.expect("in"),
        house.caller(&anna.token).await.expect("in"),
    );
    let accounts = &house.accounts;
    let stale = Err(Code::FreshAuthenticationNeeded);
    assert_eq!(code(accounts.delete_me(&cx, &anna).await), stale);
    assert_eq!(code(accounts.delete_user(&cx, &admin, id).await), stale);
    let promoted = accounts.change_user(&cx, &admin, id, role(Role::Admin)).await;
    assert_eq!(code(promoted).map(drop), stale);
    let disabled = accounts.change_user(&cx, &admin, id, status(UserStatus::Disabled)).await;
    assert_eq!(code(disabled).map(drop), stale);
    let renamed = UserChange { name: Some("Anna".to_owned()), ..UserChange::default() };
    accounts.change_user(&cx, &admin, id, renamed).await.expect("a name is no risk");
    for current in ["wrong", OTHER_PASSWORD] {
        let change = PasswordChange {
            current: secret(current),
            new: secret(OTHER_PASSWORD),
            user_agent: None,
        };
        let refused = accounts.change_password(&cx, &anna, change).await;
        assert_eq!(code(refused).map(drop), Err(Code::WrongPassword));
    }
}

#[tokio::test]
async fn a_new_password_is_judged_like_a_first_one() {
    let house = House::new();
    let anna = house.signed_in("anna.larsson@example.org", Role::User).await;
    for (new, expected) in [
        ("short", Code::PasswordTooShort),
        ("passwordpassword1", Code::PasswordCommon),
        ("larsson is my second name", Code::PasswordPersonal),
    ] {
        let change =
            PasswordChange { current: secret(PASSWORD), new: secret(new), user_agent: None };
        let refused = house.accounts.change_password(&house.cx(), &anna.caller, change).await;
        assert_eq!(field_codes(&refused.expect_err("refused")), [("/new", expected)]);
    }
    assert!(house.is_signed_in(&anna.token).await);
}

#[tokio::test]
async fn the_last_admin_stays_and_nobody_locks_himself_out_by_a_slip() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let (cx, caller, accounts) = (house.cx(), &admin.caller, &house.accounts);
    let own = caller.user.id;
    assert_eq!(code(accounts.delete_me(&cx, caller).await), Err(Code::LastAdmin));
    let demoted = accounts.change_user(&cx, caller, own, role(Role::User)).await;
    assert_eq!(code(demoted).map(drop), Err(Code::OwnAccount));
    let disabled = accounts.change_user(&cx, caller, own, status(UserStatus::Disabled)).await;
    assert_eq!(code(disabled).map(drop), Err(Code::OwnAccount));
    assert_eq!(code(accounts.delete_user(&cx, caller, own).await), Err(Code::OwnAccount));
    let second = house.user("second@example.org", Role::Admin).await;
    accounts
        .change_user(&cx, caller, second.id, role(Role::User))
        .await
        .expect("one of two may go");
    assert!(house.is_signed_in(&admin.token).await);
}

#[tokio::test]
async fn only_admins_see_users_sessions_and_the_trail() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("Anna@example.org", Role::User).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    let refused = Err(Code::NotAdmin);
    let any = UserFilter::default();
    let id = admin.caller.user.id;
    assert_eq!(code(accounts.users(&cx, &anna.caller, any, PAGE).await).map(drop), refused);
    assert_eq!(code(accounts.user(&cx, &anna.caller, id).await).map(drop), refused);
    let sessions = accounts.sessions(&cx, &anna.caller, Default::default(), PAGE).await;
    assert_eq!(code(sessions).map(drop), refused);
    let trail = accounts.audit(&cx, &anna.caller, Default::default(), PAGE).await;
    assert_eq!(code(trail).map(drop), refused);
    let renamed = UserChange::default();
    let changed = accounts.change_user(&cx, &anna.caller, id, renamed).await;
    assert_eq!(code(changed).map(drop), refused);
    assert_eq!(code(accounts.delete_user(&cx, &anna.caller, id).await), refused);

    let filter = UserFilter { email_prefix: Some(" ANNA@".to_owned()), ..UserFilter::default() };
    let found = accounts.users(&cx, &admin.caller, filter, PAGE).await.expect("users");
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].email, "Anna@example.org");
    let sessions = accounts.sessions(&cx, &admin.caller, Default::default(), PAGE).await;
    assert_eq!(sessions.expect("sessions").items.len(), 2);
    let trail = accounts.audit(&cx, &admin.caller, Default::default(), PAGE).await;
    assert_eq!(trail.expect("the trail").items.len(), 4);
}

#[tokio::test]
async fn only_admins_make_users_and_publish_and_an_admin_only_with_a_fresh_authentication() {
    let house = House::new();
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    let form = |role| AdminUser {
        email: "new@example.org".to_owned(),
        name: String::new(),
        password: secret(PASSWORD),
        role,
    };
    let before = house.hashes_done();
    let made = accounts.create_user(&cx, Some(&anna.caller), form(Role::User)).await;
    assert_eq!(code(made).map(drop), Err(Code::NotAdmin));
    let publish = invoice(Recipient::Id(anna.caller.user.id));
    let published = accounts.publish(&cx, Publisher::Admin(&anna.caller), publish.clone()).await;
    assert_eq!(code(published).map(drop), Err(Code::NotAdmin));
    accounts.publish(&cx, Publisher::Admin(&admin.caller), publish).await.expect("published");
    house.clock.advance_ms(15 * 60_000);
    let cx = house.cx();
    let made = accounts.create_user(&cx, Some(&admin.caller), form(Role::Admin)).await;
    assert_eq!(code(made).map(drop), Err(Code::FreshAuthenticationNeeded));
    assert_eq!(house.hashes_done(), before, "refused before any work");
    accounts.create_user(&cx, Some(&admin.caller), form(Role::User)).await.expect("made");
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_nobody_fresh() {
    let house = House::new();
    let anna = house.signed_in("anna@example.org", Role::User).await.caller;
    let now = house.clock.now();
    assert!(anna.is_fresh(now));
    assert!(!anna.is_fresh(now.plus_ms(-3_600_000)));
}

#[tokio::test]
async fn a_changed_password_answers_with_the_user_as_it_is_after_the_change() {
    let house = House::new();
    let anna = house.signed_in("anna@example.org", Role::User).await;
    let profile = ProfileChange { name: Some("Anna".to_owned()), preferences: None };
    let cx = house.cx();
    house.accounts.change_profile(&cx, &anna.caller, profile).await.expect("renamed");
    house.clock.advance_ms(60_000);
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let changed = house.accounts.change_password(&cx, &anna.caller, change).await;
    let answered = changed.expect("changed").caller;
    assert_eq!(answered.user.updated_at, answered.session.created_at);
    assert_eq!(answered.user.name, "Anna");
}

#[tokio::test]
async fn a_setup_link_that_opens_nothing_has_no_password_hashed_or_judged() {
    let mut policy = policy();
    policy.limits.strangers = Rate { attempts: 1, per_ms: 3_600_000 };
    let house = House::with(policy);
    let offered = house.accounts.offer_setup(&house.cx()).await.expect("ok").expect("offered");
    for password in [PASSWORD, "passwordpassword1"] {
        let form = registration("root@example.org", "", password);
        let planted = house.planted_token();
        let refused = house.accounts.complete_setup(&house.cx(), planted.reveal(), form).await;
        assert_eq!(code(refused).map(drop), Err(Code::SetupNotPossible));
    }
    assert_eq!(house.hashes_done(), 0);
    let admin = house.user("admin@example.org", Role::Admin).await;
    let form = registration("root@example.org", "", PASSWORD);
    let late = house.accounts.complete_setup(&house.cx(), offered.reveal(), form).await;
    assert_eq!(code(late).map(drop), Err(Code::SetupNotPossible), "there is an admin");
    assert_eq!(house.hashes_done(), 1, "the admin's own");
    house.login(&admin.email).await;
}

#[tokio::test]
async fn lesson_17_of_a_hundred_attempts_on_one_setup_link_one_wins() {
    let house = Arc::new(House::with(Policy {
        limits: unlimited(),
        hash: galen_account::HashPolicy { queue: 128, ..policy().hash },
        ..policy()
    }));
    let token = house.accounts.offer_setup(&house.cx()).await.expect("offered");
    let token = Arc::new(token.expect("no admin yet"));
    let attempts: Vec<_> = (0..100)
        .map(|number| {
            let (house, token) = (Arc::clone(&house), Arc::clone(&token));
            tokio::spawn(async move {
                let form = registration(&format!("admin{number}@example.org"), "", PASSWORD);
                let done = house.accounts.complete_setup(&house.cx(), token.reveal(), form).await;
                code(done).map(|user| user.role)
            })
        })
        .collect();
    let mut won = 0;
    for attempt in attempts {
        match attempt.await.expect("joined") {
            Ok(role) => {
                assert_eq!(role, Role::Admin);
                won += 1;
            }
            Err(refused) => assert_eq!(refused, Code::SetupNotPossible),
        }
    }
    assert_eq!(won, 1);
    let again = house.accounts.offer_setup(&house.cx()).await.expect("asked");
    assert!(again.is_none(), "there is an admin");
}

#[tokio::test]
async fn a_setup_link_works_for_a_day_and_only_the_latest_does() {
    let house = House::new();
    let first = house.accounts.offer_setup(&house.cx()).await.expect("ok").expect("offered");
    let second = house.accounts.offer_setup(&house.cx()).await.expect("ok").expect("offered");
    let form = || registration("admin@example.org", "", PASSWORD);
    for token in [first.reveal().as_str(), "", "x", house.planted_token().reveal()] {
        let refused = house.accounts.complete_setup(&house.cx(), token, form()).await;
        assert_eq!(code(refused).map(drop), Err(Code::SetupNotPossible));
    }
    house.clock.advance_ms(24 * 3_600_000 + 1);
    let late = house.accounts.complete_setup(&house.cx(), second.reveal(), form()).await;
    assert_eq!(code(late).map(drop), Err(Code::SetupNotPossible));
    let third = house.accounts.offer_setup(&house.cx()).await.expect("ok").expect("offered");
    let house = house.restarted();
    let done = house.accounts.complete_setup(&house.cx(), third.reveal(), form()).await;
    assert_eq!(done.expect("set up").role, Role::Admin);
}
