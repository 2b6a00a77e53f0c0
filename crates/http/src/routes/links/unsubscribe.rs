//! `POST /unsubscribe/{token}` ends mails of a kind at once (RFC 8058); a GET is a page of the panel.

use axum::extract::Path;

use crate::answer::{Answer, nothing};
use crate::caller::Anybody;

/// Ends mails of a kind to the user the link was mailed to. Programs of mailboxes post to it as it
/// stands in `List-Unsubscribe`, without a session; what they send with it is not looked at. It ends
/// mails and opens nothing.
#[utoipa::path(post, path = "/unsubscribe/{token}", tag = "auth",
    params(("token" = String, Path, description = "What the link ends with.")), responses(
    (status = 204, description = "Such mails end, or had ended before."),
    (status = 403, description = "The link is none of ours, or the account is gone."),
))]
pub(crate) async fn unsubscribe(by: Anybody, Path(token): Path<String>) -> Answer {
    by.accounts().unsubscribe(by.cx(), &token).await?;
    Ok(nothing())
}
