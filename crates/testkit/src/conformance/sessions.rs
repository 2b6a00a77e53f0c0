//! What holds of sessions.

use galen_core::model::{
    EndReason, EndedSession, Revocation, RevokedOf, Role, SessionFilter, SessionTouch,
};
use galen_core::{ChangePassword, EndSession, EndSessions, OpenSession, Secret, SessionId, UserId};

use super::bench::{Bench, hashes, page};
use super::{Behaviour, behaviour};
use crate::samples::{minutes_after, password_hash};

/// ALL behaviours of sessions.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_session_is_found_by_its_token_with_its_user),
    behaviour!(a_revoked_session_is_gone_at_once),
    behaviour!(a_user_ends_its_own_sessions_only),
    behaviour!(all_sessions_but_one_end_together),
    behaviour!(a_session_is_refused_when_the_password_changed_meanwhile),
    behaviour!(a_sign_in_replaces_the_browsers_old_session),
    behaviour!(a_sign_in_beyond_the_most_one_may_have_ends_the_oldest),
    behaviour!(a_rehash_is_kept_with_the_sign_in),
    behaviour!(a_touch_moves_the_expiry_and_does_not_resurrect),
    behaviour!(reauthentication_goes_on_under_a_new_token),
    behaviour!(a_new_password_ends_every_session_but_the_new_one),
    behaviour!(an_old_password_hash_changes_no_password),
    behaviour!(a_users_sessions_are_listed_without_expired_ones),
    behaviour!(pages_of_sessions_are_complete_and_do_not_overlap),
    behaviour!(an_admin_ends_many_sessions_in_slices_and_keeps_one),
];

async fn end(bench: &Bench, id: SessionId, owner: Option<UserId>) -> bool {
    let ending = EndSession { id, owner, reason: EndReason::RevokedByUser };
    let ended = bench.store.end_session(&bench.cx(), bench.samples.act(), ending).await;
    ended.expect("answers").is_some()
}

async fn a_session_is_found_by_its_token_with_its_user(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (hash, owner) = bench.session(user.id).await;
    let found = bench.look_up(hash).await.expect("known");
    assert_eq!(found, owner);
    assert_eq!(found.user.last_login_at, Some(bench.samples.now()));
    assert_eq!(bench.look_up(bench.samples.hash()).await, None);
    // Expired or not: whoever looks it up decides, with the clock.
    bench.samples.clock.advance_ms(40 * 24 * 3_600 * 1_000);
    assert_eq!(bench.look_up(hash).await, Some(found));
}

async fn a_revoked_session_is_gone_at_once(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (hash, owner) = bench.session(user.id).await;
    let (other, _) = bench.session(user.id).await;
    assert!(end(&bench, owner.session.id, None).await);
    assert_eq!(bench.look_up(hash).await, None);
    assert!(bench.look_up(other).await.is_some());
    assert!(!end(&bench, owner.session.id, None).await, "it ends once");
    let trail = bench.trail().await;
    let endings: Vec<_> = trail.iter().filter(|(code, _)| code == "session.ended").collect();
    assert_eq!(endings.len(), 1);
    assert!(endings.iter().all(|(_, params)| params.contains("revoked_by_user")));
}

async fn a_user_ends_its_own_sessions_only(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let (hash, owner) = bench.session(ada.id).await;
    assert!(!end(&bench, owner.session.id, Some(bob.id)).await);
    assert!(bench.look_up(hash).await.is_some());
    assert!(end(&bench, owner.session.id, Some(ada.id)).await);
}

