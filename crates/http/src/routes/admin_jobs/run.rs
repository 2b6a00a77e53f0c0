//! `POST /api/admin/jobs/{name}/run`: a piece of periodic work at once.

use galen_core::model::AuditCode;
use galen_core::{Code, Note};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::PathId;
use crate::fault::Fault;

/// What a run came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobRun)]
struct RunView {
    /// What it did, if it ended well.
    #[schema(value_type = Option<Object>)]
    did: Option<Value>,
    /// Why it failed, if it did.
    error: Option<String>,
}

/// Runs a piece of periodic work now, after the run that may be going on, and waits for its end. Only
/// what does sooner what it would do anyway is run by hand.
#[utoipa::path(post, path = "/api/admin/jobs/{name}/run", tag = "monitor", security(("session" = [])),
    params(("name" = String, Path, description = "Its name, as the list gives it.")), responses(
    (status = 200, description = "It ran.", body = RunView),
    (status = 409, description = "It is not run by hand."),
))]
pub(crate) async fn run(by: Admin, PathId(name): PathId<String>) -> Answer {
    let jobs = &by.app().jobs;
    let statuses = jobs.statuses();
    let job = statuses.iter().find(|job| job.name == name);
    let job = job.ok_or_else(|| Fault::new(Code::JobNotFound))?;
    if !job.by_hand {
        return Err(Fault::new(Code::JobNotByHand));
    }
    let note = Note {
        code: AuditCode::JobRun,
        target: None,
        params: json!({ "job": job.name }).to_string(),
    };
    by.accounts()
        .command(by.cx(), Some(by.caller()), move |store, cx, act| store.note(cx, act, note))
        .await?;
    let (did, error) = match jobs.run(&job.name).await {
        Ok(did) => (Some(did), None),
        Err(error) => (None, Some(error)),
    };
    ok(&RunView { did, error })
}
