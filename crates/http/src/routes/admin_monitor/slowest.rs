//! `GET /api/admin/monitor/slowest`: the slowest requests of the last hour.

use galen_monitor::SlowRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::LedgerView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::time::Time;

/// The slowest requests of the last hour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlowRequestList)]
struct Slowest<'a> {
    /// The requests, the slowest first.
    requests: Vec<SlowView<'a>>,
}

/// One slow request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlowRequest)]
struct SlowView<'a> {
    /// When it ended.
    at: Time,
    /// Its name.
    #[schema(format = "uuid")]
    request_id: &'a str,
    /// The matched pattern; empty when it matched none.
    route: &'a str,
    /// The method.
    method: &'a str,
    /// The status answered; 0 when nothing was.
    status: u16,
    /// Where its time went.
    ledger: LedgerView,
}

impl<'a> From<&'a SlowRequest> for SlowView<'a> {
    fn from(it: &'a SlowRequest) -> Self {
        Self {
            at: it.at.into(),
            request_id: &it.request_id,
            route: &it.route,
            method: &it.method,
            status: it.status,
            ledger: (&it.ledger).into(),
        }
    }
}

/// Lists the slowest requests of the last hour since the start, with their ledgers.
#[utoipa::path(get, path = "/api/admin/monitor/slowest", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The requests.", body = Slowest),
))]
pub(crate) async fn slowest(by: Admin) -> Answer {
    let requests = by.app().monitor.recorder().slowest();
    ok(&Slowest { requests: requests.iter().map(Into::into).collect() })
}
