//! `GET /readyz`: would requests that need the database be served?

use galen_core::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;

/// Requests would be served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
struct Readiness {
    /// `true`; what is not ready is answered with 503.
    ready: bool,
}

/// Says whether the database reads and takes writes, as the canary of the last two seconds found; this
/// request itself touches no database. Anybody learns only whether and a code; admins learn the rest
/// from `GET /api/admin/monitor/health`.
#[utoipa::path(get, path = "/readyz", tag = "system", responses(
    (status = 200, description = "Ready.", body = Readiness),
))]
pub(crate) async fn readyz(by: Anybody) -> Answer {
    match by.app().ready() {
        Ok(()) => ok(&Readiness { ready: true }),
        Err(code) => Err(Refusal::new(code).retry_after_ms(1_000).into()),
    }
}
