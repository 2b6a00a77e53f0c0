//! `GET /version`: what runs here.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;

/// What runs here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
struct VersionView {
    /// `galen`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// Says what runs here.
#[utoipa::path(get, path = "/version", tag = "system", responses(
    (status = 200, description = "Name and version.", body = VersionView),
))]
pub(crate) async fn version(_: Anybody) -> Answer {
    ok(&VersionView { name: "galen", version: env!("CARGO_PKG_VERSION") })
}
