//! `GET /api/admin/monitor/health`: what works, what does not, and who holds it.

use galen_core::{Health, Resource, ResourceHolder, ResourceState};
use galen_monitor::AlertState;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::routes::me::dto::words;
use crate::time::Time;

/// The word of the last canary.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthView<'a> {
    /// Whether requests that need the database would be served.
    ready: bool,
    /// Why not: a stable code.
    code: Option<&'a str>,
    /// Since when it is so.
    since: Time,
    /// When it was last looked at.
    checked_at: Time,
    /// Each resource that was looked at.
    resources: Vec<ResourceView<'a>>,
    /// Alerts that fire.
    alerts_firing: usize,
}

/// What was found of one resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceState)]
struct ResourceView<'a> {
    /// Which.
    #[schema(schema_with = resource_schema)]
    resource: Resource,
    /// The code of what is wrong with it; nothing when it works.
    code: Option<&'a str>,
    /// What was measured, for an operator.
    detail: &'a str,
    /// Who holds it, when that is known.
    holder: Option<HolderView<'a>>,
}

/// The process that holds a resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceHolder)]
struct HolderView<'a> {
    /// Its number.
    pid: u32,
    /// Its command line, cut, or its name.
    command: &'a str,
}

fn resource_schema() -> Schema {
    words(&Resource::ALL.map(Resource::text))
}

impl<'a> From<&'a ResourceState> for ResourceView<'a> {
    fn from(it: &'a ResourceState) -> Self {
        let holder = |it: &'a ResourceHolder| HolderView { pid: it.pid, command: &it.command };
        Self {
            resource: it.resource,
            code: it.code.as_deref(),
            detail: &it.detail,
            holder: it.holder.as_ref().map(holder),
        }
    }
}

impl<'a> HealthView<'a> {
    fn new(it: &'a Health, alerts_firing: usize) -> Self {
        Self {
            ready: it.ready,
            code: it.code.as_deref(),
            since: it.since.into(),
            checked_at: it.checked_at.into(),
            resources: it.resources.iter().map(Into::into).collect(),
            alerts_firing,
        }
    }
}

/// Says what the canary found of each resource, with what was measured and who holds it. It touches
/// no database.
#[utoipa::path(get, path = "/api/admin/monitor/health", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The last canary's word, ready or not.", body = HealthView),
))]
pub(crate) async fn health(by: Admin) -> Answer {
    let app = by.app();
    let alerts = app.monitor.alerts();
    let firing = alerts.iter().filter(|alert| alert.state == AlertState::Firing).count();
    ok(&HealthView::new(&app.health(), firing))
}
