//! Mail makes accounts whole: proving an address, forgotten passwords, other addresses, invitations.

use galen_account::{
    Acceptance, LinkPolicy, NewPassword, PasswordChange, Policy, RegistrationPolicy, Verification,
};
use galen_core::model::{Author, InboxAsk, Role, Shelf, User};
use galen_core::outbox::Outbox;
use galen_core::post::{Channel, LetterCode};
use galen_core::{Code, LinkId};

use crate::house::{
    House, OTHER_PASSWORD, PASSWORD, code, login, policy, registration, secret, unlimited,
};

const ANNA: &str = "anna@example.org";

fn free() -> Policy {
    Policy { limits: unlimited(), ..policy() }
}

fn with_password(token: &str, password: &str) -> Verification {
    Verification { token: token.to_owned(), password: Some(secret(password)), new_password: None }
}

fn with_new_password(token: &str, password: &str) -> Verification {
    Verification { token: token.to_owned(), password: None, new_password: Some(secret(password)) }
}

impl House {
    async fn registered(&self, email: &str) {
        let form = registration(email, "Anna", PASSWORD);
        self.accounts.register(&self.cx(), form).await.expect("registered");
    }

    async fn verify(&self, form: Verification) -> Result<User, Code> {
        code(self.accounts.verify_email(&self.cx(), None, form).await)
    }

    async fn reset(&self, token: &str, password: &str) -> Result<User, Code> {
        let form = NewPassword { token: token.to_owned(), password: secret(password) };
        code(self.accounts.reset_password(&self.cx(), form).await)
    }

    /// A user whose address is proven.
    pub async fn proven(&self, email: &str) {
        self.registered(email).await;
        let token = self.mailed(LetterCode::VerifyEmail).await;
        self.verify(with_password(&token, PASSWORD)).await.expect("verified");
    }

    async fn count(&self, letter: LetterCode) -> usize {
        self.outbox().await.iter().filter(|parcel| parcel.code == letter).count()
    }
}

#[tokio::test]
async fn the_registrant_proves_the_address_with_the_link_and_the_password() {
    let house = House::with(free());
    house.registered(ANNA).await;
    let token = house.mailed(LetterCode::VerifyEmail).await;
    assert_eq!(house.verify(with_password(&token, OTHER_PASSWORD)).await, Err(Code::WrongPassword));
    let user = house.verify(with_password(&token, PASSWORD)).await.expect("verified");
    assert!(user.email_verified_at.is_some());
    assert_eq!(house.verify(with_password(&token, PASSWORD)).await, Err(Code::LinkUsed));
    house.login(ANNA).await;
}

