//! What holds of warrants: the right by which somebody acts is asked for again by every command.

use galen_core::model::{
    Act, Audience, AuditCode, EndReason, ProfileChange, Role, RuleChange, Session, Step, Upkeep,
    UserChange, UserStatus,
};
use galen_core::{
    ChangePassword, EndSession, EndSessions, Fut, Note, Secret, Seq, StoreError, StoreResult,
    UserId,
};

use super::bench::Bench;
use super::{Behaviour, behaviour};
use crate::samples::password_hash;

/// ALL behaviours of warrants.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_session_that_ended_acts_no_more_whatever_the_command),
    behaviour!(an_expired_session_acts_no_more_but_for_a_minutes_leeway),
    behaviour!(a_warrant_is_of_its_own_user_and_of_an_active_one),
    behaviour!(who_is_no_admin_any_more_does_nothing_that_wants_one),
];

/// A command that takes an act, on this user.
type Deed = for<'a> fn(&'a Bench, Act, UserId) -> Fut<'a, StoreResult<()>>;

/// ALL commands that act; a new one is added here.
const DEEDS: &[(&str, Deed)] = &[
    ("create_user", |bench, act, _| {
        Box::pin(async move {
            let new = bench.samples.new_user("made", Role::User);
            bench.store.create_user(&bench.cx(), act, new, None).await.map(drop)
        })
    }),
    ("end_session", |bench, act, user_id| {
        Box::pin(async move {
            let (_, owner) = bench.session(user_id).await;
            let ending =
                EndSession { id: owner.session.id, owner: None, reason: EndReason::RevokedByUser };
            bench.store.end_session(&bench.cx(), act, ending).await.map(drop)
        })
    }),
    ("end_sessions", |bench, act, user_id| {
        Box::pin(async move {
            let ending = EndSessions { user_id, keep: None, reason: EndReason::LogoutAll };
            bench.store.end_sessions(&bench.cx(), act, ending).await.map(drop)
        })
    }),
    ("reauthenticate", |bench, act, user_id| {
        Box::pin(async move {
            let (_, owner) = bench.session(user_id).await;
            let hash = bench.samples.hash();
            bench.store.reauthenticate(&bench.cx(), act, owner.session.id, hash).await.map(drop)
        })
    }),
    ("change_password", |bench, act, user_id| {
        Box::pin(async move {
            let change = ChangePassword {
                user_id,
                old_hash: password_hash(),
                new_hash: Secret::new("the new hash".to_owned()),
                session: bench.samples.new_session(user_id),
                owed: None,
            };
            bench.store.change_password(&bench.cx(), act, change).await.map(drop)
        })
    }),
    ("change_profile", |bench, act, user_id| {
        Box::pin(async move {
            let change = ProfileChange { name: Some("Countess".to_owned()), preferences: None };
            bench.store.change_profile(&bench.cx(), act, user_id, change).await.map(drop)
        })
    }),
    ("change_user", |bench, act, user_id| {
        Box::pin(async move {
            let change = UserChange { role: Some(Role::Admin), ..UserChange::default() };
            bench.store.change_user(&bench.cx(), act, user_id, change).await.map(drop)
        })
    }),
    ("delete_user", |bench, act, user_id| {
        Box::pin(async move { bench.store.delete_user(&bench.cx(), act, user_id).await.map(drop) })
    }),
    ("note", |bench, act, _| {
        Box::pin(async move {
            let note = Note { code: AuditCode::UpkeepRun, target: None, params: "{}".to_owned() };
            bench.store.note(&bench.cx(), act, note).await
        })
    }),
    ("publish", |bench, act, user_id| {
        Box::pin(async move {
            let publication = bench.samples.publication(user_id);
            bench.store.publish(&bench.cx(), act, publication).await.map(drop)
        })
    }),
    ("broadcast", |bench, act, _| {
        Box::pin(async move {
            let broadcast = bench.samples.broadcast(Audience::default());
            bench.store.broadcast(&bench.cx(), act, broadcast).await.map(drop)
        })
    }),
    ("recall", |bench, act, _| {
        Box::pin(async move {
            let id = bench.samples.notification_id();
            bench.store.recall(&bench.cx(), act, id).await.map(drop)
        })
    }),
    ("create_api_key", |bench, act, _| {
        Box::pin(async move {
            let key = bench.samples.api_key();
            bench.store.create_api_key(&bench.cx(), act, key).await.map(drop)
        })
    }),
    ("revoke_api_key", |bench, act, _| {
        Box::pin(async move {
            let id = bench.samples.api_key().id;
            bench.store.revoke_api_key(&bench.cx(), act, id).await.map(drop)
        })
    }),
    ("mark", |bench, act, user_id| {
        Box::pin(async move {
            let ids = vec![bench.samples.notification_id()];
            bench.store.mark(&bench.cx(), act, user_id, (Step::Read, ids)).await.map(drop)
        })
    }),
    ("mark_seen", |bench, act, user_id| {
        Box::pin(
            async move { bench.store.mark_seen(&bench.cx(), act, user_id, Seq(1)).await.map(drop) },
        )
    }),
    ("mark_all_read", |bench, act, user_id| {
        Box::pin(
            async move { bench.store.mark_all_read(&bench.cx(), act, user_id, 10).await.map(drop) },
        )
    }),
    ("change_rule", |bench, act, _| {
        Box::pin(async move {
            let change = RuleChange {
                rule: "pool_use".to_owned(),
                object: String::new(),
                enabled: false,
                threshold: None,
                pending_s: None,
            };
            bench.store.change_rule(&bench.cx(), act, change).await
        })
    }),
    ("reset_rule", |bench, act, _| {
        Box::pin(async move {
            let (rule, object) = ("pool_use".to_owned(), String::new());
            bench.store.reset_rule(&bench.cx(), act, rule, object).await.map(drop)
        })
    }),
    ("silence", |bench, act, _| {
        Box::pin(async move {
            bench.store.silence(&bench.cx(), act, bench.samples.silence("*", 5)).await
        })
    }),
    ("end_silence", |bench, act, _| {
        Box::pin(async move {
            let id = bench.samples.silence("*", 5).id;
            bench.store.end_silence(&bench.cx(), act, id).await.map(drop)
        })
    }),
    ("recycle", |bench, act, _| {
        Box::pin(async move { bench.store.recycle(&bench.cx(), act).await.map(drop) })
    }),
    ("maintain", |bench, act, _| {
        Box::pin(
            async move { bench.store.maintain(&bench.cx(), act, Upkeep::Optimize).await.map(drop) },
        )
    }),
];

