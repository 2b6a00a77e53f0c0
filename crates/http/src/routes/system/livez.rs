//! `GET /livez`: is the process there?

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;

/// The process is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Liveness)]
struct Liveness {
    /// `ok`.
    status: &'static str,
}

/// Says that the process answers. It looks at nothing else: a process without its database must not
/// be killed for it.
#[utoipa::path(get, path = "/livez", tag = "system", responses(
    (status = 200, description = "It answers.", body = Liveness),
))]
pub(crate) async fn livez(_: Anybody) -> Answer {
    ok(&Liveness { status: "ok" })
}
