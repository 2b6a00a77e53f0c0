//! `GET /api/auth/csrf`: a token against forged requests.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Written, ok_written};
use crate::caller::Anybody;

/// A token against forged requests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CsrfToken)]
struct Token {
    /// What to send as `X-CSRF-Token`.
    csrf_token: String,
}

/// Gives a token for `X-CSRF-Token`: the session's with a session, else a stateless one. It sets no
/// cookie and keeps nothing.
#[utoipa::path(get, path = "/api/auth/csrf", tag = "auth", responses(
    (status = 200, description = "The token.", body = Token),
))]
pub(crate) async fn csrf(by: Anybody) -> Answer {
    let session = by.caller().map(|caller| caller.session.id);
    let token = Token { csrf_token: by.accounts().csrf_token(session) };
    Ok(ok_written(by.app(), Written::new(&token)?))
}
