//! What holds of users.

use galen_core::model::{
    EmailKey, InboxAsk, Preferences, ProfileChange, Role, Shelf, Theme, UserChange,
    UserChangeOutcome, UserCreation, UserFilter, UserStatus,
};

use galen_core::post::Language;

use super::bench::{Bench, hashes, page};
use super::{Behaviour, behaviour};

/// ALL behaviours of users.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_user_is_found_by_identifier_and_by_address_with_its_hash),
    behaviour!(an_address_belongs_to_one_account),
    behaviour!(a_profile_change_changes_the_name_and_nothing_else),
    behaviour!(the_last_active_admin_is_kept),
    behaviour!(two_admins_that_demote_each_other_at_once_leave_one),
    behaviour!(a_disabled_user_has_no_sessions_and_opens_none),
    behaviour!(a_change_of_role_ends_every_session),
    behaviour!(a_change_that_changes_nothing_leaves_no_trace),
    behaviour!(a_deleted_user_is_gone_with_its_sessions_at_once),
    behaviour!(pages_of_users_are_complete_and_do_not_overlap),
    behaviour!(a_prefix_finds_the_addresses_that_begin_with_it),
    behaviour!(users_of_a_role_are_listed_in_pages_with_and_without_a_prefix),
    behaviour!(what_a_filter_asks_for_is_found_page_by_page),
    behaviour!(preferences_are_kept_and_what_is_not_said_stays),
];

fn status(status: UserStatus) -> UserChange {
    UserChange { status: Some(status), ..UserChange::default() }
}

fn role(role: Role) -> UserChange {
    UserChange { role: Some(role), ..UserChange::default() }
}

async fn change(bench: &Bench, id: galen_core::UserId, change: UserChange) -> UserChangeOutcome {
    let changed = bench.store.change_user(&bench.cx(), bench.samples.act(), id, change).await;
    changed.expect("the change is answered")
}

async fn a_user_is_found_by_identifier_and_by_address_with_its_hash(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let cx = bench.cx();
    let found = bench.store.user(&cx, user.id).await.expect("answers");
    assert_eq!(found.as_ref(), Some(&user));
    let key = EmailKey("ada@example.org".to_owned());
    let by_email = bench.store.credentials_by_email(&cx, &key).await.expect("answers");
    let by_id = bench.store.credentials_by_id(&cx, user.id).await.expect("answers");
    for credentials in [by_email.expect("known"), by_id.expect("known")] {
        assert_eq!(credentials.user, user);
        assert_eq!(credentials.password_hash, crate::samples::password_hash());
    }
    let nobody = EmailKey("nobody@example.org".to_owned());
    assert!(bench.store.credentials_by_email(&cx, &nobody).await.expect("answers").is_none());
    assert!(bench.store.user(&cx, bench.samples.user_id()).await.expect("answers").is_none());
}

async fn an_address_belongs_to_one_account(bench: Bench) {
    bench.user("ada", Role::User).await;
    let again = bench.samples.new_user("ada", Role::User);
    let made = bench.store.create_user(&bench.cx(), bench.samples.act(), again, None).await;
    assert_eq!(made, Ok(UserCreation::EmailTaken));
    assert_eq!(bench.counts().await.users, 1);
}

async fn a_profile_change_changes_the_name_and_nothing_else(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    bench.samples.clock.advance_ms(5);
    let cx = bench.cx();
    let named = ProfileChange { name: Some("Countess".to_owned()), preferences: None };
    let act = bench.samples.act_of(user.id);
    let changed = bench.store.change_profile(&cx, act, user.id, named).await.expect("answers");
    let wanted = galen_core::model::User {
        name: "Countess".to_owned(),
        updated_at: bench.samples.now(),
        ..user.clone()
    };
    assert_eq!(changed.as_ref(), Some(&wanted));
    assert_eq!(bench.store.user(&cx, user.id).await.expect("answers"), changed);
    let nobody = bench.samples.user_id();
    let act = bench.samples.act();
    let nothing = bench.store.change_profile(&cx, act, nobody, ProfileChange::default()).await;
    assert_eq!(nothing, Ok(None));
}