async fn all_sessions_but_one_end_together(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let (_, kept) = bench.session(ada.id).await;
    let (one, _) = bench.session(ada.id).await;
    let (two, _) = bench.session(ada.id).await;
    let (foreign, _) = bench.session(bob.id).await;
    let ending =
        EndSessions { user_id: ada.id, keep: Some(kept.session.id), reason: EndReason::LogoutAll };
    let ended = bench.store.end_sessions(&bench.cx(), bench.samples.act(), ending).await;
    let mut wanted = vec![one.0, two.0];
    wanted.sort_unstable();
    assert_eq!(hashes(&ended.expect("answers")), wanted);
    assert!(bench.look_up(foreign).await.is_some());
    let all = EndSessions { keep: None, ..ending };
    let ended = bench.store.end_sessions(&bench.cx(), bench.samples.act(), all).await;
    assert_eq!(ended.expect("answers").len(), 1);
    let endings = bench.trail().await.into_iter().filter(|(code, _)| code == "session.ended");
    assert_eq!(endings.count(), 3, "each ended session has its reason in the trail");
    assert_eq!(bench.counts().await.sessions_active, 1);
}

async fn a_session_is_refused_when_the_password_changed_meanwhile(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let session = bench.samples.new_session(user.id);
    let hash = session.token_hash;
    let open = OpenSession {
        password_hash: Secret::new("the hash of before".to_owned()),
        ..bench.samples.open(session)
    };
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_none());
    assert_eq!(bench.look_up(hash).await, None);
    let stranger = bench.samples.open(bench.samples.new_session(bench.samples.user_id()));
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), stranger).await;
    assert!(opened.expect("answers").is_none());
    assert_eq!(bench.counts().await.sessions_active, 0);
}

async fn a_sign_in_replaces_the_browsers_old_session(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (old, owner) = bench.session(user.id).await;
    let open = OpenSession {
        replaces: Some(owner.session.id),
        ..bench.samples.open(bench.samples.new_session(user.id))
    };
    let act = bench.samples.act();
    let opened = bench.store.open_session(&bench.cx(), act, open).await.expect("answers");
    let ended = opened.expect("opened").ended;
    assert_eq!(ended, [EndedSession { id: owner.session.id, token_hash: old }]);
    assert_eq!(bench.look_up(old).await, None);
    assert_eq!(bench.counts().await.sessions_active, 1);
}

async fn open_of_at_most(bench: &Bench, user_id: UserId, sessions_max: u32) -> Vec<SessionId> {
    bench.samples.clock.advance_ms(1);
    let session = bench.samples.new_session(user_id);
    let open = OpenSession { sessions_max, ..bench.samples.open(session) };
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    let opened = opened.expect("answers").expect("opened");
    assert!(bench.store.sessions_of(&bench.cx(), user_id, bench.samples.now()).await.is_ok_and(
        |listed| listed.first().map(|newest| newest.id) == Some(opened.owner.session.id)
    ));
    opened.ended.iter().map(|one| one.id).collect()
}

async fn a_sign_in_beyond_the_most_one_may_have_ends_the_oldest(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let (foreign, _) = bench.session(bob.id).await;
    let mut adas = Vec::new();
    for _ in 0..4 {
        bench.samples.clock.advance_ms(1);
        adas.push(bench.session(ada.id).await);
    }
    assert_eq!(open_of_at_most(&bench, ada.id, 5).await, [], "there is room for one more");
    assert_eq!(open_of_at_most(&bench, ada.id, 5).await, [adas[0].1.session.id]);
    assert_eq!(bench.look_up(adas[0].0).await, None);
    assert!(bench.look_up(adas[1].0).await.is_some());
    // A limit that was lowered is come down to, and a limit of none leaves the one that is opened.
    assert_eq!(open_of_at_most(&bench, ada.id, 2).await.len(), 4);
    assert_eq!(open_of_at_most(&bench, ada.id, 0).await.len(), 2);
    assert!(bench.look_up(foreign).await.is_some());
    assert_eq!(bench.counts().await.sessions_active, 2);
    let trail = bench.trail().await;
    let ended = trail.iter().filter(|(_, params)| params.contains("\"reason\":\"too_many\""));
    assert_eq!(ended.count(), 7);
}

