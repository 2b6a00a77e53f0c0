//! `GET /api/admin/overview`: what is kept, what waits, since when.

use galen_core::Refusal;
use galen_core::post::Channel;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::routes::admin_mail::dto::channel_schema;
use crate::time::Time;

/// The whole at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overview)]
struct OverviewView {
    /// The version that runs.
    version: &'static str,
    /// When it started.
    started_at: Time,
    /// What time it is on the server.
    now: Time,
    /// Accounts.
    users: i64,
    /// Accounts that are admins and active.
    active_admins: i64,
    /// Sessions that have not ended.
    sessions_active: i64,
    /// Sessions that have expired and wait for the sweep.
    sessions_expired: i64,
    /// Notifications kept.
    notifications: i64,
    /// What waits to leave, by channel.
    channels: Vec<ChannelView>,
}

/// A way out of the house.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewChannel)]
struct ChannelView {
    /// Which one.
    #[schema(schema_with = channel_schema)]
    channel: Channel,
    /// Whether anything leaves by it; what does not is captured or not sent at all.
    is_open: bool,
    /// How much waits.
    waiting: i64,
    /// Since when the oldest waits.
    oldest_at: Option<Time>,
}

/// Says what is kept, what waits to leave, and since when the server runs. How it does is told by
/// `GET /api/admin/monitor/health` and the series.
#[utoipa::path(get, path = "/api/admin/overview", tag = "admin", security(("session" = [])), responses(
    (status = 200, description = "At a glance.", body = OverviewView),
))]
pub(crate) async fn read(by: Admin) -> Answer {
    let (app, cx) = (by.app(), by.cx());
    let now = app.clock.now();
    let counts = app.store.counts(cx, now).await.map_err(Refusal::from)?;
    let queues = app.store.queues(cx).await.map_err(Refusal::from)?;
    let channels = queues.into_iter().map(|queue| ChannelView {
        channel: queue.channel,
        is_open: app.post.carries(queue.channel),
        waiting: queue.waiting,
        oldest_at: queue.oldest_at.map(Time),
    });
    ok(&OverviewView {
        version: env!("CARGO_PKG_VERSION"),
        started_at: Time(app.started_at),
        now: Time(now),
        users: counts.users,
        active_admins: counts.active_admins,
        sessions_active: counts.sessions_active,
        sessions_expired: counts.sessions_expired,
        notifications: counts.notifications,
        channels: channels.collect(),
    })
}