async fn the_last_active_admin_is_kept(bench: Bench) {
    let admin = bench.user("root", Role::Admin).await;
    let spare = bench.user("spare", Role::Admin).await;
    assert!(matches!(
        change(&bench, spare.id, status(UserStatus::Disabled)).await,
        UserChangeOutcome::Done { .. }
    ));
    let disabled = change(&bench, admin.id, status(UserStatus::Disabled)).await;
    let demoted = change(&bench, admin.id, role(Role::User)).await;
    let deleted = bench.store.delete_user(&bench.cx(), bench.samples.act(), admin.id).await;
    assert_eq!(disabled, UserChangeOutcome::LastAdmin);
    assert_eq!(demoted, UserChangeOutcome::LastAdmin);
    assert_eq!(deleted, Ok(UserChangeOutcome::LastAdmin));
    let kept = bench.store.user(&bench.cx(), admin.id).await.expect("answers");
    assert_eq!(kept, Some(admin.clone()));
    assert_eq!(bench.counts().await.active_admins, 1);
    // The disabled one may go, and so may the first once there is another.
    let gone = bench.store.delete_user(&bench.cx(), bench.samples.act(), spare.id).await;
    assert!(matches!(gone, Ok(UserChangeOutcome::Done { .. })));
    bench.user("next", Role::Admin).await;
    let demoted = change(&bench, admin.id, role(Role::User)).await;
    assert!(matches!(demoted, UserChangeOutcome::Done { .. }));
    assert_eq!(bench.counts().await.active_admins, 1);
}

async fn two_admins_that_demote_each_other_at_once_leave_one(bench: Bench) {
    let first = bench.user("first", Role::Admin).await;
    let second = bench.user("second", Role::Admin).await;
    let (one, two) = tokio::join!(
        change(&bench, first.id, role(Role::User)),
        change(&bench, second.id, role(Role::User)),
    );
    let refused = [one, two].into_iter().filter(|o| *o == UserChangeOutcome::LastAdmin).count();
    assert_eq!(refused, 1);
    assert_eq!(bench.counts().await.active_admins, 1);
}

async fn a_disabled_user_has_no_sessions_and_opens_none(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (one, _) = bench.session(user.id).await;
    let (two, _) = bench.session(user.id).await;
    let outcome = change(&bench, user.id, status(UserStatus::Disabled)).await;
    let UserChangeOutcome::Done { user: changed, ended } = outcome else {
        unreachable!("there is such a user, and it is no admin");
    };
    assert_eq!(changed.status, UserStatus::Disabled);
    let mut wanted = vec![one.0, two.0];
    wanted.sort_unstable();
    assert_eq!(hashes(&ended), wanted);
    assert_eq!(bench.look_up(one).await, None);
    let open = bench.samples.open(bench.samples.new_session(user.id));
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_none());
    assert_eq!(bench.counts().await.sessions_active, 0);
    // Enabled again it may, and the old sessions stay ended.
    change(&bench, user.id, status(UserStatus::Active)).await;
    assert_eq!(bench.look_up(two).await, None);
    bench.session(user.id).await;
}

async fn a_change_of_role_ends_every_session(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (hash, _) = bench.session(user.id).await;
    let outcome = change(&bench, user.id, role(Role::Admin)).await;
    assert!(matches!(outcome, UserChangeOutcome::Done { ended, .. } if ended.len() == 1));
    assert_eq!(bench.look_up(hash).await, None);
    assert!(bench.trail().await.iter().any(|(code, params)| {
        code == "session.ended" && params.contains("\"reason\":\"role_changed\"")
    }));
}

