//! The one task behind all streams: it carries on what was published, gives signs of life, and looks
//! at sessions whose time may be over.

use std::sync::Arc;
use std::time::Duration;

use galen_account::Caller;
use galen_core::model::Missed;
use galen_core::{Cx, Notice, NoticeTo, Refusal, RequestId, Seq, StoreResult, UnixMs};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::client::{Client, Event};
use super::event::{self, Bye};
use super::{Hub, Topic};
use crate::app::App;

/// How many notifications are read from the store at a time.
const READ_MAX: u32 = 256;

/// How many missed notifications one answer holds at the most; the reader comes again for the rest.
pub(super) const MISSED_MAX: u32 = 200;

/// How often the task looks around without being told to.
const LOOK: Duration = Duration::from_millis(500);

/// In how many looks every stream has had a sign of life: fifteen seconds.
const BEAT_LOOKS: u64 = 30;

/// How many sessions are looked at in one look.
const SESSIONS_MAX: usize = 1_000;

/// After how many streams others get their turn in between.
const YIELD_EVERY: usize = 512;

/// How long a read of this task may wait, in nanoseconds.
const PATIENCE_NS: u64 = 5_000_000_000;

/// When a session is looked at again that could not be looked at, in milliseconds.
const AGAIN_MS: i64 = 1_000;

/// What was missed, as a stream begins: its bytes, and whether the reader must come again for more.
pub(crate) async fn missed(
    app: &App,
    cx: &Cx,
    caller: &Caller,
    after: Option<Seq>,
) -> Result<(Missed, String), Refusal> {
    // A reader who does not say where it was begins now.
    let after = after.unwrap_or(Seq(i64::MAX));
    let missed = app.accounts.missed(cx, caller, after, MISSED_MAX).await?;
    let mut head = String::new();
    for one in &missed.items {
        head.push_str(&String::from_utf8_lossy(&event::notification(one)));
    }
    Ok((missed, head))
}

/// Runs until the server stops; then every stream is ended.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let hub = Arc::clone(&app.hub);
    let live = async {
        let mut after = begin(&app).await;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = 0_u64;
        loop {
            tokio::select! {
                () = hub.published.notified() => {}
                _ = looks.tick() => {
                    if hub.streams() == 0 {
                        continue;
                    }
                    look += 1;
                    beat(&hub, look);
                    look_at_sessions(&app).await;
                }
            }
            carry_on(&app, &mut after).await;
        }
    };
    stop.run_until_cancelled(live).await;
    hub.close();
}

fn cx(app: &App) -> Cx {
    let request_id = RequestId::mint(&*app.clock, &*app.entropy);
    Cx::background(request_id, &*app.clock, PATIENCE_NS)
}

/// Where to begin: behind all that is there. Whoever opens a stream reads up to at least here.
async fn begin(app: &App) -> Seq {
    loop {
        match app.store.latest_seq(&cx(app)).await {
            Ok(latest) => return latest,
            Err(error) => {
                tracing::debug!(%error, "streams wait for the store");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Reads what was published after `after` and hands it on. A store that cannot be read is asked
/// again with the next look: nothing is skipped.
async fn carry_on(app: &App, after: &mut Seq) {
    loop {
        let read: StoreResult<_> = app.store.notices_after(&cx(app), *after, READ_MAX).await;
        let notices = match read {
            Ok(notices) => notices,
            Err(error) => {
                tracing::debug!(%error, "streams wait for the store");
                return;
            }
        };
        for notice in &notices.items {
            hand_on(&app.hub, notice).await;
        }
        *after = notices.upto;
        if !notices.more {
            return;
        }
    }
}

async fn hand_on(hub: &Hub, notice: &Notice) {
    let clients = match notice.to {
        NoticeTo::User(user_id) => hub.of_user(user_id),
        NoticeTo::Audience(_) => hub.everybody(),
    };
    if clients.is_empty() {
        return;
    }
    let event = Event {
        seq: Some(notice.notification.seq),
        bytes: event::notification(&notice.notification),
    };
    for some in clients.chunks(YIELD_EVERY) {
        match notice.to {
            NoticeTo::User(_) => hub.tell(some, Topic::Notifications, &event),
            NoticeTo::Audience(audience) => {
                let is_for = |one: &&Arc<Client>| audience.includes(&one.caller.user);
                let readers: Vec<Arc<Client>> = some.iter().filter(is_for).cloned().collect();
                hub.tell(&readers, Topic::Notifications, &event);
            }
        }
        if clients.len() > YIELD_EVERY {
            tokio::task::yield_now().await;
        }
    }
}

/// Signs of life for one part of the streams at each look, so that not all are written to at once.
fn beat(hub: &Hub, look: u64) {
    for client in hub.everybody() {
        if client.number % BEAT_LOOKS == look % BEAT_LOOKS {
            client.beat();
        }
    }
}

/// Ends the streams whose sessions have expired, or may have ended unnoticed.
async fn look_at_sessions(app: &App) {
    let now = app.clock.now();
    let due = app.hub.everybody().into_iter().filter(|client| client.is_due(now));
    let due: Vec<Arc<Client>> = due.take(SESSIONS_MAX).collect();
    for client in due {
        match app.accounts.goes_on_until(&cx(app), &client.caller).await {
            Ok(Some(end)) => client.look_at(end),
            Ok(None) => app.hub.end(&client, Bye::SessionEnded),
            // A store that cannot be read lets nobody stay for longer than until it can.
            Err(_) => client.look_at(UnixMs(now.0 + AGAIN_MS)),
        }
    }
}
