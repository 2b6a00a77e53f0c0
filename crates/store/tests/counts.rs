//! Kept counts against counted ones, after any sequence of commands.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use galen_core::model::{
    self, Audience, Counts, EndReason, NewBroadcast, Publication, Role, SweepWork, UserChange,
    UserStatus,
};
use galen_core::{
    ChangePassword, EndSession, EndSessions, NoticeStore, NotificationId, Seq, SessionId, Store,
    UserId,
};
use galen_store::{SqliteSettings, SqliteStore, Synchronous};
use galen_testkit::NullObserver;
use galen_testkit::samples::{Samples, minutes_after, password_hash};
use proptest::prelude::*;
use rusqlite::Connection;

/// One step of a random sequence; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    CreateUser { admin: bool },
    OpenSession { user: usize, minutes: u8, replaces: Option<usize> },
    Touch { sessions: Vec<usize> },
    EndSession { session: usize },
    EndSessions { user: usize, keep: Option<usize> },
    ChangePassword { user: usize },
    ChangeUser { user: usize, admin: Option<bool>, disabled: Option<bool> },
    DeleteUser { user: usize },
    Publish { user: usize, key: Option<u8> },
    Broadcast { admins: bool },
    Mark { user: usize, archive: bool, notifications: Vec<usize> },
    MarkSeen { user: usize, upto: u8 },
    MarkAllRead { user: usize },
    Sweep { max_rows: u8 },
    Wait { minutes: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let one = 0_usize..8;
    let many = || prop::collection::vec(0_usize..24, 0..5);
    prop_oneof![
        3 => any::<bool>().prop_map(|admin| Step::CreateUser { admin }),
        6 => (one.clone(), 0_u8..30, prop::option::of(0_usize..24))
            .prop_map(|(user, minutes, replaces)| Step::OpenSession { user, minutes, replaces }),
        3 => many().prop_map(|sessions| Step::Touch { sessions }),
        2 => (0_usize..24).prop_map(|session| Step::EndSession { session }),
        1 => (one.clone(), prop::option::of(0_usize..24))
            .prop_map(|(user, keep)| Step::EndSessions { user, keep }),
        1 => one.clone().prop_map(|user| Step::ChangePassword { user }),
        2 => (one.clone(), any::<Option<bool>>(), any::<Option<bool>>())
            .prop_map(|(user, admin, disabled)| Step::ChangeUser { user, admin, disabled }),
        1 => one.clone().prop_map(|user| Step::DeleteUser { user }),
        6 => (one.clone(), prop::option::of(0_u8..4))
            .prop_map(|(user, key)| Step::Publish { user, key }),
        2 => any::<bool>().prop_map(|admins| Step::Broadcast { admins }),
        4 => (one.clone(), any::<bool>(), many())
            .prop_map(|(user, archive, notifications)| Step::Mark { user, archive, notifications }),
        2 => (one.clone(), 0_u8..40).prop_map(|(user, upto)| Step::MarkSeen { user, upto }),
        1 => one.prop_map(|user| Step::MarkAllRead { user }),
        2 => (1_u8..6).prop_map(|max_rows| Step::Sweep { max_rows }),
        3 => (1_u8..15).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

/// A store with the names of what was put into it, gone or not.
struct Play {
    store: SqliteStore,
    samples: Samples,
    users: Vec<UserId>,
    sessions: Vec<SessionId>,
    notifications: Vec<NotificationId>,
}

fn pick<T: Copy>(from: &[T], index: usize) -> Option<T> {
    from.get(index % from.len().max(1)).copied()
}

impl Play {
    async fn take(&mut self, step: Step) -> Option<()> {
        match step {
            Step::Wait { minutes } => {
                self.samples.clock.advance_ms(u32::from(minutes) * 60_000);
            }
            Step::Sweep { max_rows } => {
                let work =
                    SweepWork { expired_at: self.samples.now(), max_rows: u32::from(max_rows) };
                let cx = self.samples.background_cx();
                self.store.sweep(&cx, work).await.expect("sweep");
                let rows = work.max_rows;
                self.store.sweep_notices(&cx, work.expired_at, rows).await.expect("sweep");
            }
            Step::CreateUser { .. }
            | Step::ChangePassword { .. }
            | Step::ChangeUser { .. }
            | Step::DeleteUser { .. } => self.change_users(step).await?,
            Step::OpenSession { .. }
            | Step::Touch { .. }
            | Step::EndSession { .. }
            | Step::EndSessions { .. } => self.change_sessions(step).await?,
            Step::Publish { .. }
            | Step::Broadcast { .. }
            | Step::Mark { .. }
            | Step::MarkSeen { .. }
            | Step::MarkAllRead { .. } => {
                self.change_notifications(step).await?;
            }
        }
        Some(())
    }

    async fn change_users(&mut self, step: Step) -> Option<()> {
        let (cx, act) = (self.samples.cx(), self.samples.act());
        match step {
            Step::CreateUser { admin } => {
                let role = if admin { Role::Admin } else { Role::User };
                let new = self.samples.new_user(&format!("u{}", self.users.len()), role);
                self.users.push(new.id);
                self.store.create_user(&cx, act, new, None).await.expect("create_user");
            }
            Step::ChangePassword { user } => {
                let user_id = pick(&self.users, user)?;
                let session = self.samples.new_session(user_id);
                self.sessions.push(session.id);
                let (old_hash, new_hash) = (password_hash(), password_hash());
                let change = ChangePassword { user_id, old_hash, new_hash, session, owed: None };
                self.store.change_password(&cx, act, change).await.expect("change_password");
            }
            Step::ChangeUser { user, admin, disabled } => {
                let id = pick(&self.users, user)?;
                let role = admin.map(|yes| if yes { Role::Admin } else { Role::User });
                let status =
                    disabled.map(|yes| if yes { UserStatus::Disabled } else { UserStatus::Active });
                let change = UserChange { name: None, role, status };
                self.store.change_user(&cx, act, id, change).await.expect("change_user");
            }
            Step::DeleteUser { user } => {
                let id = pick(&self.users, user)?;
                self.store.delete_user(&cx, act, id).await.expect("delete_user");
            }
            _ => {}
        }
        Some(())
    }

    async fn change_sessions(&mut self, step: Step) -> Option<()> {
        let (cx, act) = (self.samples.cx(), self.samples.act());
        match step {
            Step::OpenSession { user, minutes, replaces } => {
                let until = minutes_after(self.samples.now(), i64::from(minutes));
                let session = self.samples.new_session_until(pick(&self.users, user)?, until);
                let mut open = self.samples.open(session);
                open.replaces = replaces.and_then(|index| pick(&self.sessions, index));
                open.sessions_max = 3;
                self.sessions.push(open.session.id);
                self.store.open_session(&cx, act, open).await.expect("open_session");
            }
            Step::Touch { sessions } => {
                let ids = sessions.iter().filter_map(|index| pick(&self.sessions, *index));
                let touches = ids.map(|id| self.samples.touch(id)).collect();
                self.store.touch_sessions(&cx, touches).await.expect("touch_sessions");
            }
            Step::EndSession { session } => {
                let (id, reason) = (pick(&self.sessions, session)?, EndReason::Logout);
                let ending = EndSession { id, owner: None, reason };
                self.store.end_session(&cx, act, ending).await.expect("end_session");
            }
            Step::EndSessions { user, keep } => {
                let user_id = pick(&self.users, user)?;
                let keep = keep.and_then(|index| pick(&self.sessions, index));
                let ending = EndSessions { user_id, keep, reason: EndReason::LogoutAll };
                self.store.end_sessions(&cx, act, ending).await.expect("end_sessions");
            }
            _ => {}
        }
        Some(())
    }

    async fn change_notifications(&mut self, step: Step) -> Option<()> {
        let (cx, act) = (self.samples.cx(), self.samples.act());
        match step {
            Step::Publish { user, key } => {
                let publication = self.samples.publication(pick(&self.users, user)?);
                self.notifications.push(publication.recipients[0].0);
                // Some are over soon, so that the sweep has work.
                let minutes = 5 + i64::try_from(self.notifications.len() % 3).unwrap_or(0) * 20;
                let publication = Publication {
                    gone_at: minutes_after(self.samples.now(), minutes),
                    idempotency_key: key.map(|key| format!("key{key}")),
                    content_hash: [1; 32],
                    ..publication
                };
                self.store.publish(&cx, act, publication).await.expect("publish");
            }
            Step::Mark { user, archive, notifications } => {
                let ids = notifications.iter().filter_map(|one| pick(&self.notifications, *one));
                let (user, ids) = (pick(&self.users, user)?, ids.collect());
                let step = if archive { model::Step::Archived } else { model::Step::Read };
                self.store.mark(&cx, act, user, (step, ids)).await.expect("mark");
            }
            Step::MarkSeen { user, upto } => {
                let (user, upto) = (pick(&self.users, user)?, Seq(i64::from(upto)));
                self.store.mark_seen(&cx, act, user, upto).await.expect("mark_seen");
            }
            Step::Broadcast { admins } => {
                let role = admins.then_some(Role::Admin);
                let audience = Audience { role, ..Audience::default() };
                let broadcast = self.samples.broadcast(audience);
                self.notifications.push(broadcast.id);
                let ends_at = minutes_after(self.samples.now(), 30);
                let broadcast = NewBroadcast { ends_at, ..broadcast };
                self.store.broadcast(&cx, act, broadcast).await.expect("broadcast");
            }
            Step::MarkAllRead { user } => {
                let user = pick(&self.users, user)?;
                self.store.mark_all_read(&cx, act, user, 3).await.expect("mark_all_read");
            }
            _ => {}
        }
        Some(())
    }
}

/// The same counts, counted.
fn counted(path: &Path, now: i64) -> (Counts, i64, i64) {
    let connection = Connection::open(path).expect("a second connection");
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).expect(sql) };
    let counts = Counts {
        users: count("SELECT count(*) FROM users"),
        active_admins: count(
            "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'",
        ),
        sessions_active: count(&format!("SELECT count(*) FROM sessions WHERE expires_at > {now}")),
        sessions_expired: count(&format!(
            "SELECT count(*) FROM sessions WHERE expires_at <= {now}"
        )),
        notifications: count("SELECT count(*) FROM notifications"),
    };
    let wrong_unread = count(
        "SELECT count(*) FROM users u WHERE u.unread <> (SELECT count(*) FROM notifications n \
         WHERE n.user_id = u.id AND n.read_at IS NULL) \
         OR u.unseen <> (SELECT count(*) FROM notifications n \
         WHERE n.user_id = u.id AND n.read_at IS NULL AND n.seq > u.seen_seq)",
    ) + count(
        "SELECT count(*) FROM broadcasts b WHERE b.has_marks = 1 \
         AND b.read < (SELECT count(*) FROM broadcast_marks m WHERE m.seq = b.seq)",
    ) + count(
        "SELECT count(*) FROM counters WHERE name = 'admins' \
         AND n <> (SELECT count(*) FROM users WHERE role = 'admin')",
    );
    let unswept = count("SELECT count(*) FROM session_expiry_counts WHERE n < 0");
    (counts, wrong_unread, unswept)
}