async fn a_change_that_changes_nothing_leaves_no_trace(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let before = bench.trail().await;
    let same = UserChange {
        name: Some(user.name.clone()),
        role: Some(Role::User),
        status: Some(UserStatus::Active),
    };
    let outcome = change(&bench, user.id, same).await;
    assert_eq!(outcome, UserChangeOutcome::Done { user, ended: Vec::new() });
    assert_eq!(bench.trail().await, before);
    let nobody = change(&bench, bench.samples.user_id(), role(Role::Admin)).await;
    assert_eq!(nobody, UserChangeOutcome::NotFound);
}

async fn a_deleted_user_is_gone_with_its_sessions_at_once(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (hash, _) = bench.session(user.id).await;
    bench.publish(user.id).await;
    let act = bench.samples.act();
    let gone = bench.store.delete_user(&bench.cx(), act, user.id).await.expect("answers");
    let UserChangeOutcome::Done { ended, .. } = gone else {
        unreachable!("there is such a user, and it is no admin");
    };
    assert_eq!(hashes(&ended), [hash.0]);
    assert_eq!(bench.look_up(hash).await, None);
    let cx = bench.cx();
    assert_eq!(bench.store.user(&cx, user.id).await, Ok(None));
    let ask = InboxAsk { shelf: Shelf::Inbox, before: None, limit: 20 };
    let unseen = bench.store.notifications(&cx, user.id, ask).await;
    let unseen = unseen.expect("answers");
    assert!(unseen.items.is_empty() && unseen.counts.unread == 0);
    let counts = bench.counts().await;
    assert_eq!((counts.users, counts.sessions_active), (0, 0));
    let again = bench.store.delete_user(&cx, bench.samples.act(), user.id).await;
    assert_eq!(again, Ok(UserChangeOutcome::NotFound));
    // The address is free again.
    bench.user("ada", Role::User).await;
}

async fn pages_of_users_are_complete_and_do_not_overlap(bench: Bench) {
    let mut wanted = Vec::new();
    for number in 0..7 {
        bench.samples.clock.advance_ms(1);
        wanted.push(bench.user(&format!("user{number}"), Role::User).await.id);
    }
    wanted.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let filter = UserFilter::default();
        let got = bench.store.users(&bench.cx(), &filter, page(after, 3)).await.expect("answers");
        assert!(got.items.len() <= 3);
        seen.extend(got.items.iter().map(|user| user.id));
        after = got.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, wanted);
}

async fn a_prefix_finds_the_addresses_that_begin_with_it(bench: Bench) {
    for name in ["ann", "anna", "anb", "bea", "an_a", "an%a"] {
        bench.samples.clock.advance_ms(1);
        bench.user(name, Role::User).await;
    }
    for (prefix, wanted) in
        [("ann", vec!["anna", "ann"]), ("an_", vec!["an_a"]), ("an%", vec!["an%a"]), ("c", vec![])]
    {
        let filter = UserFilter { email_prefix: Some(prefix.to_owned()), ..UserFilter::default() };
        let got = bench.store.users(&bench.cx(), &filter, page(None, 20)).await.expect("answers");
        let names: Vec<&str> = got.items.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, wanted, "{prefix}");
    }
    let filter = UserFilter { email_prefix: Some("an".to_owned()), ..UserFilter::default() };
    let first = bench.store.users(&bench.cx(), &filter, page(None, 3)).await.expect("answers");
    let rest = bench.store.users(&bench.cx(), &filter, page(first.next, 3)).await.expect("answers");
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (3, 2, None));
}

/// The names a filter finds, page by page.
async fn found(bench: &Bench, role: Role, prefix: Option<&str>) -> Vec<String> {
    let filter = UserFilter {
        email_prefix: prefix.map(str::to_owned),
        role: Some(role),
        ..UserFilter::default()
    };
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let got = bench.store.users(&bench.cx(), &filter, page(after, 2)).await.expect("answers");
        assert!(got.items.len() <= 2);
        names.extend(got.items.into_iter().map(|user| user.name));
        after = got.next;
        if after.is_none() {
            return names;
        }
    }
}

