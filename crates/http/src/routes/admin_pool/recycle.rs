//! `POST /api/admin/pool/recycle`: connections to the database anew, without a restart.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::FreshAdmin;

/// What was opened anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recycled)]
struct RecycledView {
    /// Connections for reading that were closed and opened again.
    readers: u32,
}

/// Closes every connection for reading and opens it anew, one after the other, each when it is free:
/// requests wait for nothing. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/pool/recycle", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "Opened anew.", body = RecycledView),
))]
pub(crate) async fn recycle(by: FreshAdmin) -> Answer {
    let recycle =
        by.accounts().command(by.cx(), Some(by.caller()), |store, cx, act| store.recycle(cx, act));
    let recycled = recycle.await?;
    ok(&RecycledView { readers: recycled.readers })
}
