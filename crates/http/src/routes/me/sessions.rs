//! `GET /api/me/sessions`: where a user is signed in.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::routes::me::dto::SessionView;

/// A user's own sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MySessions)]
struct Sessions<'a> {
    /// The sessions, newest first, 200 at the most.
    items: Vec<SessionView<'a>>,
}

/// Lists where the user is signed in.
#[utoipa::path(get, path = "/api/me/sessions", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "The sessions.", body = Sessions),
))]
pub(crate) async fn sessions(by: SignedIn) -> Answer {
    let sessions = by.accounts().my_sessions(by.cx(), by.caller()).await?;
    let asking = by.caller().session.id;
    let items = sessions.iter().map(|session| SessionView::new(session, asking)).collect();
    ok(&Sessions { items })
}
