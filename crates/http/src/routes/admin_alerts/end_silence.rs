//! `DELETE /api/admin/alerts/silences/{id}`: a silence ends before its time.

use galen_core::{Code, SilenceId};

use super::refresh::refresh;
use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;
use crate::fault::Fault;

/// Ends a silence now.
#[utoipa::path(delete, path = "/api/admin/alerts/silences/{id}", tag = "monitor", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The silence.")), responses(
    (status = 204, description = "It has ended."),
))]
pub(crate) async fn end_silence(by: Admin, PathId(id): PathId<SilenceId>) -> Answer {
    let command = by
        .accounts()
        .command(by.cx(), Some(by.caller()), move |store, cx, act| store.end_silence(cx, act, id));
    if !command.await? {
        return Err(Fault::new(Code::NotFound));
    }
    refresh(&by).await;
    Ok(nothing())
}
