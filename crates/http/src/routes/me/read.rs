//! `GET /api/me`: who am I?

use crate::answer::{Answer, ok_written};
use crate::caller::SignedIn;
use crate::routes::me::dto::MeView;

/// Says who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "Who is signed in.", body = MeView),
))]
pub(crate) async fn read(by: SignedIn) -> Answer {
    let now = by.app().clock.now();
    let written = by.app().me.get(by.shared_caller(), now)?;
    Ok(ok_written(by.app(), written))
}