async fn a_rehash_is_kept_with_the_sign_in(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let fresh = Secret::new("a fresh hash of the same password".to_owned());
    let open = OpenSession {
        rehash: Some(fresh.clone()),
        ..bench.samples.open(bench.samples.new_session(user.id))
    };
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_some());
    let kept = bench.store.credentials_by_id(&bench.cx(), user.id).await.expect("answers");
    assert_eq!(kept.expect("known").password_hash, fresh);
}

async fn a_touch_moves_the_expiry_and_does_not_resurrect(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (used, used_owner) = bench.session(user.id).await;
    let (ended, ended_owner) = bench.session(user.id).await;
    let short = bench.samples.new_session_until(user.id, minutes_after(bench.samples.now(), 10));
    let (expired, expired_id) = (short.token_hash, short.id);
    let open = bench.samples.open(short);
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_some());
    bench.samples.clock.advance_ms(11 * 60_000);
    assert!(end(&bench, ended_owner.session.id, None).await);
    let first = bench.samples.touch(used_owner.session.id);
    let earlier = SessionTouch {
        last_seen_at: first.last_seen_at.plus_ms(-1),
        expires_at: minutes_after(bench.samples.now(), 1),
        ..first
    };
    let touches = vec![
        first,
        earlier,
        bench.samples.touch(ended_owner.session.id),
        bench.samples.touch(expired_id),
    ];
    let cx = bench.samples.background_cx();
    bench.store.touch_sessions(&cx, touches).await.expect("touches are written");
    let found = bench.look_up(used).await.expect("known").session;
    assert_eq!((found.last_seen_at, found.expires_at), (first.last_seen_at, first.expires_at));
    assert_eq!(bench.look_up(ended).await, None, "an ended session stays ended");
    let found = bench.look_up(expired).await.expect("not swept yet").session;
    assert!(found.expires_at < bench.samples.now(), "an expired session stays expired");
    let counts = bench.counts().await;
    assert_eq!((counts.sessions_active, counts.sessions_expired), (1, 1));
}

async fn reauthentication_goes_on_under_a_new_token(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (old, owner) = bench.session(user.id).await;
    bench.samples.clock.advance_ms(60_000);
    let new = bench.samples.hash();
    let id = owner.session.id;
    let act = bench.samples.act_of(user.id);
    let was = bench.store.reauthenticate(&bench.cx(), act, id, new).await.expect("answers");
    assert_eq!(was.map(|was| (was.id, was.token_hash)), Some((id, old)));
    assert_eq!(bench.look_up(old).await, None);
    let found = bench.look_up(new).await.expect("it goes on").session;
    assert_eq!((found.id, found.authenticated_at), (id, bench.samples.now()));
    bench.samples.clock.advance_ms(8 * 24 * 3_600 * 1_000);
    let late = bench.samples.hash();
    let act = bench.samples.act();
    let was = bench.store.reauthenticate(&bench.cx(), act, id, late).await;
    assert_eq!(was, Ok(None), "an expired session does not go on");
    assert_eq!(bench.look_up(late).await, None);
}

async fn a_new_password_ends_every_session_but_the_new_one(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (one, _) = bench.session(user.id).await;
    let (two, _) = bench.session(user.id).await;
    let session = bench.samples.new_session(user.id);
    let fresh = session.token_hash;
    let change = ChangePassword {
        user_id: user.id,
        old_hash: password_hash(),
        new_hash: Secret::new("the new hash".to_owned()),
        session,
        owed: None,
    };
    let act = bench.samples.act_of(user.id);
    let ended = bench.store.change_password(&bench.cx(), act, change).await.expect("answers");
    let mut wanted = vec![one.0, two.0];
    wanted.sort_unstable();
    assert_eq!(hashes(&ended.expect("changed")), wanted);
    assert_eq!(bench.look_up(one).await, None);
    assert!(bench.look_up(fresh).await.is_some());
    // A sign-in that had checked the old password opens nothing.
    let open = bench.samples.open(bench.samples.new_session(user.id));
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_none());
    assert_eq!(bench.counts().await.sessions_active, 1);
}

