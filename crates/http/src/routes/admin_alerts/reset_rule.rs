//! `DELETE /api/admin/alerts/rules/{code}`: a rule is again as it was made.

use galen_core::Code;

use super::refresh::refresh;
use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::{PathId, Query};
use crate::fault::Fault;
use crate::routes::admin_monitor::dto::OBJECT_CHARS_MAX;

/// Forgets the change of a rule, for all it watches or for one object.
#[utoipa::path(delete, path = "/api/admin/alerts/rules/{code}", tag = "monitor", security(("session" = [])),
    params(
        ("code" = String, Path, description = "The rule's code."),
        ("object" = Option<String>, Query, max_length = 300, description = "The object it was changed for; without it the change for all."),
    ), responses(
    (status = 204, description = "It is as it was made."),
))]
pub(crate) async fn reset_rule(
    by: Admin,
    PathId(code): PathId<String>,
    mut query: Query,
) -> Answer {
    let object = query.line("object", OBJECT_CHARS_MAX).unwrap_or_default();
    query.finish()?;
    let command = by.accounts().command(by.cx(), Some(by.caller()), |store, cx, act| {
        store.reset_rule(cx, act, code, object)
    });
    if !command.await? {
        return Err(Fault::new(Code::NotFound));
    }
    refresh(&by).await;
    Ok(nothing())
}