/// A harmless command on this right.
async fn act(bench: &Bench, session: &Session, needs_admin: bool) -> StoreResult<()> {
    let act = bench.samples.act_by(session, needs_admin);
    let note = Note { code: AuditCode::UpkeepRun, target: None, params: "{}".to_owned() };
    bench.store.note(&bench.cx(), act, note).await
}

async fn a_session_that_ended_acts_no_more_whatever_the_command(bench: Bench) {
    let admin = bench.user("root", Role::Admin).await;
    bench.user("spare", Role::Admin).await;
    let (_, revoked) = bench.session(admin.id).await;
    let ending =
        EndSession { id: revoked.session.id, owner: None, reason: EndReason::RevokedByAdmin };
    let ended = bench.store.end_session(&bench.cx(), bench.samples.act(), ending).await;
    assert!(ended.expect("answers").is_some());
    for (number, (name, deed)) in DEEDS.iter().enumerate() {
        let user = bench.user(&format!("user{number}"), Role::User).await;
        let (hash, live) = bench.session(user.id).await;
        let before = bench.store.user(&bench.cx(), user.id).await;
        let refused = deed(&bench, bench.samples.act_by(&revoked.session, true), user.id).await;
        assert_eq!(refused, Err(StoreError::SessionEnded), "{name}");
        assert!(bench.look_up(hash).await.is_some(), "{name} ended a session");
        assert_eq!(bench.store.user(&bench.cx(), user.id).await, before, "{name}");
        let done = deed(&bench, bench.samples.act_by(&live.session, false), user.id).await;
        assert_eq!(done, Ok(()), "{name} on the right of a session that goes on");
    }
    let rules = bench.store.rule_changes(&bench.cx()).await.expect("answers");
    let silences = bench.store.silences(&bench.cx(), bench.samples.now()).await.expect("answers");
    assert_eq!((rules.len(), silences.len()), (0, 1), "only what was done on a right that holds");
}

async fn an_expired_session_acts_no_more_but_for_a_minutes_leeway(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    let until = crate::samples::minutes_after(bench.samples.now(), 2);
    let session = bench.samples.new_session_until(user.id, until);
    let open = bench.samples.open(session);
    let opened = bench.store.open_session(&bench.cx(), bench.samples.act(), open).await;
    let session = opened.expect("answers").expect("opened").owner.session;
    bench.samples.clock.jump_to(until.plus_ms(59_999));
    assert_eq!(act(&bench, &session, false).await, Ok(()), "its last use may wait in memory");
    bench.samples.clock.jump_to(until.plus_ms(60_000));
    assert_eq!(act(&bench, &session, false).await, Err(StoreError::SessionEnded));
}

async fn a_warrant_is_of_its_own_user_and_of_an_active_one(bench: Bench) {
    let ada = bench.user("ada", Role::User).await;
    let bob = bench.user("bob", Role::User).await;
    let (_, owner) = bench.session(ada.id).await;
    assert_eq!(act(&bench, &owner.session, false).await, Ok(()));
    let stolen = Session { user_id: bob.id, ..owner.session.clone() };
    assert_eq!(act(&bench, &stolen, false).await, Err(StoreError::SessionEnded));
    let disabled = UserChange { status: Some(UserStatus::Disabled), ..UserChange::default() };
    let act_of = bench.samples.act();
    bench.store.change_user(&bench.cx(), act_of, ada.id, disabled).await.expect("answers");
    assert_eq!(act(&bench, &owner.session, false).await, Err(StoreError::SessionEnded));
}

async fn who_is_no_admin_any_more_does_nothing_that_wants_one(bench: Bench) {
    let admin = bench.user("root", Role::Admin).await;
    let ada = bench.user("ada", Role::User).await;
    let (_, admins) = bench.session(admin.id).await;
    let (_, adas) = bench.session(ada.id).await;
    assert_eq!(act(&bench, &admins.session, true).await, Ok(()));
    assert_eq!(act(&bench, &adas.session, true).await, Err(StoreError::NotAdmin));
    assert_eq!(act(&bench, &adas.session, false).await, Ok(()));
}
