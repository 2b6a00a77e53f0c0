//! `GET /api/admin/examinations`: what was examined, and what came of it.

use galen_core::ExaminationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::ExaminationView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;

/// A page of examinations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExaminationPage)]
struct Examinations<'a> {
    /// The examinations, newest first.
    items: Vec<ExaminationView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<ExaminationId>,
}

/// Lists examinations, those that wait or run among them, without their reports. As many are kept as
/// `doctor.keep` and `doctor.keep_for` say.
#[utoipa::path(get, path = "/api/admin/examinations", tag = "doctor", security(("session" = [])), params(
    ("target" = Option<String>, Query, description = "Only those of this target."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Examinations),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let target = query.line("target", 100);
    let after: Option<ExaminationId> =
        query.parsed("after", "Expected the `next` of the page before.");
    let limit = query.rows() as usize;
    query.finish()?;
    let mut found = by.app().examiner.all();
    found.retain(|one| target.as_ref().is_none_or(|name| *name == one.target));
    found.retain(|one| after.is_none_or(|after| one.id < after));
    let is_full = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_full).map(|last| last.id);
    ok(&Examinations { items: found.iter().map(Into::into).collect(), next })
}