#[tokio::test]
async fn lesson_19_who_proves_an_address_without_the_password_throws_the_squatter_out() {
    let house = House::with(Policy {
        links: LinkPolicy { unproven_may_sign_in: true, ..free().links },
        ..free()
    });
    house.registered(ANNA).await;
    let squatter = house.login(ANNA).await;
    let token = house.mailed(LetterCode::VerifyEmail).await;
    house.verify(with_new_password(&token, OTHER_PASSWORD)).await.expect("verified");
    assert!(!house.is_signed_in(&squatter.token).await, "the squatter's session died");
    assert!(house.try_login(ANNA, PASSWORD).await.is_err(), "so did the squatter's password");
    assert!(house.try_login(ANNA, OTHER_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_session_of_the_account_proves_the_address_without_a_password() {
    let house = House::with(Policy {
        links: LinkPolicy { unproven_may_sign_in: true, ..free().links },
        ..free()
    });
    house.registered(ANNA).await;
    let anna = house.login(ANNA).await;
    house.registered("other@example.org").await;
    let other = house.login("other@example.org").await;
    let token = house.mailed(LetterCode::VerifyEmail).await;
    let form = || Verification { token: token.clone(), password: None, new_password: None };
    // The newest link is the other's: Anna's session proves nothing of it.
    let (cx, accounts) = (house.cx(), &house.accounts);
    let anna = accounts.verify_email(&cx, Some(&anna.caller), form()).await;
    assert_eq!(code(anna).map(drop), Err(Code::InvalidFields));
    let done = accounts.verify_email(&cx, Some(&other.caller), form()).await.expect("verified");
    assert_eq!(done.email, "other@example.org");
    assert!(house.is_signed_in(&other.token).await);
}

#[tokio::test]
async fn whoever_registers_an_address_that_has_an_account_changes_nothing_and_is_told_nothing() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let form = registration(ANNA, "Mallory", OTHER_PASSWORD);
    house.accounts.register(&house.cx(), form).await.expect("the same answer");
    assert_eq!(house.count(LetterCode::EmailInUse).await, 1);
    house.login(ANNA).await;
    assert!(house.try_login(ANNA, OTHER_PASSWORD).await.is_err());
}

#[tokio::test]
async fn lesson_10_and_11_a_reset_goes_to_the_kept_address_and_to_nobody_else() {
    let house = House::with(free());
    house.proven("mike@example.org").await;
    for typed in ["MIKE@example.org", "mi\u{212A}e@example.org", "MİKE@EXAMPLE.ORG"] {
        house.accounts.forgot_password(&house.cx(), typed).await.expect("the same answer");
    }
    house.accounts.forgot_password(&house.cx(), "nobody@example.org").await.expect("no answer");
    let outbox = house.outbox().await;
    let resets: Vec<&str> = outbox
        .iter()
        .filter(|parcel| parcel.code == LetterCode::ResetPassword)
        .map(|parcel| parcel.destination.as_str())
        .collect();
    assert_eq!(resets, ["mike@example.org"; 3]);
}

#[tokio::test]
async fn lesson_15_a_reset_ends_every_session_and_voids_the_other_links() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let before = house.login(ANNA).await;
    house.accounts.forgot_password(&house.cx(), ANNA).await.expect("asked");
    let older = house.mailed(LetterCode::ResetPassword).await;
    house.accounts.forgot_password(&house.cx(), ANNA).await.expect("asked");
    let newer = house.mailed(LetterCode::ResetPassword).await;
    assert_ne!(older, newer);
    assert_eq!(house.reset(&newer, "short").await.map(drop), Err(Code::InvalidFields));
    house.reset(&newer, OTHER_PASSWORD).await.expect("a weak password used nothing up");
    assert!(!house.is_signed_in(&before.token).await);
    assert_eq!(house.reset(&newer, PASSWORD).await, Err(Code::LinkUsed));
    assert_eq!(house.reset(&older, PASSWORD).await, Err(Code::LinkUnknown));
    assert!(house.try_login(ANNA, OTHER_PASSWORD).await.is_ok());
    assert_eq!(house.count(LetterCode::PasswordChanged).await, 1, "the user is told");
}

#[tokio::test]
async fn a_link_opens_for_its_time_only_and_says_so() {
    let house = House::with(free());
    house.proven(ANNA).await;
    house.accounts.forgot_password(&house.cx(), ANNA).await.expect("asked");
    let token = house.mailed(LetterCode::ResetPassword).await;
    house.clock.advance_ms(60 * 60_000);
    assert_eq!(house.reset(&token, OTHER_PASSWORD).await, Err(Code::LinkExpired));
    let planted = house.planted_token();
    assert_eq!(house.reset(planted.reveal(), OTHER_PASSWORD).await, Err(Code::LinkUnknown));
    assert_eq!(house.reset("", OTHER_PASSWORD).await, Err(Code::LinkUnknown));
}

#[tokio::test]
async fn a_link_opens_nothing_it_was_not_made_for() {
    let house = House::with(free());
    house.registered(ANNA).await;
    let verify = house.mailed(LetterCode::VerifyEmail).await;
    assert_eq!(house.reset(&verify, OTHER_PASSWORD).await, Err(Code::LinkUnknown));
    assert_eq!(code(house.accounts.disown(&house.cx(), &verify).await), Err(Code::LinkUnknown));
    let confirmed = house.accounts.confirm_email(&house.cx(), &verify).await;
    assert_eq!(code(confirmed).map(drop), Err(Code::LinkUnknown));
    house.verify(with_password(&verify, PASSWORD)).await.expect("it was not used up");
}

#[tokio::test]
async fn lesson_17_of_a_hundred_who_use_a_link_at_once_one_wins() {
    let house = House::with(free());
    house.proven(ANNA).await;
    house.accounts.forgot_password(&house.cx(), ANNA).await.expect("asked");
    let token = house.mailed(LetterCode::ResetPassword).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (accounts, cx, token) = (house.accounts.clone(), house.cx(), token.clone());
        racers.spawn(async move {
            let form = NewPassword { token, password: secret(OTHER_PASSWORD) };
            accounts.reset_password(&cx, form).await.map_err(|refusal| refusal.code)
        });
    }
    let outcomes = racers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = [Code::LinkUsed, Code::Overloaded];
    let lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(lost.into_iter().all(|code| refused.contains(code)));
}