async fn users_of_a_role_are_listed_in_pages_with_and_without_a_prefix(bench: Bench) {
    let mut ids = Vec::new();
    for (name, admin) in [
        ("ann", true),
        ("bea", false),
        ("anna", false),
        ("cat", true),
        ("ant", true),
        ("dan", true),
    ] {
        bench.samples.clock.advance_ms(1);
        let role = if admin { Role::Admin } else { Role::User };
        ids.push(bench.user(name, role).await.id);
    }
    assert_eq!(found(&bench, Role::Admin, None).await, ["dan", "ant", "cat", "ann"]);
    assert_eq!(found(&bench, Role::User, None).await, ["anna", "bea"]);
    assert_eq!(found(&bench, Role::Admin, Some("an")).await, ["ant", "ann"]);
    assert_eq!(found(&bench, Role::User, Some("an")).await, ["anna"]);
    // The list follows changes of the role.
    change(&bench, ids[0], role(Role::User)).await;
    change(&bench, ids[1], role(Role::Admin)).await;
    assert_eq!(found(&bench, Role::Admin, None).await, ["dan", "ant", "cat", "bea"]);
    assert_eq!(found(&bench, Role::User, Some("an")).await, ["anna", "ann"]);
}

async fn what_a_filter_asks_for_is_found_page_by_page(bench: Bench) {
    let mut made = Vec::new();
    for name in ["ann", "bea", "cat", "dan", "eve", "fay"] {
        bench.samples.clock.advance_ms(1_000);
        made.push(bench.user(name, Role::User).await);
    }
    for number in [1, 3, 5] {
        change(&bench, made[number].id, status(UserStatus::Disabled)).await;
    }
    bench.session(made[0].id).await;
    let signed_in_at = bench.samples.now();
    let names = |filter: UserFilter| {
        let bench = bench.clone();
        async move {
            let (mut names, mut after) = (Vec::new(), None);
            loop {
                let got = bench.store.users(&bench.cx(), &filter, page(after, 2)).await;
                let got = got.expect("answers");
                names.extend(got.items.into_iter().map(|user| user.name));
                after = got.next;
                if after.is_none() {
                    return names;
                }
            }
        }
    };
    let any = UserFilter::default();
    let disabled = UserFilter { status: Some(UserStatus::Disabled), ..any.clone() };
    assert_eq!(names(disabled.clone()).await, ["fay", "dan", "bea"]);
    let until = Some(made[5].created_at);
    assert_eq!(
        names(UserFilter { created_until: until, ..disabled.clone() }).await,
        ["dan", "bea"]
    );
    let from = Some(made[3].created_at);
    assert_eq!(names(UserFilter { created_from: from, ..disabled }).await, ["fay", "dan"]);
    let seen = UserFilter { seen_from: Some(signed_in_at), ..any.clone() };
    assert_eq!(names(seen).await, ["ann"]);
    let never = UserFilter { seen_until: Some(signed_in_at), ..any.clone() };
    assert_eq!(names(never).await.len(), 5);
    assert_eq!(names(UserFilter { verified: Some(true), ..any.clone() }).await.len(), 0);
    let prefix = Some("d".to_owned());
    let active = UserFilter { status: Some(UserStatus::Active), email_prefix: prefix, ..any };
    assert_eq!(names(active).await.len(), 0);
}

async fn preferences_are_kept_and_what_is_not_said_stays(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    assert_eq!(user.preferences, Preferences::default());
    let wanted = Preferences {
        language: Some(Language::Fa),
        theme: Theme::Dark,
        time_zone: Some("Asia/Tehran".to_owned()),
        shortcuts: false,
        ..Preferences::default()
    };
    let change = ProfileChange { name: None, preferences: Some(wanted.clone()) };
    let act = bench.samples.act_of(user.id);
    let changed = bench.store.change_profile(&bench.cx(), act, user.id, change).await;
    let changed = changed.expect("answers").expect("there is such a user");
    assert_eq!((changed.name.as_str(), &changed.preferences), (user.name.as_str(), &wanted));
    let kept = bench.store.user(&bench.cx(), user.id).await.expect("answers");
    assert_eq!(kept, Some(changed));
}
