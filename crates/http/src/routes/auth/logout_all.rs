//! `POST /api/auth/logout-all`: all of the user's sessions end.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok, signed_out};
use crate::caller::SignedIn;

/// Sessions that ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedSessions)]
struct Ended {
    /// How many, the one that asked included.
    ended: u64,
}

/// Ends every session of the user, the one that asks included.
#[utoipa::path(post, path = "/api/auth/logout-all", tag = "auth", security(("session" = [])), responses(
    (status = 200, description = "The sessions have ended.", body = Ended),
))]
pub(crate) async fn logout_all(by: SignedIn) -> Answer {
    let ended = by.accounts().logout_all(by.cx(), by.caller()).await?;
    Ok(signed_out(&by, ok(&Ended { ended })?))
}