#[tokio::test]
async fn lesson_18_a_link_does_not_outlive_the_address_it_was_sent_to() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let anna = house.login(ANNA).await;
    house.accounts.forgot_password(&house.cx(), ANNA).await.expect("asked");
    let reset = house.mailed(LetterCode::ResetPassword).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.ask_email_change(&cx, &anna.caller, "new@example.org").await.expect("asked");
    let confirm = house.mailed(LetterCode::ConfirmEmail).await;
    accounts.confirm_email(&cx, &confirm).await.expect("confirmed");
    assert_eq!(house.reset(&reset, OTHER_PASSWORD).await, Err(Code::LinkUnknown));
}

#[tokio::test]
async fn another_address_is_pending_until_it_is_confirmed_and_can_be_taken_back() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let anna = house.login(ANNA).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.ask_email_change(&cx, &anna.caller, "First@example.org").await.expect("asked");
    let first = house.mailed(LetterCode::ConfirmEmail).await;
    accounts.ask_email_change(&cx, &anna.caller, "Second@example.org").await.expect("asked");
    let pending = accounts.pending_email(&cx, &anna.caller).await.expect("read");
    assert_eq!(pending.map(|link| link.email).as_deref(), Some("Second@example.org"));
    let superseded = accounts.confirm_email(&cx, &first).await;
    assert_eq!(code(superseded).map(drop), Err(Code::LinkUnknown));
    let second = house.mailed(LetterCode::ConfirmEmail).await;
    accounts.cancel_email_change(&cx, &anna.caller).await.expect("cancelled");
    assert_eq!(accounts.pending_email(&cx, &anna.caller).await, Ok(None));
    let cancelled = accounts.confirm_email(&cx, &second).await;
    assert_eq!(code(cancelled).map(drop), Err(Code::LinkUnknown));
    assert_eq!(house.count(LetterCode::EmailChangeAsked).await, 2, "the old address is told");
}

#[tokio::test]
async fn an_address_that_has_an_account_looks_pending_all_the_same_and_its_owner_is_told() {
    let house = House::with(free());
    house.proven("owner@example.org").await;
    house.proven(ANNA).await;
    let anna = house.login(ANNA).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.ask_email_change(&cx, &anna.caller, "Owner@example.org").await.expect("the same");
    let pending = accounts.pending_email(&cx, &anna.caller).await.expect("read");
    assert_eq!(pending.map(|link| link.email).as_deref(), Some("Owner@example.org"));
    assert_eq!(house.count(LetterCode::ConfirmEmail).await, 0);
    let outbox = house.outbox().await;
    let told = outbox.iter().find(|parcel| parcel.code == LetterCode::EmailInUse).expect("told");
    assert_eq!(told.destination, "owner@example.org");
}

