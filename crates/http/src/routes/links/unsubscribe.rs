//! `/unsubscribe/{token}`: a GET shows what would end, a POST ends it at once (RFC 8058).

use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;

use crate::answer::{self, Answer, nothing};
use crate::caller::Anybody;

/// The page, the same for every link: its script reads from the path what would end. Opening it changes
/// nothing, however often programs that look for harm in mails do.
pub(crate) async fn page(_: Anybody) -> Response {
    answer::page(include_str!("../../assets/unsubscribe.html"))
}

/// The page's script.
pub(crate) async fn script(_: Anybody) -> Response {
    let text = include_bytes!("../../assets/unsubscribe.js");
    answer::document("text/javascript; charset=utf-8", Bytes::from_static(text))
}

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