async fn play(steps: Vec<Step>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    // The counts are the same however much of a commit is on the disk.
    let settings = SqliteSettings { synchronous: Synchronous::Off, ..SqliteSettings::at(&path) };
    let samples = Samples::default();
    let store = SqliteStore::open(settings, samples.clock.clone(), Arc::new(NullObserver));
    let store = store.expect("it opens");
    let mut play =
        Play { store, samples, users: Vec::new(), sessions: Vec::new(), notifications: Vec::new() };
    for step in steps {
        // A step that finds nobody to act on is none.
        let _ = play.take(step).await;
    }
    let now = play.samples.now();
    let kept = play.store.counts(&play.samples.cx(), now).await.expect("counts");
    assert_eq!(counted(&path, now.0), (kept, 0, 0));
    while play.sweep_all().await {}
    let kept = play.store.counts(&play.samples.cx(), now).await.expect("counts");
    assert_eq!((counted(&path, now.0), kept.sessions_expired), ((kept, 0, 0), 0));
}

impl Play {
    async fn sweep_all(&self) -> bool {
        let work = SweepWork { expired_at: self.samples.now(), max_rows: 7 };
        self.store.sweep(&self.samples.background_cx(), work).await.expect("sweep").more
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kept_counts_are_the_counted_ones_after_any_commands(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(play(steps));
    }
}
