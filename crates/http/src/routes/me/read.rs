//! `GET /api/me`: who am I?

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::routes::me::dto::MeView;

/// Says who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "Who is signed in.", body = MeView),
))]
pub(crate) async fn read(by: SignedIn) -> Answer {
    ok(&MeView::new(by.caller(), by.app().clock.now()))
}