#[tokio::test]
async fn this_was_not_me_gives_a_stolen_account_back_to_its_old_address() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let thief = house.login(ANNA).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.ask_email_change(&cx, &thief.caller, "thief@example.org").await.expect("asked");
    let confirm = house.mailed(LetterCode::ConfirmEmail).await;
    accounts.confirm_email(&cx, &confirm).await.expect("the thief owns that mailbox");
    let way_back = house.mailed(LetterCode::EmailChanged).await;
    accounts.disown(&cx, &way_back).await.expect("disowned");
    assert!(!house.is_signed_in(&thief.token).await);
    for email in [ANNA, "thief@example.org"] {
        let refused = house.try_login(email, PASSWORD).await;
        assert_eq!(code(refused).map(drop), Err(Code::WrongCredentials), "{email}");
    }
    let outbox = house.outbox().await;
    assert_eq!((outbox[0].code, outbox[0].destination.as_str()), (LetterCode::ResetPassword, ANNA));
    let reset = house.mailed(LetterCode::ResetPassword).await;
    house.reset(&reset, OTHER_PASSWORD).await.expect("reset");
    assert!(house.try_login(ANNA, OTHER_PASSWORD).await.is_ok());
    assert_eq!(code(accounts.disown(&cx, &way_back).await), Err(Code::LinkUsed));
}

#[tokio::test]
async fn an_address_nobody_proved_gets_no_way_to_take_the_account() {
    let house = House::with(free());
    // Made by an admin, with a slip of the pen in the address.
    house.user("amma@example.org", Role::User).await;
    let anna = house.login("amma@example.org").await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.ask_email_change(&cx, &anna.caller, ANNA).await.expect("asked");
    let outbox = house.outbox().await;
    let told = outbox.iter().find(|parcel| parcel.code == LetterCode::EmailChangeAsked);
    assert!(told.expect("told").links.is_empty());
}

#[tokio::test]
async fn a_new_device_is_told_of_and_a_known_one_is_not() {
    let house = House::with(free());
    house.proven(ANNA).await;
    house.login(ANNA).await;
    let _of_proving = house.heard.published();
    house.login(ANNA).await;
    // Another address of the same provider, and an update of the browser, are no new device.
    let near = house.cx_from("192.0.77.9");
    let mut form = login(ANNA, PASSWORD, None);
    form.user_agent = Some("Mozilla/6.1 (test)".to_owned());
    house.accounts.login(&near, form.clone()).await.expect("signed in");
    assert_eq!(house.count(LetterCode::NewDevice).await, 0);
    assert_eq!(house.heard.published(), 0, "nobody was told anything");
    let far = house.cx_from("203.0.113.5");
    let caller = house.accounts.login(&far, form).await.expect("signed in").caller;
    assert_eq!(house.count(LetterCode::NewDevice).await, 1);
    assert_eq!((house.heard.published(), caller.user.unread), (1, 1));
    let ask = InboxAsk { shelf: Shelf::Inbox, before: None, limit: 20 };
    let page = house.accounts.notifications(&far, &caller, ask).await.expect("the inbox");
    let told = &page.items[0];
    assert_eq!(told.content.category, "security");
    assert_eq!(told.content.code.as_deref(), Some(LetterCode::NewDevice.text()));
    let params = told.content.params.as_deref().expect("parameters");
    assert!(params.contains("203.0.113.5"), "{params}");
    assert_eq!((told.author, page.counts.unread, page.latest), (Author::System, 1, told.seq));
    let not_me = house.mailed(LetterCode::NewDevice).await;
    house.accounts.disown(&house.cx(), &not_me).await.expect("disowned");
    assert!(house.try_login(ANNA, PASSWORD).await.is_err(), "the password is locked");
}

#[tokio::test]
async fn changing_the_password_and_an_admins_revocation_are_told() {
    let house = House::with(free());
    house.proven(ANNA).await;
    let anna = house.login(ANNA).await;
    let change =
        PasswordChange { current: secret(PASSWORD), new: secret(OTHER_PASSWORD), user_agent: None };
    let cx = house.cx();
    let anna = house.accounts.change_password(&cx, &anna.caller, change).await.expect("changed");
    assert_eq!(house.count(LetterCode::PasswordChanged).await, 1);
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let id = anna.caller.session.id;
    house.accounts.end_session(&cx, &admin.caller, id).await.expect("ended");
    assert!(!house.is_signed_in(&anna.token).await);
    assert_eq!(house.count(LetterCode::SessionRevoked).await, 1);
}

