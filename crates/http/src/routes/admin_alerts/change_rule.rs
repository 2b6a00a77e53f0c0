//! `PUT /api/admin/alerts/rules/{code}`: an admin changes a rule.

use galen_core::Code;

use super::dto::{RuleForm, RuleView};
use super::refresh::refresh;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::{Json, PathId};
use crate::fault::Fault;

/// Changes a rule, for all it watches or for one object, in place of an earlier change. It counts at
/// once. `POST …/preview` says before what it would have done.
#[utoipa::path(put, path = "/api/admin/alerts/rules/{code}", tag = "monitor", security(("session" = [])),
    params(("code" = String, Path, description = "The rule's code.")),
    request_body = RuleForm, responses(
    (status = 200, description = "The rule as it stands now.", body = RuleView),
))]
pub(crate) async fn change_rule(
    by: Admin,
    PathId(code): PathId<String>,
    Json(form): Json<RuleForm>,
) -> Answer {
    let monitor = &by.app().monitor;
    let change = form.read(code.clone())?;
    monitor.check_change(&change)?;
    let command = by
        .accounts()
        .command(by.cx(), Some(by.caller()), |store, cx, act| store.change_rule(cx, act, change));
    command.await?;
    refresh(&by).await;
    let rules = monitor.rules();
    let changed = rules.iter().find(|rule| rule.code == code);
    ok(&RuleView::from(changed.ok_or_else(|| Fault::new(Code::NotFound))?))
}
