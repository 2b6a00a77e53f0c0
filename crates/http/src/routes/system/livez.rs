//! `GET /livez`: is the process there?

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct Health {
    /// `ok`.
    pub(crate) status: &'static str,
}

/// Says that the process answers. It looks at nothing else: a process without its database must not
/// be killed for it.
#[utoipa::path(get, path = "/livez", tag = "system", responses(
    (status = 200, description = "It answers.", body = Health),
))]
pub(crate) async fn livez(_: Anybody) -> Answer {
    ok(&Health { status: "ok" })
}