#[tokio::test]
async fn an_invitation_makes_one_account_with_its_own_address_and_role() {
    let house = House::with(Policy { registration: RegistrationPolicy::Invite, ..free() });
    let admin = house.signed_in("admin@example.org", Role::Admin).await;
    let (cx, accounts) = (house.cx(), &house.accounts);
    accounts.invite(&cx, &admin.caller, "Bob@example.org", Role::User).await.expect("invited");
    let first = house.mailed(LetterCode::Invitation).await;
    let id = accounts.invite(&cx, &admin.caller, "bob@example.org", Role::Admin).await;
    let id: LinkId = id.expect("invited again, as an admin");
    let second = house.mailed(LetterCode::Invitation).await;
    let accept = |token: &str| Acceptance {
        token: token.to_owned(),
        name: "Bob".to_owned(),
        password: secret(PASSWORD),
    };
    let superseded = accounts.accept_invitation(&cx, accept(&first)).await;
    assert_eq!(code(superseded).map(drop), Err(Code::LinkUnknown));
    let bob = accounts.accept_invitation(&cx, accept(&second)).await.expect("accepted");
    assert_eq!((bob.email.as_str(), bob.role), ("bob@example.org", Role::Admin));
    assert!(bob.email_verified_at.is_some());
    house.login("bob@example.org").await;
    let used = accounts.accept_invitation(&cx, accept(&second)).await;
    assert_eq!(code(used).map(drop), Err(Code::LinkUsed));
    let withdrawn = accounts.withdraw_invitation(&cx, &admin.caller, id).await;
    assert_eq!(code(withdrawn), Err(Code::InvitationNotFound), "it was used");
    let taken = accounts.invite(&cx, &admin.caller, "bob@example.org", Role::User).await;
    assert_eq!(code(taken).map(drop), Err(Code::EmailTaken));
    let closed = house.restarted_with(|policy| policy.registration = RegistrationPolicy::Closed);
    let admin = closed.login("admin@example.org").await;
    let refused = closed.accounts.invite(&cx, &admin.caller, ANNA, Role::User).await;
    assert_eq!(code(refused).map(drop), Err(Code::InvitationsClosed));
}

#[tokio::test]
async fn an_account_whose_address_nobody_proved_leaves_and_a_proven_one_stays() {
    let house = House::with(free());
    house.proven("proven@example.org").await;
    house.registered(ANNA).await;
    house.clock.advance_ms(7 * 24 * 60 * 60_000 + 1);
    let (_, _, accounts) = house.accounts.sweep_mail(&house.cx()).await.expect("swept");
    assert_eq!(accounts, 1);
    assert!(house.try_login(ANNA, PASSWORD).await.is_err());
    house.login("proven@example.org").await;
    let queues = house.store.queues(&house.cx()).await.expect("queues");
    let mail = queues.iter().find(|queue| queue.channel == Channel::Email).expect("mail");
    let waiting = house.outbox().await.iter().filter(|parcel| parcel.state.is_waiting()).count();
    assert_eq!(mail.waiting, i64::try_from(waiting).expect("few"), "the count is kept");
}

#[tokio::test]
async fn asking_for_mails_is_limited_for_known_and_unknown_addresses_alike() {
    let house = House::new();
    house.proven(ANNA).await;
    for email in [ANNA, "nobody@example.org"] {
        let mut allowed = 0;
        for round in 0..10 {
            let cx = house.cx_from(&format!("198.51.100.{round}"));
            allowed += u32::from(house.accounts.forgot_password(&cx, email).await.is_ok());
        }
        // One of the known address' five went to its registration.
        assert_eq!(allowed, if email == ANNA { 4 } else { 5 }, "{email}");
    }
}

#[tokio::test]
async fn no_secret_of_a_link_is_kept() {
    let house = House::with(free());
    house.registered(ANNA).await;
    let token = house.mailed(LetterCode::VerifyEmail).await;
    for file in std::fs::read_dir(house.dir.path()).expect("the folder").flatten() {
        let bytes = std::fs::read(file.path()).expect("a file");
        let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "{} holds the secret", file.path().display());
    }
}