async fn an_old_password_hash_changes_no_password(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let (hash, _) = bench.session(user.id).await;
    let change = ChangePassword {
        user_id: user.id,
        old_hash: Secret::new("the hash of before".to_owned()),
        new_hash: Secret::new("the new hash".to_owned()),
        session: bench.samples.new_session(user.id),
        owed: None,
    };
    let changed = bench.store.change_password(&bench.cx(), bench.samples.act(), change).await;
    assert_eq!(changed, Ok(None));
    assert!(bench.look_up(hash).await.is_some());
    let kept = bench.store.credentials_by_id(&bench.cx(), user.id).await.expect("answers");
    assert_eq!(kept.expect("known").password_hash, password_hash());
}

async fn a_users_sessions_are_listed_without_expired_ones(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let short = bench.samples.new_session_until(user.id, minutes_after(bench.samples.now(), 1));
    let open = bench.samples.open(short);
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    assert!(opened.expect("answers").is_some());
    bench.samples.clock.advance_ms(90_000);
    let (_, older) = bench.session(user.id).await;
    bench.samples.clock.advance_ms(1);
    let (_, newer) = bench.session(user.id).await;
    let now = bench.samples.now();
    let listed = bench.store.sessions_of(&bench.cx(), user.id, now).await.expect("answers");
    assert_eq!(listed, [newer.session, older.session]);
}

async fn pages_of_sessions_are_complete_and_do_not_overlap(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let mut adas = Vec::new();
    let mut every = Vec::new();
    for number in 0..9 {
        bench.samples.clock.advance_ms(1);
        let user = if number % 3 == 0 { &bob } else { &ada };
        let (_, owner) = bench.session(user.id).await;
        every.push(owner.session.id);
        if user.id == ada.id {
            adas.push(owner.session.id);
        }
    }
    every.reverse();
    adas.reverse();
    for (filter, wanted) in [
        (SessionFilter::default(), every),
        (SessionFilter { user_id: Some(ada.id), address: None }, adas),
    ] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let got = bench.store.sessions(&bench.cx(), filter.clone(), page(after, 2)).await;
            let got = got.expect("answers");
            seen.extend(got.items.iter().map(|owner| owner.session.id));
            assert!(got.items.iter().all(|owner| owner.user.id == owner.session.user_id));
            after = got.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, wanted);
    }
}

async fn an_admin_ends_many_sessions_in_slices_and_keeps_one(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let (_, kept) = bench.session(bob.id).await;
    for _ in 0..5 {
        bench.samples.clock.advance_ms(1);
        bench.session(ada.id).await;
        bench.session(bob.id).await;
    }
    bench.samples.clock.advance_ms(1);
    let before = bench.samples.new_session(bob.id).id;
    let revocation = Revocation {
        of: RevokedOf::User(ada.id),
        before,
        keep: kept.session.id,
        max_rows: 3,
        owed: None,
    };
    let slice = |revocation: Revocation| {
        let bench = bench.clone();
        async move {
            let act = bench.samples.act();
            bench.store.revoke_sessions(&bench.cx(), act, revocation).await.expect("answers")
        }
    };
    let (first, second) = (slice(revocation.clone()).await, slice(revocation.clone()).await);
    assert_eq!((first.len(), second.len()), (3, 2));
    assert!(first.iter().chain(&second).all(|one| one.user_id == ada.id));
    let address = kept.session.address.clone().expect("it was opened from somewhere");
    let elsewhere =
        Revocation { of: RevokedOf::Address("203.0.113.9".to_owned()), ..revocation.clone() };
    assert_eq!(slice(elsewhere).await.len(), 0);
    let here = Revocation { of: RevokedOf::Address(address), ..revocation.clone() };
    assert_eq!(slice(here).await.len(), 3);
    let all = Revocation { of: RevokedOf::Everybody, max_rows: 100, ..revocation };
    assert_eq!(slice(all).await.len(), 2);
    assert_eq!(bench.counts().await.sessions_active, 1);
}
