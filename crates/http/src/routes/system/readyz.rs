//! `GET /readyz`: would requests that need the database be served?

use galen_core::Refusal;

use super::livez::Health;
use crate::answer::{Answer, ok};
use crate::caller::Anybody;

/// Says whether the database reads and takes writes, as the canary of the last seconds found; this
/// request itself touches no database.
#[utoipa::path(get, path = "/readyz", tag = "system", responses(
    (status = 200, description = "Ready.", body = Health),
))]
pub(crate) async fn readyz(by: Anybody) -> Answer {
    match by.app().ready() {
        Ok(()) => ok(&Health { status: "ok" }),
        Err(code) => Err(Refusal::new(code).retry_after_ms(1_000).into()),
    }
}
