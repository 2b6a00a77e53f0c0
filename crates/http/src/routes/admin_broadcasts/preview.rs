//! `POST /api/admin/broadcasts/preview`: how many users an audience has, before anything is sent.

use galen_account::Publisher;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Json;
use crate::routes::notify::answers::ReachView;
use crate::routes::notify::form::AudienceForm;

/// Counts an audience as it is just now; nothing is sent.
#[utoipa::path(post, path = "/api/admin/broadcasts/preview", tag = "admin",
    security(("session" = [])), request_body = AudienceForm, responses(
    (status = 200, description = "So many.", body = ReachView),
))]
pub(crate) async fn preview(by: Admin, Json(form): Json<AudienceForm>) -> Answer {
    let publisher = Publisher::Admin(by.caller());
    let reach = by.accounts().reach(by.cx(), publisher, form.into()).await?;
    ok(&ReachView::from(reach))
}
